/** A browser without script: keeps cookies, follows redirects, fills in forms. */
export interface ScriptlessBrowser {
  /** Goes to a page; ends at an answer that is no redirect, or before it leaves the server. */
  open(url: string): Promise<VisitedPage>
  /** Fills in and sends the form of that id. @param fields what a person types and presses */
  submit(page: VisitedPage, formId: string, fields: Record<string, string>): Promise<VisitedPage>
}

export interface VisitedPage {
  /** Where it ended: a page of the server, or the address elsewhere that it was sent to. */
  url: URL
  status: number
  body: string
}

/** @param origin of the server: addresses elsewhere are not called */
export function createScriptlessBrowser(origin: string): ScriptlessBrowser {
  const cookies = new Map<string, string>()

  function keepCookies(answer: Response): void {
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!
      if (value === '' || /;\s*max-age=0/i.test(cookie)) cookies.delete(name!)
      else cookies.set(name!, value!)
    }
  }

  async function go(start: URL, init: RequestInit): Promise<VisitedPage> {
    let url = start
    let request = init
    for (let hops = 0; hops < 20; hops++) {
      if (url.origin !== origin) return { url, status: 0, body: '' }
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await fetch(url, {
        ...request,
        redirect: 'manual',
        headers: { ...(request.headers as Record<string, string>), ...(cookie && { cookie }) },
      })
      keepCookies(answer)
      const location = answer.headers.get('location')
      if (location === null || answer.status < 300 || answer.status > 399) {
        return { url, status: answer.status, body: await answer.text() }
      }
      await answer.body?.cancel()
      url = new URL(location, url)
      request = {}
    }
    throw new Error(`too many redirects, the last to ${url.href}`)
  }

  return {
    open: (url) => go(new URL(url, origin), {}),
    async submit(page, formId, fields) {
      const { action, hidden } = findForm(page, formId)
      return go(new URL(action, page.url), {
        method: 'POST',
        headers: { origin },
        body: new URLSearchParams({ ...hidden, ...fields }),
      })
    },
  }
}

function findForm({ body, url }: VisitedPage, formId: string) {
  const forms = body.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)
  for (const [, head, content] of forms) {
    if (attribute(head!, 'id') !== formId) continue
    const inputs = [...content!.matchAll(/<input\b([^>]*?)\/?>/g)].map(([, text]) => text!)
    const hidden = inputs
      .filter((input) => attribute(input, 'type') === 'hidden')
      .map((input) => [attribute(input, 'name')!, attribute(input, 'value') ?? ''])
    return {
      action: attribute(head!, 'action') ?? url.href,
      hidden: Object.fromEntries(hidden) as Record<string, string>,
    }
  }
  throw new Error(`${url.href} has no form ${formId}:\n${body}`)
}

function attribute(text: string, name: string): string | null {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(text)?.[1]
  // What pages escape, they escape by number.
  return (
    value?.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))) ?? null
  )
}
