import { generateSync } from 'otplib'
import { expect, it } from 'vitest'
import type { Account } from '../../server/access/accounts/account.ts'
import { commandLine } from '../support/access.ts'
import { openTestApp, type TestApp } from '../support/app.ts'
import { createAuthenticator } from '../support/authenticator.ts'
import { describeDatabases } from '../support/databases.ts'

const EMAIL = 'ann@example.com'
const PASSWORD = 'correct horse battery staple'
const BROWSER = 'b'.repeat(43)

/** A viewer of the customer `demo`. */
async function createPerson({ access }: TestApp): Promise<Account> {
  await access.customers.create(commandLine, { id: 'demo', name: 'Demo' })
  const { account } = await access.accounts.create(commandLine, {
    email: EMAIL,
    name: 'Ann',
    passwordHash: await access.passwords.hash(PASSWORD),
    emailConfirmed: true,
  })
  const membership = { accountId: account.id, customerId: 'demo', role: 'viewer' } as const
  await access.memberships.set(commandLine, membership)
  return account
}

async function login(app: TestApp, password = PASSWORD) {
  const answer = await app.http.inject({
    method: 'POST',
    url: '/mapsindoors/auth/connect/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({
      grant_type: 'password',
      client_id: 'client',
      username: EMAIL,
      password,
    }).toString(),
  })
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
}

const refusal = (error_description: string) => ({
  status: 400,
  body: { error: 'invalid_grant', error_description },
})

const NEEDS_MORE = 'The account needs a second factor: use the authorization code flow.'

describeDatabases('the password grant of MapsIndoors', (_kind, locate) => {
  it('is refused to who has an authenticator app', async () => {
    await using app = await openTestApp(await locate())
    const account = await createPerson(app)
    const { secondFactors } = app.access
    const { secret } = (await secondFactors.beginTotp(account.id))!
    // One that was begun and never confirmed is none.
    expect((await login(app)).status).toBe(200)
    await secondFactors.confirmTotp(commandLine, account.id, generateSync({ secret }))
    expect(await login(app)).toEqual(refusal(NEEDS_MORE))
    // Without the right password nobody learns of it.
    expect(await login(app, 'wrong')).toEqual(refusal('invalid_username_or_password'))
    await secondFactors.removeTotp(commandLine, account.id)
    expect((await login(app)).status).toBe(200)
  })

  it('is refused to who has a passkey as second factor', async () => {
    await using app = await openTestApp(await locate())
    const account = await createPerson(app)
    const { passkeys, secondFactors } = app.access
    const { challenge, options } = await passkeys.beginRegistration(account, BROWSER)
    const made = createAuthenticator(app.settings.publicUrl).register(
      (options as { challenge: string }).challenge,
    )
    await passkeys.finishRegistration(commandLine, account, BROWSER, challenge, made, 'Key')
    // Without recovery codes it stands in for the password, on the sign-in page too.
    expect((await login(app)).status).toBe(200)
    await secondFactors.newRecoveryCodes(commandLine, account.id)
    expect(await login(app)).toEqual(refusal(NEEDS_MORE))
    expect(await login(app, 'wrong')).toEqual(refusal('invalid_username_or_password'))
  })

  it('is refused to who belongs to no customer', async () => {
    await using app = await openTestApp(await locate())
    const account = await createPerson(app)
    expect((await login(app)).status).toBe(200)
    await app.access.memberships.remove(commandLine, account.id, 'demo')
    expect(await login(app)).toEqual(refusal('The account belongs to no customer.'))
  })

  it('is for the customer that is not suspended', async () => {
    await using app = await openTestApp(await locate())
    const { id: accountId } = await createPerson(app)
    const { customers, memberships, verifyToken } = app.access
    await customers.create(commandLine, { id: 'other', name: 'Other' })
    await memberships.set(commandLine, { accountId, customerId: 'other', role: 'developer' })
    await customers.setSuspended(commandLine, 'demo', true)
    const { body } = await login(app)
    const outcome = await verifyToken(String(body['access_token']))
    expect(outcome).toMatchObject({
      kind: 'valid',
      caller: { accountId, customerId: 'other', scopes: ['read', 'write'] },
    })
    await customers.setSuspended(commandLine, 'other', true)
    expect(await login(app)).toEqual(refusal('The account belongs to no customer.'))
  })
})
