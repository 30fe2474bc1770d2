import { expect, it } from 'vitest'
import { type App } from '../../server/app.ts'
import type { Account, Role } from '../../server/access/accounts/account.ts'
import { commandLine } from '../support/access.ts'
import { openTestApp, type TestApp } from '../support/app.ts'
import { createAuthenticator } from '../support/authenticator.ts'
import { describeDatabases } from '../support/databases.ts'
import { BROWSER, postForm as post } from '../support/page-form.ts'

const PASSWORD = 'quiet words for a test'
const EMAIL = 'ann@example.com'

async function createPerson({ access }: App, email = EMAIL) {
  const outcome = await access.accounts.create(commandLine, {
    email,
    name: 'Ann',
    passwordHash: await access.passwords.hash(PASSWORD),
    emailConfirmed: true,
  })
  return outcome.account
}

async function addPasskey({ access: { passkeys }, settings }: TestApp, account: Account) {
  const authenticator = createAuthenticator(settings.publicUrl)
  const { challenge, options } = await passkeys.beginRegistration(account, BROWSER)
  const made = authenticator.register((options as { challenge: string }).challenge)
  await passkeys.finishRegistration(commandLine, account, BROWSER, challenge, made, 'Key')
  return authenticator
}

const begin = async ({ access }: App, accountId: string) =>
  (await access.sessions.begin({ accountId, methods: ['pwd'], address: null, userAgent: '' }))
    .cookie

describeDatabases('the sign-in by passkey', (_kind, locate) => {
  it('takes no answer that was meant to stand beside a password', async () => {
    await using app = await openTestApp(await locate())
    const { secondFactors } = app.access
    const account = await createPerson(app)
    const authenticator = await addPasskey(app, account)
    await secondFactors.newRecoveryCodes(commandLine, account.id)

    const first = await post(app, '/sign-in', { email: EMAIL, password: PASSWORD })
    const step = new URL(first.headers.location!, 'http://x').searchParams.get('step')!
    const asked = await post(app, '/sign-in/passkey/options', { step })
    const { challenge: second, options } = asked.json<{
      challenge: string
      options: { challenge: string }
    }>()
    const response = JSON.stringify(
      authenticator.assert(options.challenge, { verified: false, counter: 1 }),
    )
    const alone = await post(app, '/sign-in/passkey', { challenge: second, response })
    expect(alone.statusCode).toBe(400)
    expect(await app.access.sessions.list(account.id)).toEqual([])
    const again = (await post(app, '/sign-in/passkey/options', { step })).json<{
      challenge: string
      options: { challenge: string }
    }>()
    const answer = authenticator.assert(again.options.challenge, { verified: false, counter: 2 })
    const fields = { step, challenge: again.challenge, response: JSON.stringify(answer) }
    expect((await post(app, '/sign-in/passkey', fields)).statusCode).toBe(303)
  })
})

describeDatabases('a passkey of somebody who must sign in at an organisation', (_kind, locate) => {
  it('leads to its provider, and gives no session', async () => {
    await using app = await openTestApp(await locate())
    const { customers, identityProviders, sessions } = app.access
    const account = await createPerson(app)
    const authenticator = await addPasskey(app, account)
    await customers.create(commandLine, { id: 'acme', name: 'Acme' })
    await identityProviders.create(commandLine, {
      id: 'acme',
      customerId: 'acme',
      issuer: 'https://idp.example.net',
      clientId: 'mapgate',
      domains: ['example.com'],
      credential: { kind: 'client-secret', secret: 'x' },
    })
    const signIn = async () => {
      const { challenge, options } = (await post(app, '/sign-in/passkey/options', {})).json<{
        challenge: string
        options: { challenge: string }
      }>()
      const response = JSON.stringify(authenticator.assert(options.challenge))
      return post(app, '/sign-in/passkey', { challenge, response })
    }
    const before = await signIn()
    expect([before.statusCode, before.headers.location]).toEqual([303, '/account'])
    await sessions.endAll(account.id)
    await identityProviders.change(commandLine, 'acme', { required: true })
    const led = await signIn()
    expect(led.statusCode).toBe(200)
    expect(led.body).toContain('/sign-in/upstream?provider=acme')
    expect(String(led.headers['set-cookie'])).not.toContain('mapgate-session')
    await identityProviders.change(commandLine, 'acme', { required: false })
    expect(await sessions.list(account.id)).toEqual([])
  })
})

