import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttpBrowser, type HttpBrowser, type Page } from '../support/http-browser.ts'
import { readMail } from '../support/outbox.ts'
import { mapgate, type RunningServer, type Sample, startSampleServer } from '../support/server.ts'
import { withConfig } from './config-file.ts'

/** The roles at a customer, and what pages say to whom; all through HTTP, without a script. */

let server: RunningServer & { sample: Sample }
/** The demo account. */
let owner: HttpBrowser
let admin: HttpBrowser
let developer: HttpBrowser
let viewer: HttpBrowser
/** Has an account, and a customer of its own. */
let stranger: HttpBrowser
const nobody = () => createHttpBrowser()

const PASSWORD = 'quiet words for a test'
const HTML = { accept: 'text/html' }
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

async function signIn(at: RunningServer & { sample: Sample }): Promise<HttpBrowser> {
  const browser = createHttpBrowser()
  const page = await browser.open(`${at.url}/sign-in`)
  const { account_email: email, account_password: password } = at.sample
  const after = await browser.submit(page, { email, password }, { form: 'sign-in-form' })
  expect(after.url).toBe(`${at.url}/account`)
  return browser
}

async function invite(email: string, role: string): Promise<HttpBrowser> {
  const members = await owner.open(`${server.url}/account/members?customer=demo`)
  await owner.submit(members, { email, role }, { form: 'invite-form' })
  const { link } = await readMail(server, email)
  const browser = createHttpBrowser()
  const page = await browser.open(link)
  const fields = { name: `The ${role}`, password: PASSWORD }
  await browser.submit(page, fields, { form: 'invitation-form' })
  return browser
}

beforeAll(async () => {
  server = await startSampleServer()
  owner = await signIn(server)
  admin = await invite('admin@example.com', 'admin')
  developer = await invite('developer@example.com', 'developer')
  viewer = await invite('viewer@example.com', 'viewer')
  stranger = createHttpBrowser()
  const page = await stranger.open(`${server.url}/sign-up`)
  const email = 'stranger@example.com'
  const fields = { name: 'Stranger', email, password: PASSWORD }
  await stranger.submit(page, fields, { form: 'sign-up-form' })
  const confirm = await stranger.open((await readMail(server, email)).link)
  await stranger.submit(confirm, {}, { form: 'confirm-form' })
  const again = await stranger.open(`${server.url}/sign-in`)
  await stranger.submit(again, { email, password: PASSWORD }, { form: 'sign-in-form' })
})
afterAll(() => server[Symbol.asyncDispose]())

const cookieOf = (browser: HttpBrowser) =>
  [...(browser.cookies.get(new URL(server.url).host) ?? [])]
    .map((pair) => pair.join('='))
    .join('; ')

/** Sends a form as a browser would that has no page of ours before it. */
function post(
  browser: HttpBrowser,
  path: string,
  fields: Record<string, string> | FormData,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(server.url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...HTML, cookie: cookieOf(browser), ...headers },
    body: fields instanceof FormData ? fields : new URLSearchParams(fields),
  })
}

async function formToken(browser: HttpBrowser): Promise<string> {
  const { text } = await browser.open(`${server.url}/account`)
  return /name="form_token" value="([^"]+)"/.exec(text)![1]!
}

/** As `post`, with the token that a page of ours gave. */
async function send(
  browser: HttpBrowser,
  path: string,
  fields: Record<string, string> = {},
): Promise<Response> {
  return post(browser, path, { form_token: await formToken(browser), ...fields })
}

const elementText = ({ text }: Page, id: string) =>
  new RegExp(`id="${id}"[^>]*>([^<]*)<`).exec(text)?.[1]?.replaceAll('&#38;', '&') ?? null

const newApplication = {
  name: 'Snow ploughs',
  redirect_uris: 'https://ploughs.example/callback',
  scope_read: 'on',
  type: 'confidential',
}

async function register(browser: HttpBrowser, changes: Record<string, string> = {}) {
  const page = await browser.open(`${server.url}/applications/new`)
  return browser.submit(page, { ...newApplication, ...changes }, { form: 'register-form' })
}

