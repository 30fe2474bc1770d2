import { createHash, randomBytes } from 'node:crypto'
import { mapgate, type RunningServer } from '../support/server.ts'

/**
 * People, as an HTTP client that keeps cookies and fills in forms: what a person with an old browser
 * and no script does. Tests of a look or a script take a real one (`test/support/browser.ts`).
 */

type Server = Pick<RunningServer, 'url' | 'environment'>

export const PASSWORD = 'a long walk along the lake'

/** Where a walk through redirects and pages has come to. */
export interface Place {
  /** Of a page: its own; of a redirect elsewhere: where it leads, which was not fetched. */
  url: URL
  status: number
  headers: Headers
  /** Empty, where it leads elsewhere. */
  text: string
}

/** One browser, with cookies of one server. */
export interface Person {
  cookies: Map<string, string>
  /** One request, no redirect followed. */
  request(url: string | URL, init?: RequestInit): Promise<Response>
  /** Follows redirects as far as they stay at the server. */
  open(url: string | URL, init?: RequestInit): Promise<Place>
  /** Sends a form of the page, its hidden fields with it. */
  submit(page: Place, formId: string, fields?: Record<string, string>): Promise<Place>
}

export function newPerson({ url: origin }: Pick<RunningServer, 'url'>): Person {
  const cookies = new Map<string, string>()

  async function request(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('accept', 'text/html')
    if (cookies.size > 0) {
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    }
    const response = await fetch(new URL(url, origin), { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /;\s*max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  async function open(start: string | URL, init: RequestInit = {}): Promise<Place> {
    let url = new URL(start, origin)
    let response = await request(url, init)
    for (let hops = 0; hops < 10; hops++) {
      const { status, headers } = response
      const text = await response.text()
      const location = headers.get('location')
      if (location === null) return { url, status, headers, text }
      url = new URL(location, url)
      if (url.origin !== origin) return { url, status, headers, text: '' }
      response = await request(url)
    }
    throw new Error(`too many redirects, the last to ${url.href}`)
  }

  return {
    cookies,
    request,
    open,
    submit(page, formId, fields = {}) {
      const { action, hidden } = formOf(page, formId)
      const body = new URLSearchParams({ ...hidden, ...fields })
      return open(new URL(action, page.url), { method: 'POST', headers: { origin }, body })
    },
  }
}

/** Makes an account by an invitation, in a browser that is thrown away. */
export async function createAccount(
  server: Server,
  email: string,
  { customer = 'demo', role = 'viewer' }: { customer?: string; role?: string } = {},
): Promise<void> {
  const { invitationUrl } = await mapgate<{ invitationUrl: string }>(
    server,
    ...['accounts', 'invite', email, '--customer', customer, '--role', role],
  )
  const person = newPerson(server)
  const page = await person.open(invitationUrl)
  const name = email.split('@')[0]!
  const done = await person.submit(page, 'invitation-form', { name, password: PASSWORD })
  if (done.status !== 200) throw new Error(`${done.status} ${done.text}`)
}

/** A person who is signed in, in a browser of their own. */
export async function signIn(
  server: Server,
  email: string,
  password: string = PASSWORD,
): Promise<Person> {
  const person = newPerson(server)
  const page = await person.open('/sign-in')
  const done = await fillSignIn(person, page, email, password)
  if (!person.cookies.has('mapgate-session')) throw new Error(`${done.status} ${done.text}`)
  return person
}

/** On the sign-in page. */
export function fillSignIn(
  person: Person,
  page: Place,
  email: string,
  password: string = PASSWORD,
): Promise<Place> {
  return person.submit(page, 'sign-in-form', { email, password })
}

/** On the consent page. */
export function consent(
  person: Person,
  page: Place,
  decision: 'allow' | 'deny' = 'allow',
): Promise<Place> {
  return person.submit(page, 'consent-form', { decision })
}

/** The client's part before and after the browser's: PKCE by S256. */
export interface Pkce {
  verifier: string
  parameters: { code_challenge: string; code_challenge_method: 'S256' }
}

export function newPkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url')
  const code_challenge = createHash('sha256').update(verifier).digest('base64url')
  return { verifier, parameters: { code_challenge, code_challenge_method: 'S256' } }
}

export function authorizationUrl(
  { url }: Pick<RunningServer, 'url'>,
  parameters: Record<string, string> | [string, string][],
): string {
  return `${url}/oauth2/authorize?${new URLSearchParams(parameters).toString()}`
}

/**
 * A signed-in person opens the URL and allows what it asks for.
 * @returns the parameters that the client's redirect URI gets
 */
export async function authorize(person: Person, url: string): Promise<URLSearchParams> {
  const place = await person.open(url)
  const end = place.text === '' ? place : await consent(person, place)
  if (end.text !== '') throw new Error(`${end.url.href} ${end.status} ${end.text}`)
  return end.url.searchParams
}

function formOf({ text, url }: Place, id: string) {
  for (const [, head, content] of text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)) {
    if (attributeOf(head!, 'id') !== id) continue
    const inputs = [...content!.matchAll(/<input\b([^>]*?)\/?>/g)].map(([, input]) => input!)
    const hidden = inputs
      .filter((input) => attributeOf(input, 'type') === 'hidden')
      .map((input) => [attributeOf(input, 'name')!, attributeOf(input, 'value') ?? ''])
    return {
      action: attributeOf(head!, 'action') ?? url.href,
      hidden: Object.fromEntries(hidden) as Record<string, string>,
    }
  }
  throw new Error(`${url.href} has no form ${id}:\n${text}`)
}

/** Pages write characters that mean something to HTML by their number. */
function attributeOf(tag: string, name: string): string | null {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(tag)?.[1]
  return (
    value?.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))) ?? null
  )
}
