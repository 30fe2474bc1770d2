import { generateSync } from 'otplib'
import { expect, it } from 'vitest'
import type { NewAccount } from '../../server/access/accounts/accounts.ts'
import { commandLine, movableClock } from '../support/access.ts'
import { openTestApp, type TestApp } from '../support/app.ts'
import { describeDatabases } from '../support/databases.ts'
import { insertPasskey } from '../support/passkey-row.ts'

const PASSWORD = 'correct horse battery staple'

interface Body {
  access_token: string
  user_id: string
  error: { code: number; message: string; error_user_msg: string }
}

async function setUp(app: TestApp) {
  const { access } = app
  await access.customers.create(commandLine, { id: 'customer', name: 'Customer' })
  const client = {
    customerId: 'customer',
    displayName: 'Tool',
    scopes: ['read', 'upload', 'manage'],
  }
  await access.clients.create(commandLine, { ...client, id: 'tool', grants: ['password'] })
  await access.clients.create(commandLine, { ...client, id: 'other' })
}

async function createAccount({ access }: TestApp, account: Partial<NewAccount> = {}) {
  const created = await access.accounts.create(commandLine, {
    email: 'bob@example.com',
    name: 'Bob',
    passwordHash: await access.passwords.hash(PASSWORD),
    emailConfirmed: true,
    ...account,
  })
  return created.account
}

async function login(app: TestApp, fields: object = {}, clientId = 'tool') {
  const client = (await app.access.clients.find(clientId))!
  const answer = await app.http.inject({
    method: 'POST',
    url: '/mapillary/graph/login',
    headers: { authorization: `OAuth ${app.access.clientTokens.textOf(client)}` },
    payload: { email: 'bob@example.com', password: PASSWORD, locale: 'en_US', ...fields },
  })
  return { status: answer.statusCode, headers: answer.headers, body: answer.json<Body>() }
}

async function me(app: TestApp, token: string) {
  const answer = await app.http.inject({
    url: '/mapillary/graph/me',
    headers: { authorization: `OAuth ${token}` },
  })
  return { status: answer.statusCode, body: answer.json<Body>() }
}

describeDatabases('POST /login of Mapillary', (_kind, locate) => {
  it('gives a token of data scopes that ends with the consent', async () => {
    await using app = await openTestApp(await locate())
    await setUp(app)
    const account = await createAccount(app)
    const { status, body } = await login(app)
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body.user_id).toBe(account.id)
    const outcome = await app.access.verifyToken(body.access_token)
    expect(outcome).toMatchObject({
      kind: 'valid',
      caller: {
        kind: 'account',
        clientId: 'tool',
        accountId: account.id,
        secretId: null,
        scopes: ['read', 'upload'],
      },
    })
    expect((await me(app, body.access_token)).status).toBe(200)
    const [consent] = await app.access.consents.list(account.id)
    expect(consent).toMatchObject({ clientId: 'tool', scopes: ['read', 'upload'] })
    await app.access.consents.withdraw(commandLine, account.id, consent!.id)
    expect(await me(app, body.access_token)).toMatchObject({
      status: 401,
      body: {
        error: {
          message: 'Error validating access token: The user has not authorized application tool.',
        },
      },
    })
  })

  it('is for clients alone that may see passwords', async () => {
    await using app = await openTestApp(await locate())
    await setUp(app)
    await createAccount(app)
    expect(await login(app, {}, 'other')).toMatchObject({
      status: 403,
      body: { error: { code: 3 } },
    })
    for (const strict of [{ dpopBound: true }, { profile: 'fapi2' }] as const) {
      // The rule is of the surfaces that change clients, not of the table.
      await app.access.clients.change(commandLine, 'tool', strict)
      expect(await login(app)).toMatchObject({ status: 403, body: { error: { code: 3 } } })
      await app.access.clients.change(commandLine, 'tool', { dpopBound: false, profile: null })
    }
    await app.access.clients.setSuspended(commandLine, 'tool', true)
    expect(await login(app)).toMatchObject({ status: 401, body: { error: { code: 190 } } })
  })

  it('refuses who has an authenticator app', async () => {
    await using app = await openTestApp(await locate())
    await setUp(app)
    const account = await createAccount(app)
    const { secondFactors } = app.access
    const { secret } = (await secondFactors.beginTotp(account.id))!
    // One that was begun and never confirmed is none.
    expect((await login(app)).status).toBe(200)
    await secondFactors.confirmTotp(commandLine, account.id, generateSync({ secret }))
    const second = await login(app)
    expect(second).toMatchObject({ status: 403, body: { error: { code: 406 } } })
    expect(second.body.error.error_user_msg).toContain('second factor')
    // Without the right password nobody learns of it.
    expect(await login(app, { password: 'wrong' })).toMatchObject({
      status: 400,
      body: { error: { code: 100 } },
    })
  })

  it('refuses who has a passkey, and knows nobody who has not confirmed the address', async () => {
    await using app = await openTestApp(await locate())
    await setUp(app)
    await createAccount(app, { email: 'new@example.com', emailConfirmed: false })
    const unconfirmed = await login(app, { email: 'new@example.com' })
    expect(unconfirmed).toMatchObject({ status: 400, body: { error: { code: 100 } } })
    const unknown = await login(app, { email: 'nobody@example.com' })
    expect(unconfirmed.body.error.message).toBe(unknown.body.error.message)

    const account = await createAccount(app)
    await insertPasskey(app.access, account.id, 'passkey')
    // It stands in for the password, on the sign-in page too.
    expect((await login(app)).status).toBe(200)
    await app.access.secondFactors.newRecoveryCodes(commandLine, account.id)
    const second = await login(app)
    expect(second).toMatchObject({ status: 403, body: { error: { code: 406 } } })
    expect(second.body.error.error_user_msg).toContain('second factor')
    // Without the right password nobody learns of it.
    expect(await login(app, { password: 'wrong' })).toMatchObject({
      status: 400,
      body: { error: { code: 100 } },
    })
  })

  it('refuses what no address can hold', async () => {
    await using app = await openTestApp(await locate())
    await setUp(app)
    expect(await login(app, { email: 'ann\0@example.com' })).toMatchObject({ status: 400 })
  })

  it('has the limits of the sign-in page', async () => {
    const clock = movableClock()
    await using app = await openTestApp(await locate(), { clock })
    await setUp(app)
    await createAccount(app)
    const answers = []
    for (let attempt = 0; attempt < 11; attempt++)
      answers.push(await login(app, { password: 'wrong' }))
    expect(answers.at(0)).toMatchObject({ status: 400, body: { error: { code: 100 } } })
    expect(answers.at(-1)).toMatchObject({ status: 403, body: { error: { code: 4 } } })
    expect(Number(answers.at(-1)!.headers['retry-after'])).toBeGreaterThan(0)
    expect(await login(app)).toMatchObject({ status: 403, body: { error: { code: 4 } } })
    clock.advance(301_000)
    expect((await login(app)).status).toBe(200)
  })

  it('ends with the account, and with its own time', async () => {
    const clock = movableClock()
    await using app = await openTestApp(await locate(), { clock })
    await setUp(app)
    const account = await createAccount(app)
    const { body } = await login(app)
    await app.access.accounts.setSuspended(commandLine, account.id, true)
    expect((await me(app, body.access_token)).status).toBe(401)
    expect(await login(app)).toMatchObject({ status: 400, body: { error: { code: 100 } } })
    await app.access.accounts.setSuspended(commandLine, account.id, false)
    expect((await me(app, body.access_token)).status).toBe(200)
    clock.advance(3_600_000)
    expect(await me(app, body.access_token)).toMatchObject({
      status: 401,
      body: { error: { message: 'Error validating access token: Session has expired.' } },
    })
  })
})