const applicationsOf = async (browser: HttpBrowser) =>
  (await browser.open(`${server.url}/applications`)).text.match(/href="\/applications\/\d+"/g) ?? []

const demoPath = () => `/applications/${server.sample.client_id}`

describe('whoever is not signed in', () => {
  it.each([
    '/account',
    '/account/security',
    '/account/sessions',
    '/account/consents',
    '/account/members?customer=demo',
    '/account/delete',
    '/applications',
    '/applications/new',
    '/applications/1',
    '/applications/1/delete',
  ])('is sent to the sign-in page from %s, to come back', async (path) => {
    const answer = await fetch(server.url + path, { headers: HTML, redirect: 'manual' })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe(`/sign-in?continue=${encodeURIComponent(path)}`)
  })

  it('registers nothing', async () => {
    const before = await applicationsOf(owner)
    const answer = await post(nobody(), '/applications/new', newApplication)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toMatch(/^\/sign-in\?/)
    expect(await applicationsOf(owner)).toEqual(before)
  })
})

describe('a form', () => {
  /** All of them; with what would be changed if it were taken. */
  const forms = [
    ['/account', { name: 'Mallory' }],
    ['/account/email', { email: 'mallory@example.com' }],
    ['/account/email/confirm', { token: 'mgl_x' }],
    ['/account/security/password', { current_password: PASSWORD, new_password: 'x'.repeat(20) }],
    ['/account/security/totp', {}],
    ['/account/security/totp/confirm', { code: '000000' }],
    ['/account/security/totp/remove', {}],
    ['/account/security/recovery-codes', {}],
    ['/account/security/passkeys', { challenge: 'x', response: '{}' }],
    ['/account/security/passkeys/options', {}],
    ['/account/security/passkeys/rename', { passkey: 'x', name: 'y' }],
    ['/account/security/passkeys/remove', { passkey: 'x' }],
    ['/account/sessions/end', { session: 'x' }],
    ['/account/sessions/end-others', {}],
    ['/account/consents/withdraw', { consent: 'x' }],
    ['/account/members/invite', { customer: 'demo', email: 'm@example.com', role: 'owner' }],
    ['/account/members/withdraw-invitation', { customer: 'demo', invitation: 'x' }],
    ['/account/members/role', { customer: 'demo', account: 'x', new_role: 'owner' }],
    ['/account/members/remove', { customer: 'demo', account: 'x' }],
    ['/account/delete', { current_password: PASSWORD }],
    ['/applications/new', newApplication],
    ['/applications/ID', { name: 'Mallory' }],
    ['/applications/ID/client-token', {}],
    ['/applications/ID/client-token/limits', { web_origins: 'https://mallory.example' }],
    ['/applications/ID/secrets', { secret_description: 'Mallory' }],
    ['/applications/ID/secrets/roll', { roll_description: 'Mallory', overlap: '0' }],
    ['/applications/ID/secrets/delete', { secret: 'x' }],
    ['/applications/ID/logo', {}],
    ['/applications/ID/logo/remove', {}],
    ['/applications/ID/delete', {}],
  ] as const

  it.each(forms)(
    'of another site, another browser or another session is refused: %s',
    async (template, fields) => {
      const path = template.replace('ID', server.sample.client_id)
      const token = await formToken(owner)
      const shows = await owner.open(server.url + demoPath())
      const answers = await Promise.all([
        post(owner, path, fields),
        post(owner, path, { ...fields, form_token: `${token}x` }),
        post(owner, path, { ...fields, form_token: await formToken(admin) }),
        post(owner, path, { ...fields, form_token: token }, { origin: 'https://mallory.example' }),
        post(owner, path, { ...fields, form_token: token }, { 'sec-fetch-site': 'cross-site' }),
      ])
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403])
      const after = await owner.open(server.url + demoPath())
      expect(elementText(after, 'client-token')).toBe(elementText(shows, 'client-token'))
      expect(after.text.match(/delete-secret-/g)).toEqual(shows.text.match(/delete-secret-/g))
    },
  )
})

