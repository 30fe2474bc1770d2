import { expect, it, vi } from 'vitest'
import { systemActor } from '../../server/access/audit/actor.ts'
import type { App } from '../../server/app.ts'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { movableClock } from '../support/access.ts'
import { openTestApp } from '../support/app.ts'
import { describeDatabases } from '../support/databases.ts'
import { postForm } from '../support/page-form.ts'
import { insertPasskey } from '../support/passkey-row.ts'

const MINUTE = 60_000
const PASSWORD = 'quiet words for a test'
const EMAIL = 'ann@example.com'

/** The application with one person, signed in. */
async function openPages(
  location: DatabaseLocation,
  passwordHash: 'some' | null = 'some',
  providerId: string | null = null,
) {
  const clock = movableClock()
  const app = await openTestApp(location, { clock })
  const { accounts, passwords, sessions } = app.access
  const created = await accounts.create(systemActor, {
    email: EMAIL,
    name: 'Ann',
    passwordHash: passwordHash && (await passwords.hash(PASSWORD)),
    emailConfirmed: true,
  })
  const { cookie } = await sessions.begin({
    accountId: created.account.id,
    methods: [providerId === null ? 'pwd' : 'fed'],
    providerId,
    address: null,
    userAgent: '',
  })
  const headers = {
    accept: 'text/html',
    cookie: `mapgate-session=${cookie}; mapgate-browser=${'b'.repeat(43)}`,
  }
  const get = (url: string) => app.http.inject({ method: 'GET', url, headers })
  return {
    app,
    clock,
    account: created.account,
    get,
    async post(url: string, fields: Record<string, string> = {}) {
      const { body } = await get('/account')
      const token = /name="form_token" value="([^"]+)"/.exec(body)![1]!
      return app.http.inject({
        method: 'POST',
        url,
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({ form_token: token, ...fields }).toString(),
      })
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  }
}

describeDatabases('sensitive changes', (_kind, locate) => {
  it.each([
    ['/account/security/totp', '/account/security'],
    ['/account/security/totp/confirm', '/account/security'],
    ['/account/security/totp/remove', '/account/security'],
    ['/account/security/recovery-codes', '/account/security'],
    ['/account/security/passkeys', '/account/security'],
    ['/account/security/passkeys/options', '/account/security'],
    ['/account/security/passkeys/remove', '/account/security'],
    ['/account/email', '/account'],
  ])('at %s need a sign-in of the last quarter of an hour', async (path, page) => {
    await using pages = await openPages(await locate())
    const fields = { email: 'new@example.com', code: '000000' }
    const again = `/sign-in?continue=${encodeURIComponent(page)}&reauth=1`
    pages.clock.advance(14 * MINUTE)
    expect((await pages.post(path, fields)).headers.location).not.toBe(again)
    pages.clock.advance(2 * MINUTE)
    const late = await pages.post(path, fields)
    expect([late.statusCode, late.headers.location]).toEqual([303, again])
  })

  it('are offered only after it', async () => {
    await using pages = await openPages(await locate())
    expect((await pages.get('/account/security')).body).toContain('id="begin-totp"')
    pages.clock.advance(16 * MINUTE)
    const { body } = await pages.get('/account/security')
    expect(body).not.toContain('id="begin-totp"')
    expect(body).toContain('id="reauthenticate"')
  })

  it('of a password need the password instead, or that sign-in where there is none', async () => {
    await using pages = await openPages(await locate())
    pages.clock.advance(16 * MINUTE)
    const fields = { current_password: PASSWORD, new_password: 'other words for a test' }
    const changed = await pages.post('/account/security/password', fields)
    expect(changed.headers.location).toBe('/account/security?done=password')
    await using bare = await openPages(await locate(), null)
    bare.clock.advance(16 * MINUTE)
    const refused = await bare.post('/account/security/password', fields)
    expect(refused.headers.location).toContain('reauth=1')
    expect((await bare.app.access.accounts.find(bare.account.id))!.hasPassword).toBe(false)
    const kept = await bare.post('/account/delete')
    expect(kept.headers.location).toContain('reauth=1')
    expect(await bare.app.access.accounts.find(bare.account.id)).not.toBeNull()
  })

  it('of the authenticator app leave no password that is too short without it', async () => {
    await using pages = await openPages(await locate())
    const { accounts, secondFactors } = pages.app.access
    const { id } = pages.account
    await secondFactors.beginTotp(id)
    await pages.app.access.database.write((write) =>
      write.query
        .updateTable('accounts')
        .set({ totp_confirmed_at: pages.clock.now() })
        .where('id', '=', id)
        .execute(),
    )
    const short = { current_password: PASSWORD, new_password: 'shorter one' }
    const changed = await pages.post('/account/security/password', short)
    expect(changed.headers.location).toBe('/account/security?done=password')
    const remove = (password: string) =>
      pages.post('/account/security/totp/remove', { totp_password: password })
    expect((await remove('wrong')).statusCode).toBe(400)
    const refused = await remove('shorter one')
    expect(refused.statusCode).toBe(400)
    expect(refused.body).toContain('at least 15 characters')
    expect((await accounts.find(id))!.hasTotp).toBe(true)
  })
})

