import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allMails, readMail } from '../support/outbox.ts'
import { type RunningServer, startServer } from '../support/server.ts'
import { createVisitor, type HttpVisitor } from '../support/visitor.ts'
import { withConfig } from './config-file.ts'

let server: RunningServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const PASSWORD = 'several quiet words in a row'
let count = 0
const newEmail = () => `page-${++count}@example.com`

const visit = () => createVisitor(server.url)

/** Signs up and confirms. */
async function signUp(email: string, name = 'Ada Lovelace'): Promise<void> {
  const visitor = visit()
  await visitor.post('/sign-up', { name, email, password: PASSWORD })
  const { link } = await readMail(server, email, '/confirm')
  expect((await visitor.post('/confirm', fieldsOf(link))).status).toBe(303)
}

const fieldsOf = (link: string) => Object.fromEntries(new URL(link).searchParams)

async function signedIn(email = newEmail(), name?: string): Promise<HttpVisitor> {
  await signUp(email, name)
  const visitor = visit()
  const answer = await visitor.post('/sign-in', { email, password: PASSWORD })
  expect([answer.status, answer.location]).toEqual([303, '/account'])
  return visitor
}

const isSignedIn = async (visitor: HttpVisitor) => (await visitor.get('/account')).status === 200

/** Every page that may be looked at without anything before it. */
const PAGES = ['/sign-in', '/sign-in/organisation', '/sign-up', '/forgot-password']
/** Pages that refuse. */
const REFUSALS = [
  '/confirm?token=x',
  '/reset-password?token=x',
  '/invitation?token=x',
  '/setup?token=x',
  '/consent?interaction=x',
  '/consent',
  '/sign-in?interaction=x',
  '/sign-in/second-factor?step=x',
]
/** Every form. */
const FORMS = [
  '/sign-in',
  '/sign-in/organisation',
  '/sign-in/second-factor',
  '/sign-in/passkey',
  '/sign-in/passkey/options',
  '/sign-up',
  '/confirm',
  '/forgot-password',
  '/reset-password',
  '/invitation',
  '/setup',
  '/sign-out',
  '/consent',
]

describe('headers of pages', () => {
  it.each([...PAGES, ...REFUSALS])(
    '%s cannot be framed, cached or read by others',
    async (path) => {
      const { status, headers } = await visit().get(path, { origin: 'https://evil.example' })
      expect(status).toBe(PAGES.includes(path) ? 200 : path.includes('token=') ? 410 : 400)
      const policy = headers.get('content-security-policy')!
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain("base-uri 'none'")
      expect(policy).toContain("form-action 'self'")
      expect(policy).not.toContain('unsafe')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      // RFC 9700 §2.6
      expect(headers.get('access-control-allow-origin')).toBeNull()
    },
  )

  it('has no markup that its policy would refuse', async () => {
    for (const path of PAGES) {
      const { body } = await visit().get(path)
      expect(body).not.toMatch(/\son\w+=|\sstyle="|javascript:|<script(?![^>]*\ssrc="\/assets\/)/)
      expect(body).not.toMatch(/(?:src|href|action)="(?:https?:)?\/\//)
    }
  })

  it('answers a program with a problem, a person with a page', async () => {
    const person = await visit().get('/confirm?token=x')
    expect(person.headers.get('content-type')).toContain('text/html')
    expect(person.body).toMatch(/id="request-id">[^<]+</)
    const program = await visit().get('/confirm?token=x', { accept: 'application/json' })
    expect(program.status).toBe(410)
    expect(program.headers.get('content-type')).toContain('application/problem+json')
  })
})