describe('pages', () => {
  it('are kept by no cache, framed by nobody, and run no script but our own files', async () => {
    const { headers } = await owner.open(`${server.url}/applications`)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-frame-options')).toBe('DENY')
    const policy = headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe-inline')
    expect(policy).toMatch(/script-src 'self'(;|$)/)
  })
})

describe('a viewer', () => {
  it('sees applications, but neither tokens nor secrets nor forms', async () => {
    const { client_id: id, client_token: token } = server.sample
    const list = await viewer.open(`${server.url}/applications`)
    const page = await viewer.open(server.url + demoPath())
    for (const { status, text } of [list, page]) {
      expect(status).toBe(200)
      expect(text).toContain(id)
      expect(text).not.toContain(token.split('|')[2])
      expect(text).not.toContain('register-application')
      expect(text).not.toContain(`action="${demoPath()}`)
    }
  })

  it.each([
    ['/applications/ID', { name: 'Mine' }],
    ['/applications/ID/client-token', {}],
    ['/applications/ID/client-token/limits', {}],
    ['/applications/ID/secrets', { secret_description: 'mine' }],
    ['/applications/ID/secrets/roll', { roll_description: 'mine' }],
    ['/applications/ID/secrets/delete', { secret: 'x' }],
    ['/applications/ID/logo', {}],
    ['/applications/ID/logo/remove', {}],
    ['/applications/ID/delete', {}],
    ['/applications/new', newApplication],
  ])('changes nothing at %s', async (template, fields) => {
    const before = await owner.open(server.url + demoPath())
    const answer = await send(viewer, template.replace('ID', server.sample.client_id), fields)
    expect(answer.status).toBe(403)
    const after = await owner.open(server.url + demoPath())
    for (const id of ['client-token', 'client-id']) {
      expect(elementText(after, id)).toBe(elementText(before, id))
    }
    expect(after.text.match(/delete-secret-/g)).toEqual(before.text.match(/delete-secret-/g))
  })
})

describe('a stranger', () => {
  it('is told that there is no such application', async () => {
    const paths = [demoPath(), `${demoPath()}/delete`, '/applications/1']
    for (const path of paths) {
      expect((await stranger.open(server.url + path)).status).toBe(404)
    }
    expect(
      (await send(stranger, `${demoPath()}/secrets`, { secret_description: 'x' })).status,
    ).toBe(404)
    expect((await send(stranger, `${demoPath()}/delete`)).status).toBe(404)
    expect((await stranger.open(`${server.url}/applications`)).text).not.toContain('demo')
  })

  it('gets a customer of their own with the first application', async () => {
    const page = await register(stranger)
    expect(page.status).toBe(200)
    expect(elementText(page, 'client-secret')).toMatch(/^mgs_/)
    const profile = await stranger.open(`${server.url}/account`)
    expect(profile.text).toContain('Owner')
    const id = elementText(page, 'client-id')!
    expect((await owner.open(`${server.url}/applications/${id}`)).status).toBe(404)
  })
})