describeDatabases('what no name and no id can hold', (_kind, locate) => {
  it('is refused, not failed at', async () => {
    await using app = await openTestApp(await locate())
    const nul = '%00'
    const cookie = await begin(app, (await createPerson(app)).id)
    const headers = {
      accept: 'text/html',
      cookie: `mapgate-browser=${BROWSER}; mapgate-session=${cookie}`,
    }
    for (const url of [
      `/sign-in?interaction=${nul}`,
      `/consent?interaction=${nul}`,
      `/sign-in?continue=${nul}`,
      `/sign-in/upstream?provider=${nul}`,
      `/sign-in/upstream/callback/${nul}?state=${nul}`,
      `/sign-in/second-factor?step=${nul}`,
      `/invitation?token=${nul}`,
      `/reset-password?token=${nul}`,
      `/assets/clients/${nul}/logo`,
      `/account/members?customer=a${nul}`,
      `/applications/${nul}`,
      `/applications/a${nul}/delete`,
      `/applications?customer=a&after=${nul}`,
    ]) {
      const { statusCode } = await app.http.inject({ url, headers })
      expect(statusCode, url).toBe(400)
    }
    const url = `/applications?customer=a&after=a${nul}`
    const named = await app.http.inject({ url, headers: { accept: 'application/json' } })
    expect(named.json()).toMatchObject({ status: 400, parameter: 'after' })
    expect((await app.http.inject({ url: `/nowhere/${nul}` })).statusCode).toBe(404)
    for (const url of [
      `/applications/${nul}`,
      `/applications/${nul}/secrets`,
      `/applications/${nul}/client-token`,
      `/applications/${nul}/logo`,
    ]) {
      expect((await post(app, url, {}, cookie)).statusCode, url).toBe(400)
    }
    const register = async (attempt: string) => {
      const session = await app.access.sessions.find(cookie)
      const fields = {
        form_token: app.http.formTokenOf({ browser: BROWSER, session }),
        name: 'Demo',
        type: 'confidential',
        redirect_uris: 'https://app.example/callback',
        attempt,
      }
      const parts = Object.entries(fields).map(
        ([name, value]) =>
          `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      )
      const { statusCode } = await app.http.inject({
        method: 'POST',
        url: '/applications/new',
        headers: { ...headers, 'content-type': 'multipart/form-data; boundary=x' },
        payload: `${parts.join('')}--x--\r\n`,
      })
      return statusCode
    }
    expect(await register('a\0b')).toBe(400)
    expect(await register('')).toBe(200)
    const begun = await app.access.passkeys.beginAuthentication(BROWSER, null)
    const response = JSON.stringify({ id: '\0', response: {} })
    const { challenge } = begun
    expect((await post(app, '/sign-in/passkey', { challenge, response })).statusCode).toBe(400)
  })
})

describeDatabases('the link of the first start', (_kind, locate) => {
  it('is dead once there is an operator', async () => {
    await using app = await openTestApp(await locate())
    const token = await app.access.emailLinks.create({ purpose: 'setup', email: '' })
    const { id } = await createPerson(app)
    const show = () => app.http.inject({ url: `/setup?token=${token}` })
    expect((await show()).statusCode).toBe(200)
    await app.access.accounts.setOperator(commandLine, id, true)
    expect((await show()).statusCode).toBe(410)
    const fields = { token, name: 'Eve', email: 'eve@example.com', password: PASSWORD }
    expect((await post(app, '/setup', fields)).statusCode).toBe(410)
    expect(await app.access.accounts.findByEmail('eve@example.com')).toBeNull()
  })
})

describeDatabases('invitations', (_kind, locate) => {
  async function open() {
    const app = await openTestApp(await locate())
    const { access } = app
    await access.customers.create(commandLine, { id: 'lund', name: 'Lund' })
    const owner = await createPerson(app, 'owner@example.com')
    const admin = await createPerson(app, 'admin@example.com')
    const set = (accountId: string, role: Role) =>
      access.memberships.set(commandLine, { accountId, customerId: 'lund', role })
    await set(owner.id, 'owner')
    await set(admin.id, 'admin')
    const invite = (email: string, role: Role) =>
      access.emailLinks.create({
        purpose: 'invite',
        email,
        customerId: 'lund',
        role,
        createdBy: admin.id,
      })
    const roleOf = async (accountId: string) =>
      (await access.memberships.find(accountId, 'lund'))?.role
    return { app, access, owner, admin, set, invite, roleOf }
  }

  it('take no role away', async () => {
    const { app, owner, invite, set, roleOf } = await open()
    await using _ = app
    const second = await createPerson(app)
    await set(second.id, 'owner')
    const token = await invite(owner.email, 'viewer')
    const answer = await post(app, '/invitation', { token }, await begin(app, owner.id))
    expect(answer.statusCode).toBe(303)
    expect(await roleOf(owner.id)).toBe('owner')
  })

  it.each(['removed', 'lesser', 'suspended'])(
    'of somebody who is %s by now are dead',
    async (state) => {
      const { app, access, admin, invite, set } = await open()
      await using _ = app
      const token = await invite(EMAIL, 'admin')
      const show = () => app.http.inject({ url: `/invitation?token=${token}` })
      expect((await show()).statusCode).toBe(200)
      if (state === 'removed') await access.memberships.remove(commandLine, admin.id, 'lund')
      else if (state === 'lesser') await set(admin.id, 'developer')
      else await access.accounts.setSuspended(commandLine, admin.id, true)
      expect((await show()).statusCode).toBe(410)
      const { id: accountId } = await createPerson(app)
      const accepted = await access.invitations.accept(commandLine, token, { accountId })
      expect(accepted).toEqual({ kind: 'dead' })
      expect(await access.memberships.of(accountId)).toEqual([])
    },
  )

  it('are for the mailbox they were sent to alone, and used up by it alone', async () => {
    const { app, access, invite, roleOf } = await open()
    await using _ = app
    const token = await invite(EMAIL, 'viewer')
    const other = await createPerson(app, 'other@example.com')
    const refused = await access.invitations.accept(commandLine, token, { accountId: other.id })
    expect(refused).toEqual({ kind: 'dead' })
    expect(await roleOf(other.id)).toBeUndefined()
    const passwordHash = await access.passwords.hash(PASSWORD)
    const outcomes = await Promise.all(
      [1, 2].map(() =>
        access.invitations.accept(commandLine, token, { name: 'Ann', passwordHash }),
      ),
    )
    const accepted = outcomes.find(({ kind }) => kind === 'accepted')
    expect(outcomes.filter((outcome) => outcome !== accepted)).toHaveLength(1)
    const account = (await access.accounts.findByEmail(EMAIL))!
    expect(accepted).toEqual({ kind: 'accepted', account })
    expect(await roleOf(account.id)).toBe('viewer')
  })

  it('make no account when the link was withdrawn meanwhile', async () => {
    const { app, access, invite } = await open()
    await using _ = app
    const token = await invite(EMAIL, 'viewer')
    const [invitation] = await access.emailLinks.listInvitations('lund')
    await access.emailLinks.withdraw('lund', invitation!.id)
    const fields = { token, name: 'Ann', password: PASSWORD }
    expect((await post(app, '/invitation', fields)).statusCode).toBe(410)
    expect(await access.accounts.findByEmail(EMAIL)).toBeNull()
  })
})
