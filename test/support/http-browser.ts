/**
 * A browser without a window: cookies by host and port, redirects one by one, forms read from pages.
 * For flows in which only HTTP matters; `browser.ts` is a real one.
 */
export interface HttpBrowser {
  /** Follows redirects while they stay at the places below. @param stopAt where not to go: its URL is the answer's */
  open(url: string, options?: { stopAt?: string }): Promise<Page>
  /** Sends the page's form, with these fields filled in. */
  submit(
    page: Page,
    fields: Record<string, string>,
    options?: { form?: string; stopAt?: string },
  ): Promise<Page>
  cookies: Map<string, Map<string, string>>
}

export interface Page {
  /** Where it is; of a redirect that was not followed, where it leads. */
  url: string
  status: number
  text: string
  headers: Headers
}

const MAXIMUM_REDIRECTS = 20

export function createHttpBrowser(): HttpBrowser {
  const cookies: HttpBrowser['cookies'] = new Map()

  async function send(url: URL, init: RequestInit): Promise<Response> {
    const jar = cookies.get(url.host) ?? new Map<string, string>()
    cookies.set(url.host, jar)
    const headers = new Headers(init.headers)
    headers.set('accept', 'text/html')
    if (jar.size > 0) headers.set('cookie', [...jar].map((pair) => pair.join('=')).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      const ended = /max-age=0|expires=thu, 01 jan 1970/i.test(line)
      if (ended) jar.delete(name!)
      else jar.set(name!, value!)
    }
    return response
  }

  async function walk(start: string, init: RequestInit, stopAt?: string): Promise<Page> {
    let url = new URL(start)
    let response = await send(url, init)
    for (let count = 0; count < MAXIMUM_REDIRECTS; count++) {
      const text = await response.text()
      const location = response.headers.get('location') ?? refreshOf(text)
      if (location === null) {
        return { url: url.href, status: response.status, text, headers: response.headers }
      }
      url = new URL(location, url)
      if (stopAt !== undefined && url.href.startsWith(stopAt)) {
        return { url: url.href, status: response.status, text: '', headers: response.headers }
      }
      response = await send(url, {})
    }
    throw new Error(`redirected for ever, at last to ${url.href}`)
  }

  return {
    cookies,
    open: (url, { stopAt } = {}) => walk(url, {}, stopAt),

    submit(page, fields, { form, stopAt } = {}) {
      const { action, values } = formOf(page, form)
      for (const [name, value] of Object.entries(fields)) values.set(name, value)
      const headers = { origin: new URL(page.url).origin }
      const init = { method: 'POST', headers, body: new URLSearchParams([...values]) }
      return walk(new URL(action, page.url).href, init, stopAt)
    },
  }
}

function formOf({ text, url }: Page, id: string | undefined) {
  const found = [...text.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)].find(
    ([, attributes]) => id === undefined || attributes!.includes(`id="${id}"`),
  )
  if (!found) throw new Error(`${url} has no form ${id ?? ''}:\n${text}`)
  const values = new Map<string, string>()
  for (const [tag] of found[2]!.matchAll(/<input[^>]*>/g)) {
    const name = attributeOf(tag, 'name')
    if (name !== null && attributeOf(tag, 'type') === 'hidden') {
      values.set(name, attributeOf(tag, 'value') ?? '')
    }
  }
  return { action: attributeOf(`<form${found[1]}>`, 'action') ?? url, values }
}

function attributeOf(tag: string, name: string): string | null {
  const value = new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1]
  return value === undefined ? null : unescape(value)
}

/** A page that goes on by itself. */
function refreshOf(text: string): string | null {
  const found = /<meta http-equiv="refresh" content="0; url=([^"]*)"/.exec(text)?.[1]
  return found === undefined ? null : unescape(found)
}

const unescape = (text: string) =>
  text
    .replaceAll('&amp;', '&')
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