describe('a developer', () => {
  it('registers and manages applications', async () => {
    const page = await register(developer, { name: 'Of the developer' })
    const id = elementText(page, 'client-id')!
    expect(elementText(page, 'client-token')).toMatch(new RegExp(`^MG\\|${id}\\|[0-9a-f]{32}$`))
    const secret = elementText(page, 'client-secret')!
    const token = await fetch(`${server.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: id,
        client_secret: secret,
      }),
    })
    expect(token.status).toBe(200)
    // Shown this once.
    const shown = await developer.open(`${server.url}/applications/${id}`)
    expect(shown.text).not.toContain(secret)
    expect((await send(developer, `/applications/${id}/delete`)).status).toBe(303)
    expect((await owner.open(`${server.url}/applications/${id}`)).status).toBe(404)
  })

  it('manages no members', async () => {
    const members = `${server.url}/account/members?customer=demo`
    const page = await developer.open(members)
    expect(page.status).toBe(403)
    expect(page.text).not.toContain('viewer@example.com')
    const fields = { customer: 'demo', email: 'friend@example.com', role: 'viewer' }
    expect((await send(developer, '/account/members/invite', fields)).status).toBe(403)
    expect((await owner.open(members)).text).not.toContain('friend@example.com')
  })
})

describe('an administrator', () => {
  it('withdraws no invitation of an owner', async () => {
    const fields = { customer: 'demo', email: 'second@example.com', role: 'owner' }
    expect((await send(owner, '/account/members/invite', fields)).status).toBe(303)
    const { text } = await owner.open(`${server.url}/account/members?customer=demo`)
    const invitation = /id="invitation-([^"]+)"/.exec(text)![1]!
    const path = '/account/members/withdraw-invitation'
    const withdrawal = { customer: 'demo', invitation }
    expect((await send(admin, path, withdrawal)).status).toBe(403)
    const shown = await admin.open(`${server.url}/account/members?customer=demo`)
    expect(shown.text).toContain('second@example.com')
    expect(shown.text).not.toContain(`withdraw-${invitation}`)
    expect((await send(owner, path, withdrawal)).status).toBe(303)
  })

  const accountOf = async (email: string) => {
    const { text } = await owner.open(`${server.url}/account/members?customer=demo`)
    const row = text.split('<tr>').find((one) => one.includes(email))!
    return /id="role-(\d+)"/.exec(row)![1]!
  }

  it('makes nobody an owner, and takes nothing from one', async () => {
    const account = await accountOf('demo@example.com')
    const invited = { customer: 'demo', email: 'friend@example.com', role: 'owner' }
    expect((await send(admin, '/account/members/invite', invited)).status).toBe(400)
    const role = { customer: 'demo', account, new_role: 'viewer' }
    expect((await send(admin, '/account/members/role', role)).status).toBe(403)
    expect((await send(admin, '/account/members/remove', role)).status).toBe(403)
    const own = { customer: 'demo', account: await accountOf('admin@example.com') }
    const promotion = { ...own, new_role: 'owner' }
    expect((await send(admin, '/account/members/role', promotion)).status).toBe(403)
    expect((await owner.open(`${server.url}/account/members?customer=demo`)).status).toBe(200)
  })

  it('changes the roles of others', async () => {
    const account = await accountOf('viewer@example.com')
    const changed = { customer: 'demo', account, new_role: 'developer' }
    expect((await send(admin, '/account/members/role', changed)).status).toBe(303)
    expect((await viewer.open(`${server.url}/applications`)).text).toContain('register-application')
    await send(admin, '/account/members/role', { ...changed, new_role: 'viewer' })
  })

  it('manages no other customer', async () => {
    const fields = { customer: 'other', email: 'friend@example.com', role: 'viewer' }
    expect((await send(admin, '/account/members/invite', fields)).status).toBe(403)
  })

  it('does not let the last owner go', async () => {
    const account = await accountOf('demo@example.com')
    const fields = { customer: 'demo', account, new_role: 'viewer' }
    expect((await send(owner, '/account/members/role', fields)).status).toBe(409)
    expect((await send(owner, '/account/members/remove', fields)).status).toBe(409)
    const { account_password: password } = server.sample
    const answer = await send(owner, '/account/delete', { current_password: password })
    expect(answer.status).toBe(409)
  })
})

describe('registering', () => {
  it.each([
    ['a script', { redirect_uris: 'javascript:alert(1)' }, 'redirect_uris'],
    ['a script in other letters', { redirect_uris: 'JaVaScRiPt:alert(1)' }, 'redirect_uris'],
    ['data', { redirect_uris: 'data:text/html,x' }, 'redirect_uris'],
    ['a fragment', { redirect_uris: 'https://a.example/#x' }, 'redirect_uris'],
    ['a user', { redirect_uris: 'https://a@b.example/' }, 'redirect_uris'],
    ['plain http', { redirect_uris: 'http://a.example/' }, 'redirect_uris'],
    ['one that is no URL', { redirect_uris: 'https://good.example/\ncallback' }, 'redirect_uris'],
    [
      'too many',
      { redirect_uris: Array.from({ length: 21 }, (_, n) => `https://a.example/${n}`).join('\n') },
      'redirect_uris',
    ],
    ['an app’s scheme for a server', { redirect_uris: 'com.example.app:/x' }, 'redirect_uris'],
    ['no name', { name: ' ' }, 'name'],
    ['a name of two lines', { name: 'Good\r\nSet-Cookie: x=y' }, 'name'],
    ['a name that turns text around', { name: 'good\u202Egnihtyna' }, 'name'],
    ['a name too long', { name: 'x'.repeat(201) }, 'name'],
    ['a website that is a script', { website: 'javascript:alert(1)' }, 'website'],
    ['a type that there is not', { type: 'secret' }, 'type'],
  ])('refuses %s, beside the field, and changes nothing', async (_name, changes, field) => {
    const before = await applicationsOf(owner)
    const page = await register(owner, changes)
    expect(page.status).toBe(400)
    expect(page.text).toContain(`href="#${field}"`)
    expect(await applicationsOf(owner)).toEqual(before)
  })

  it('twice with one form registers once', async () => {
    const page = await owner.open(`${server.url}/applications/new`)
    const before = await applicationsOf(owner)
    const press = () => owner.submit(page, newApplication, { form: 'register-form' })
    const pages = await Promise.all([press(), press()])
    const ids = pages.map((one) => elementText(one, 'client-id')).filter((id) => id !== null)
    expect(ids).toHaveLength(1)
    expect(pages.some(({ text }) => text.includes('registered already'))).toBe(true)
    expect(await applicationsOf(owner)).toHaveLength(before.length + 1)
    await send(owner, `/applications/${ids[0]}/delete`)
  })

  it('gives no way to lead strangers to the application (RFC 9700 §4.11.2)', async () => {
    const id = elementText(await register(developer), 'client-id')!
    const query = new URLSearchParams({
      client_id: id,
      redirect_uri: newApplication.redirect_uris,
      response_type: 'token',
    })
    const url = `${server.url}/oauth2/authorize?${query.toString()}`
    const page = await nobody().open(url)
    expect([page.status, page.url]).toEqual([400, url])
    expect(page.text).toContain('at ploughs.example')
    const { url: end } = await developer.open(url, { stopAt: newApplication.redirect_uris })
    expect(new URL(end).searchParams.get('error')).toBe('unsupported_response_type')
    await send(developer, `/applications/${id}/delete`)
  })

  it('a public application gives no secret, and takes an app’s scheme', async () => {
    const page = await register(owner, {
      type: 'public',
      redirect_uris: 'com.example.app:/callback\nhttp://127.0.0.1/callback',
    })
    expect(page.status).toBe(200)
    expect(elementText(page, 'client-secret')).toBeNull()
    expect(page.text).toContain('code_challenge=')
    await send(owner, `/applications/${elementText(page, 'client-id')}/delete`)
  })

  it('grants no power over clients, whatever is sent', async () => {
    const page = await register(owner, { scope_manage: 'on', scope_operate: 'on' })
    const id = elementText(page, 'client-id')!
    const shown = await owner.open(`${server.url}/applications/${id}`)
    expect(shown.text).not.toMatch(/manage|operate/i)
    await send(owner, `/applications/${id}/delete`)
  })
})

