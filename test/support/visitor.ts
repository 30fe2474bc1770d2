/** A browser without a screen: keeps cookies, follows no redirect, sends forms as pages have them. */
export interface HttpVisitor {
  cookies: Map<string, string>
  get(path: string, headers?: Record<string, string>): Promise<PageAnswer>
  /** Sends a form with the token of a page: `token` of the page before, unless the fields have one. */
  post(
    path: string,
    fields: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<PageAnswer>
  /** The `form_token` of a page's first form. */
  tokenOf(path: string): Promise<string>
}

export interface PageAnswer {
  status: number
  headers: Headers
  body: string
  /** Where it redirects to, with the server's own address left out. */
  location: string
  /** `Set-Cookie` headers. */
  cookies: string[]
}

export function createVisitor(url: string): HttpVisitor {
  const cookies = new Map<string, string>()

  async function send(
    path: string,
    init: { method?: string; headers: Record<string, string>; body?: URLSearchParams },
  ): Promise<PageAnswer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const { headers, ...rest } = init
    const response = await fetch(path.startsWith('/') ? url + path : path, {
      redirect: 'manual',
      ...rest,
      headers: { accept: 'text/html', ...(cookie && { cookie }), ...headers },
    })
    const set = response.headers.getSetCookie()
    for (const line of set) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return {
      status: response.status,
      headers: response.headers,
      body: await response.text(),
      location: (response.headers.get('location') ?? '').replace(url, ''),
      cookies: set,
    }
  }

  const visitor: HttpVisitor = {
    cookies,
    get: (path, headers = {}) => send(path, { headers }),
    async post(path, fields, headers = {}) {
      const token = fields['form_token'] ?? (await visitor.tokenOf('/sign-up'))
      return send(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams({ ...fields, form_token: token }),
      })
    },
    async tokenOf(path) {
      const { body } = await visitor.get(path)
      return /name="form_token" value="([^"]+)"/.exec(body)?.[1] ?? ''
    },
  }
  return visitor
}
