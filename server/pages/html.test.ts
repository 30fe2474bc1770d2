import { describe, expect, it } from 'vitest'
import { html } from './html.ts'

describe('html', () => {
  it('escapes what is put into text and attributes', () => {
    const evil = `<script>alert("1" + '&')</script>`
    const escaped = '&#60;script&#62;alert(&#34;1&#34; + &#39;&#38;&#39;)&#60;/script&#62;'
    expect(html`<p title="${evil}">${evil}</p>`.markup).toBe(`<p title="${escaped}">${escaped}</p>`)
  })

  it('does not escape markup twice, nor read it as a template', () => {
    const item = html`<b>${'$& <'}</b>`
    expect(html`<p>${item}</p>`.markup).toBe('<p><b>$&#38; &#60;</b></p>')
  })
})