describe('a logo', () => {
  const logoUrl = () => `${server.url}/assets/clients/${server.sample.client_id}/logo`

  async function upload(body: Buffer, fileName = 'logo.png'): Promise<Response> {
    const form = new FormData()
    form.set('form_token', await formToken(owner))
    form.set('logo', new Blob([new Uint8Array(body)]), fileName)
    return post(owner, `${demoPath()}/logo`, form)
  }

  it('is shown as what it is, to our pages alone', async () => {
    expect((await upload(PNG, '../../x.html')).status).toBe(303)
    const answer = await fetch(logoUrl())
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('image/png')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(PNG)
    expect((await send(owner, `${demoPath()}/logo/remove`)).status).toBe(303)
    expect((await fetch(logoUrl())).status).toBe(404)
  })

  it.each([
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')],
    ['HTML called a picture', Buffer.from('<!doctype html><script>alert(1)</script>')],
    ['more than 100 kB', Buffer.concat([PNG, Buffer.alloc(100_000)])],
  ])('may not be %s', async (_name, body) => {
    expect((await upload(body)).status).toBe(400)
    expect((await fetch(logoUrl())).status).toBe(404)
  })

  it('of megabytes does not reach the server’s memory whole', async () => {
    const answer = await upload(Buffer.alloc(8_000_000)).catch(() => null)
    expect(answer?.status ?? 413).toBeGreaterThanOrEqual(400)
    expect((await fetch(`${server.url}/ready`)).status).toBe(200)
  })
})

