import { html, type HtmlValue } from '../../../pages/html.ts'

/** A property's value, short enough for a table. */
export function propertyCell(value: unknown): HtmlValue {
  if (value === null || value === undefined) return html`<span class="soft">–</span>`
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  // Nothing but the web: a `javascript:` URI is one too.
  if (/^https?:\/\/\S+$/i.test(text)) {
    return html`<a href="${text}" rel="noreferrer nofollow">${shortened(text)}</a>`
  }
  return shortened(text)
}

const shortened = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