describe('forms of others', () => {
  it.each(FORMS)('%s takes no form without the token of this browser', async (path) => {
    const visitor = visit()
    await visitor.get('/sign-in')
    const stranger = await visit().tokenOf('/sign-in')
    for (const form_token of ['', 'x', stranger]) {
      const answer = await visitor.post(path, { form_token })
      expect(answer.status, form_token).toBe(403)
      expect(answer.body).toContain('This form has expired')
    }
  })

  it.each(FORMS)('%s takes no form that comes from another site', async (path) => {
    const visitor = visit()
    for (const headers of [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      expect((await visitor.post(path, {}, headers)).status).toBe(403)
    }
  })

  it('changes nothing by such a form', async () => {
    const visitor = await signedIn()
    expect((await visitor.post('/sign-out', { form_token: 'x' })).status).toBe(403)
    expect(await isSignedIn(visitor)).toBe(true)
    const email = newEmail()
    const fields = { name: 'Ada', email, password: PASSWORD, form_token: 'x' }
    expect((await visit().post('/sign-up', fields)).status).toBe(403)
    expect((await allMails(server)).filter((mail) => mail.to.includes(email))).toEqual([])
  })

  it('takes no form from before the sign-in', async () => {
    const email = newEmail()
    await signUp(email)
    const visitor = visit()
    const form_token = await visitor.tokenOf('/sign-in')
    await visitor.post('/sign-in', { email, password: PASSWORD, form_token })
    expect((await visitor.post('/sign-out', { form_token })).status).toBe(403)
    expect(await isSignedIn(visitor)).toBe(true)
  })

  it('takes forms only as browsers send them', async () => {
    const visitor = visit()
    const form_token = await visitor.tokenOf('/sign-in')
    const json = await visitor.post(
      '/sign-in',
      { form_token },
      { 'content-type': 'application/json' },
    )
    expect(json.status).toBe(400)
    const text = await visitor.post('/sign-in', { form_token }, { 'content-type': 'text/plain' })
    expect(text.status).toBe(400)
  })
})

describe('sessions', () => {
  it('gives a new one at each sign-in, whatever the browser had before', async () => {
    const email = newEmail()
    await signUp(email)
    const visitor = visit()
    visitor.cookies.set('mapgate-session', `mgsn_${'a'.repeat(43)}`)
    await visitor.post('/sign-in', { email, password: PASSWORD })
    const first = visitor.cookies.get('mapgate-session')!
    expect(first).toMatch(/^mgsn_[0-9A-Za-z]{43}$/)
    expect(first).not.toBe(`mgsn_${'a'.repeat(43)}`)

    const form_token = await visitor.tokenOf('/sign-in?reauth=1')
    await visitor.post('/sign-in', { email, password: PASSWORD, form_token })
    const second = visitor.cookies.get('mapgate-session')!
    expect(second).not.toBe(first)
    // The one before has ended.
    visitor.cookies.set('mapgate-session', first)
    expect(await isSignedIn(visitor)).toBe(false)
  })

  it('ends on the server at the sign-out, which a link alone cannot do', async () => {
    const visitor = await signedIn()
    const cookie = visitor.cookies.get('mapgate-session')!
    expect((await visitor.get('/sign-out')).status).toBe(200)
    expect(await isSignedIn(visitor)).toBe(true)
    const form_token = await visitor.tokenOf('/sign-out')
    await visitor.post('/sign-out', { form_token })
    expect(visitor.cookies.has('mapgate-session')).toBe(false)
    visitor.cookies.set('mapgate-session', cookie)
    expect(await isSignedIn(visitor)).toBe(false)
  })

  it('keeps cookies from scripts, other sites and other hosts', async () => {
    const answer = await visit().get('/sign-in')
    expect(answer.cookies).toEqual([
      expect.stringMatching(
        /^mapgate-browser=[0-9A-Za-z]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/,
      ),
    ])
    // Of a session: until the browser is closed.
    expect(await cookiesOfSignIn(server, server.url)).toEqual([
      expect.stringMatching(
        /^mapgate-session=mgsn_[0-9A-Za-z]{43}; Path=\/; HttpOnly; SameSite=Lax$/,
      ),
    ])
    const url = 'https://gate.example.com'
    await using secure = await startServer({ environment: { MAPGATE_PUBLIC_URL: url } })
    const [cookie] = (await createVisitor(secure.url).get('/sign-in')).cookies
    expect(cookie).toMatch(/^__Host-mapgate-browser=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(await cookiesOfSignIn(secure, url)).toEqual([
      expect.stringMatching(
        /^__Host-mapgate-session=mgsn_[0-9A-Za-z]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ])
  })
})

/** `Set-Cookie` headers of somebody's first sign-in. @param publicUrl where links in mails lead */
async function cookiesOfSignIn(at: RunningServer, publicUrl: string): Promise<string[]> {
  const email = newEmail()
  const visitor = createVisitor(at.url)
  await visitor.post('/sign-up', { name: 'Ada', email, password: PASSWORD })
  const { link } = await readMail({ dataDir: at.dataDir, url: publicUrl }, email, '/confirm')
  await visitor.post('/confirm', fieldsOf(link))
  return (await visitor.post('/sign-in', { email, password: PASSWORD })).cookies
}

describe('what strangers send', () => {
  it.each([
    '//evil.example',
    'https://evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/\r\nx: y',
  ])('does not go on to %j after the sign-in', async (target) => {
    const email = newEmail()
    await signUp(email)
    const answer = await visit().post('/sign-in', { email, password: PASSWORD, continue: target })
    expect([answer.status, answer.location]).toEqual([303, '/account'])
  })

  it('goes on to a page of this server', async () => {
    const email = newEmail()
    await signUp(email)
    const fields = { email, password: PASSWORD, continue: '/account/security?done=x' }
    const answer = await visit().post('/sign-in', fields)
    expect(answer.location).toBe('/account/security?done=x')
  })

  it('refuses names and addresses that would add a header to a mail', async () => {
    for (const [name, email] of [
      ['Ada\r\nBcc: evil@example.com', newEmail()],
      ['Ada\u2028Lovelace', newEmail()],
      ['\u202eadA', newEmail()],
      ['Ada', 'a@example.com\r\nBcc: evil@example.com'],
      ['Ada', 'a@example.com, evil@example.com'],
      ['Ada', 'Ada <a@example.com>'],
    ]) {
      const answer = await visit().post('/sign-up', {
        name: name!,
        email: email!,
        password: PASSWORD,
      })
      expect(answer.status, JSON.stringify([name, email])).toBe(400)
    }
    expect((await allMails(server)).some((mail) => mail.to.includes('evil'))).toBe(false)
  })

  it('shows names as text', async () => {
    const visitor = await signedIn(newEmail(), '<script>alert("1")</script>')
    const { body } = await visitor.get('/account')
    expect(body).not.toContain('<script>alert')
    expect(body).toContain('&#60;script&#62;')
  })

  it('shows what was typed as text', async () => {
    const email = '"><img src=x onerror=alert(1)>'
    const { status, body } = await visit().post('/sign-in', { email, password: 'x' })
    expect(status).toBe(400)
    expect(body).not.toContain('<img src=x')
  })

  it('refuses what is too long, repeated or no text', async () => {
    const visitor = visit()
    const password = 'p'.repeat(1_025)
    const email = newEmail()
    expect((await visitor.post('/sign-up', { name: 'Ada', email, password })).status).toBe(400)
    const name = 'a'.repeat(101)
    expect((await visitor.post('/sign-up', { name, email, password: PASSWORD })).status).toBe(400)
    const long = `${'a'.repeat(300)}@example.com`
    const longMail = await visitor.post('/sign-up', {
      name: 'Ada',
      email: long,
      password: PASSWORD,
    })
    expect(longMail.status).toBe(400)
    const signIn = await visitor.post('/sign-in', { email: long, password: 'p'.repeat(50_000) })
    expect(signIn.status).toBe(400)
    const huge = await visitor.post('/sign-in', { email, password: 'p'.repeat(70_000) })
    expect(huge.status).toBe(413)
    expect(huge.headers.get('content-type')).toContain('text/html')
    const form_token = await visitor.tokenOf('/sign-in')
    const twice = await visitor.post('/sign-in?email=x', { email, password: '\0', form_token })
    expect(twice.status).toBe(400)
  })

  it('answers alike whether an e-mail is known', async () => {
    const known = newEmail()
    await signUp(known)
    const unknown = newEmail()
    const masked = (answer: { status: number; body: string }, email: string) => [
      answer.status,
      answer.body
        .replaceAll(email, 'EMAIL')
        .replaceAll(/name="form_token" value="[^"]*"/g, 'TOKEN'),
    ]
    for (const [path, fields] of [
      ['/sign-up', { name: 'Ada', password: PASSWORD }],
      ['/forgot-password', {}],
      ['/sign-in', { password: 'not the password at all' }],
    ] as const) {
      const first = await visit().post(path, { ...fields, email: known })
      const second = await visit().post(path, { ...fields, email: unknown })
      expect(masked(first, known)).toEqual(masked(second, unknown))
    }
    // Who signs up with somebody's address and then signs in learns nothing either.
    await readMail(server, unknown, '/confirm')
    const other = 'other words for a password'
    const [first, second] = [
      await visit().post('/sign-in', { email: unknown, password: PASSWORD }),
      await visit().post('/sign-in', { email: known, password: other }),
    ]
    expect(masked(first, unknown)).toEqual(masked(second, known))
  })

  it('lets nobody keep the link for a new password from its owner', async () => {
    const email = newEmail()
    await signUp(email)
    const fields = { name: 'Ada', email, password: PASSWORD }
    for (let attempt = 0; attempt < 6; attempt++) await visit().post('/sign-up', fields)
    await readMail(server, email, 'you have an account already')
    await visit().post('/forgot-password', { email })
    expect((await readMail(server, email, '/reset-password')).to).toContain(email)
  })

  it('writes to nobody more than a few times', async () => {
    const email = newEmail()
    await signUp(email)
    for (let attempt = 0; attempt < 8; attempt++) await visit().post('/forgot-password', { email })
    await readMail(server, email, '/reset-password')
    // Longer than any mail waits before it is sent.
    await sleep(2_000)
    const mails = (await allMails(server)).filter(
      (mail) => mail.to.includes(email) && mail.link.includes('/reset-password'),
    )
    expect(mails).toHaveLength(5)
  })

  it('lets a link of a mail be used once, and looked at without using it', async () => {
    const email = newEmail()
    const visitor = visit()
    await visitor.post('/sign-up', { name: 'Ada', email, password: PASSWORD })
    const { link } = await readMail(server, email, '/confirm')
    const token = new URL(link).searchParams.get('token')!
    for (let attempt = 0; attempt < 3; attempt++) expect((await visitor.get(link)).status).toBe(200)
    const answers = await Promise.all([1, 2, 3].map(() => visitor.post('/confirm', fieldsOf(link))))
    const statuses = answers.map(({ status }) => String(status))
    expect(statuses.toSorted()).toEqual(['303', '410', '410'])
    // A link for one thing is none for another.
    expect((await visitor.get(`/reset-password?token=${token}`)).status).toBe(410)
  })

  it('does not let a mailbox’s owner confirm what a stranger signed up by one click', async () => {
    const email = newEmail()
    await visit().post('/sign-up', { name: 'Mallory', email, password: PASSWORD })
    const fields = fieldsOf((await readMail(server, email, '/confirm')).link)
    const owner = visit()
    for (const password of ['', 'a guess of the owner']) {
      expect((await owner.post('/confirm', { ...fields, password })).status).toBe(400)
    }
    const stranger = await visit().post('/sign-in', { email, password: PASSWORD })
    expect(stranger.status).toBe(400)
    // Somebody with two devices knows the password.
    expect((await owner.post('/confirm', { ...fields, password: PASSWORD })).status).toBe(303)
    expect((await visit().post('/sign-in', { email, password: PASSWORD })).status).toBe(303)
  })

  it('refuses a passkey that is none', async () => {
    const visitor = visit()
    for (const response of ['', '{}', 'null', '[]', '{"id":1}', '{'.repeat(1_000)]) {
      const answer = await visitor.post('/sign-in/passkey', { challenge: 'x', response })
      expect(answer.status, response).toBe(400)
    }
    const begun = await visitor.post('/sign-in/passkey/options', {})
    const { challenge } = JSON.parse(begun.body) as { challenge: string }
    const answer = await visitor.post('/sign-in/passkey', { challenge, response: '{"id":"x"}' })
    expect(answer.status).toBe(400)
  })
})

it('bears the name, logo and colour of the installation', async () => {
  const logoFile = join(server.dataDir, 'logo.svg')
  await writeFile(
    logoFile,
    '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
  )
  await using themed = await startServer({
    environment: withConfig({ pages: { name: 'Isle <of> Maps', colour: '#ffee00', logoFile } }),
  })
  const visitor = createVisitor(themed.url)
  const { body } = await visitor.get('/sign-in')
  expect(body).toContain('Isle &#60;of&#62; Maps</title>')
  expect(body).toContain('<img src="/assets/logo"')
  const logo = await visitor.get('/assets/logo')
  expect(logo.headers.get('content-type')).toBe('image/svg+xml')
  // Opened by itself it must run nothing.
  expect(logo.headers.get('content-security-policy')).toContain('sandbox')
})

it('slows down a network that sends too many forms', async () => {
  await using other = await startServer()
  const visitor = createVisitor(other.url)
  const form_token = await visitor.tokenOf('/sign-in')
  const answers = await Promise.all(
    Array.from({ length: 130 }, () => visitor.post('/sign-in', { form_token })),
  )
  const refused = answers.filter(({ status }) => status === 429)
  expect(refused.length).toBe(10)
  expect(refused[0]!.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(refused[0]!.body).toContain('Too many attempts')
})