describe('a client token', () => {
  it('is limited to origins that are origins', async () => {
    const path = `${demoPath()}/client-token/limits`
    const wrong = await send(owner, path, { web_origins: 'https://a.example/path' })
    expect(wrong.status).toBe(400)
    const good = {
      token_scope_read: 'on',
      web_origins: 'https://A.example\nhttps://b.example:8443',
    }
    expect((await send(owner, path, good)).status).toBe(303)
    const { text } = await owner.open(server.url + demoPath())
    expect(text).toContain('https://a.example\nhttps://b.example:8443</textarea>')
    await send(owner, path, { token_scope_read: 'on' })
  })

  it('is offered no more than it can do, whatever the application may', async () => {
    const page = await register(owner, { scope_write: 'on' })
    const id = elementText(page, 'client-id')!
    const { scopes } = await mapgate<{ scopes: string[] }>(server, 'clients', 'show', id)
    expect(scopes).toEqual(['read', 'write'])
    const { text } = await owner.open(`${server.url}/applications/${id}`)
    expect(text.match(/name="token_scope_\w+"/g)).toEqual(['name="token_scope_read"'])
    await send(owner, `/applications/${id}/delete`)
  })
})

describe('the policy', () => {
  it('lets what it does not grant wait for an operator', async () => {
    const environment = withConfig({ selfService: { scopes: ['read'], maximumPerCustomer: 2 } })
    await using strict = await startSampleServer({ environment })
    const person = await signIn(strict)
    const page = await person.open(`${strict.url}/applications/new`)
    const fields = { ...newApplication, scope_write: 'on' }
    const registered = await person.submit(page, fields, { form: 'register-form' })
    expect(registered.status).toBe(200)
    expect(registered.text).toContain('An operator has to agree to write.')
    const shown = await person.open(
      `${strict.url}/applications/${elementText(registered, 'client-id')}`,
    )
    expect(shown.text).toContain('Waits for an operator: write')

    const clientId = elementText(registered, 'client-id')
    const { requests } = await mapgate<{ requests: { id: string }[] }>(strict, 'requests', 'list')
    expect(requests).toMatchObject([
      { purpose: 'permissions', clientId, permissions: ['write'], status: 'requested' },
    ])
    const approved = await mapgate(strict, 'requests', 'approve', requests[0]!.id)
    expect(approved).toMatchObject({
      request: { status: 'approved' },
      client: { id: clientId, scopes: ['read', 'write'] },
    })
    const after = await person.open(`${strict.url}/applications/${clientId}`)
    expect(after.text).not.toContain('Waits for an operator')

    const another = await person.open(`${strict.url}/applications/new`)
    const refused = await person.submit(another, fields, { form: 'register-form' })
    expect(refused.status).toBe(409)
  })

  it('may let nobody register', async () => {
    const environment = withConfig({ selfService: { open: false } })
    await using closed = await startSampleServer({ environment })
    const person = await signIn(closed)
    expect((await person.open(`${closed.url}/applications/new`)).status).toBe(403)
    const list = await person.open(`${closed.url}/applications`)
    expect(list.text).not.toContain('register-application')
  })
})