describeDatabases('the deletion of an account', (_kind, locate) => {
  it('says what stands in its way, be it collections alone', async () => {
    await using pages = await openPages(await locate())
    const { customers, memberships, collections } = pages.app.access
    await customers.create(systemActor, { id: 'lund', name: 'Lund' })
    const accountId = pages.account.id
    await memberships.set(systemActor, { accountId, customerId: 'lund', role: 'owner' })
    await collections.create(systemActor, { id: 'parks', customerId: 'lund', title: 'Parks' })
    const refused = await pages.post('/account/delete', { current_password: PASSWORD })
    expect(refused.statusCode).toBe(409)
    expect(refused.body).toContain('applications or collections of map data')
  })
})

describeDatabases('recovery codes', (_kind, locate) => {
  it('make a passkey a second factor, are counted, and warn before the last one', async () => {
    await using pages = await openPages(await locate())
    const { access } = pages.app
    const { secondFactors } = access
    const { id } = pages.account
    const show = async () => (await pages.get('/account/security')).body
    const codesOf = (body: string) =>
      [...body.matchAll(/<code>([^<]+)<\/code>/g)].map(([, code]) => code!)
    expect(await show()).not.toContain('id="recovery-part"')
    const nothing = await pages.post('/account/security/recovery-codes')
    expect(nothing.headers.location).toBe('/account/security')

    await insertPasskey(access, id, 'key')
    expect(await show()).toContain('so does a password')
    const signIn = () => postForm(pages.app, '/sign-in', { email: EMAIL, password: PASSWORD })
    expect((await signIn()).headers.location).toBe('/account')
    const codes = codesOf((await pages.post('/account/security/recovery-codes')).body)
    expect(codes).toHaveLength(10)
    expect(await show()).toContain('10 codes are left')
    for (const code of codes.slice(2)) await secondFactors.useRecoveryCode(systemActor, id, code)
    expect(await show()).toContain('before the last one is used')

    const send = vi.spyOn(access.mail, 'send')
    const second = (await signIn()).headers.location as string
    expect(second).toContain('/sign-in/second-factor?')
    const step = new URL(second, 'http://x').searchParams.get('step')!
    const fields = { step, recovery_code: codes[0]! }
    const used = await postForm(pages.app, '/sign-in/second-factor', fields)
    expect(used.headers.location).toBe('/account')
    expect(send).toHaveBeenCalledWith(
      expect.objectContaining({ to: EMAIL, text: expect.stringContaining('One is left.') }),
    )
    await secondFactors.useRecoveryCode(systemActor, id, codes[1]!)
    expect(await show()).toContain('No code is left')
  })
})

describeDatabases('a new e-mail address', (_kind, locate) => {
  async function requireProvider({ access }: App, domain: string) {
    await access.customers.create(systemActor, { id: 'lund', name: 'Lund' })
    await access.identityProviders.create(systemActor, {
      id: 'lund',
      customerId: 'lund',
      issuer: 'https://idp.example.com',
      clientId: 'mapgate',
      domains: [domain],
      credential: { kind: 'client-secret', secret: 'x' },
      required: true,
    })
  }

  it('is for nobody who must sign in at their organisation', async () => {
    await using pages = await openPages(await locate(), null, 'lund')
    const { access } = pages.app
    const { id, email } = pages.account
    const token = await access.emailLinks.create({
      purpose: 'confirm',
      accountId: id,
      email: 'home@example.net',
    })
    await requireProvider(pages.app, 'example.com')
    expect((await pages.post('/account/email', { email: 'home@example.net' })).statusCode).toBe(403)
    expect((await pages.post('/account/email/confirm', { token })).statusCode).toBe(403)
    expect(await access.accounts.find(id)).toMatchObject({ email })
  })

  it('of an organisation whose people must sign in there ends the sign-in', async () => {
    await using pages = await openPages(await locate())
    const { access } = pages.app
    const { id } = pages.account
    await requireProvider(pages.app, 'lund.example')
    const email = 'ann@lund.example'
    const token = await access.emailLinks.create({ purpose: 'confirm', accountId: id, email })
    expect((await pages.post('/account/email/confirm', { token })).statusCode).toBe(303)
    expect(await access.accounts.find(id)).toMatchObject({ email, emailConfirmed: true })
    const { headers } = await pages.get('/account/security')
    expect(headers.location).toBe('/sign-in?continue=%2Faccount%2Fsecurity')
    expect(await access.sessions.list(id)).toEqual([])
  })
})