describeDatabases('the refresh with an access token at Mapillary', (_kind, locate) => {
  async function refresh(app: TestApp, secret: string, token: string) {
    const answer = await app.http.inject({
      method: 'POST',
      url: '/mapillary/graph/token',
      headers: { authorization: `OAuth ${secret}` },
      payload: { grant_type: 'refresh_token', client_id: 'tool', refresh_token: token },
    })
    return { status: answer.statusCode, body: answer.json<Body & { expires_in: number }>() }
  }

  it('goes on until the grant ends, and never beyond', async () => {
    const clock = movableClock()
    await using app = await openTestApp(await locate(), { clock })
    await setUp(app)
    await createAccount(app)
    await app.access.clients.change(commandLine, 'tool', {
      grants: ['password', 'refresh_token'],
      tokenLifetimeSeconds: 86_400,
    })
    const made = await app.access.secrets.create(commandLine, 'tool', {
      description: '',
      expiresAt: null,
    })
    if (made.kind !== 'created') throw new Error(made.kind)
    const { access_token: first } = (await login(app)).body
    const outcome = await app.access.verifyToken(first)
    if (outcome.kind !== 'valid') throw new Error(outcome.reason)
    const grant = (await app.access.grants.find(outcome.caller.grantId!))!

    const { status, body } = await refresh(app, made.text, first)
    expect(status, JSON.stringify(body)).toBe(200)
    expect(Object.keys(body)).toEqual(['access_token', 'expires_in', 'token_type'])
    expect(body.expires_in).toBe(86_400)

    // The last token before the end of the grant ends with it.
    await app.access.database.write((write) =>
      write.query
        .updateTable('grants')
        .set({ expires_at: clock.now() + 60_000 })
        .where('id', '=', grant.id)
        .execute(),
    )
    const last = await refresh(app, made.text, body.access_token)
    expect(last).toMatchObject({ status: 200, body: { expires_in: 60 } })
    clock.advance(60_000)
    for (const token of [last.body.access_token, body.access_token]) {
      expect(await refresh(app, made.text, token)).toMatchObject({
        status: 400,
        body: { error: { code: 100 } },
      })
    }
  })

  it('is not for public clients: whoever finds a token would keep it alive', async () => {
    await using app = await openTestApp(await locate())
    await setUp(app)
    await createAccount(app)
    await app.access.clients.create(commandLine, {
      id: 'app',
      customerId: 'customer',
      displayName: 'App',
      type: 'public',
      scopes: ['read'],
      grants: ['password', 'refresh_token'],
    })
    const { access_token: token } = (await login(app, {}, 'app')).body
    expect((await me(app, token)).status).toBe(200)
    const answer = await app.http.inject({
      method: 'POST',
      url: '/mapillary/graph/token',
      payload: { grant_type: 'refresh_token', client_id: 'app', refresh_token: token },
    })
    expect([answer.statusCode, answer.json<Body>().error.code]).toEqual([401, 190])
  })
})
