import { expect, it } from 'vitest'
import { FIXED_CLIENT_ID } from '../../server/dialects/mapsindoors/fixed-client.ts'
import { commandLine, createDemoClient } from '../support/access.ts'
import { openTestApp, type TestApp } from '../support/app.ts'
import { describeDatabases } from '../support/databases.ts'
import { grantOf, standingGrants } from '../support/grants.ts'

const EMAIL = 'ann@example.com'
const PASSWORD = 'correct horse battery staple'
const BROWSER = 'b'.repeat(43)

async function setUp(app: TestApp) {
  const { access } = app
  const { customerId, clientId } = await createDemoClient(access)
  const { account } = await access.accounts.create(commandLine, {
    email: EMAIL,
    name: 'Ann',
    passwordHash: await access.passwords.hash(PASSWORD),
    emailConfirmed: true,
  })
  const accountId = account.id
  await access.memberships.set(commandLine, { accountId, customerId, role: 'developer' })
  return { account, clientId }
}

async function getToken(app: TestApp): Promise<string> {
  const answer = await app.http.inject({
    method: 'POST',
    url: '/mapsindoors/auth/connect/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({
      ...{ grant_type: 'password', client_id: FIXED_CLIENT_ID },
      ...{ username: EMAIL, password: PASSWORD },
    }).toString(),
  })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<{ access_token: string }>().access_token
}

const statusOf = async (app: TestApp, token: string) =>
  (
    await app.http.inject({
      url: '/maps/collections',
      headers: { authorization: `Bearer ${token}` },
    })
  ).statusCode

/** `/account/consents` of a person who is signed in. */
async function consentsPage(app: TestApp, accountId: string) {
  const begun = { accountId, methods: ['pwd'] as const, address: null, userAgent: '' }
  const { cookie, session } = await app.access.sessions.begin(begun)
  const headers = {
    accept: 'text/html',
    cookie: `mapgate-browser=${BROWSER}; mapgate-session=${cookie}`,
  }
  return {
    show: async () => (await app.http.inject({ url: '/account/consents', headers })).body,
    withdraw: (fields: Record<string, string>) =>
      app.http.inject({
        method: 'POST',
        url: '/account/consents/withdraw',
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({
          form_token: app.http.formTokenOf({ browser: BROWSER, session }),
          ...fields,
        }).toString(),
      }),
  }
}

describeDatabases('what a client got for a password', (_kind, locate) => {
  it('is listed beside the consents, and ends by the person’s hand', async () => {
    await using app = await openTestApp(await locate())
    const { account, clientId } = await setUp(app)
    const { show, withdraw } = await consentsPage(app, account.id)
    expect(await show()).not.toContain('MapsIndoors scripts')
    const tokens = [await getToken(app), await getToken(app)]
    const given = { accountId: account.id, clientId, scopes: ['read'], details: [] }
    await app.access.consents.grant(commandLine, given)
    await grantOf(app.access, account, { clientId, sessionId: 'session' })
    const page = await show()
    // One card for all that the scripts got, and one for the consent with its grant.
    expect(page.match(/id="consent-[^"]+"/g)).toHaveLength(2)
    expect(page).toContain('MapsIndoors scripts')
    expect(page).toMatch(/name="client"[^>]*value="client"/)
    const ended = await withdraw({ client: FIXED_CLIENT_ID })
    expect(ended.headers.location).toBe('/account/consents?done=consent')
    for (const token of tokens) {
      await expect.poll(() => statusOf(app, token), { timeout: 3_000, interval: 250 }).toBe(401)
    }
    expect(await show()).not.toContain('MapsIndoors scripts')
    expect(await standingGrants(app.access, account.id)).toMatchObject([{ clientId }])
  })

  it('is nobody else’s to end', async () => {
    await using app = await openTestApp(await locate())
    await setUp(app)
    const token = await getToken(app)
    const bo = { email: 'bo@example.com', name: 'Bo', passwordHash: null, emailConfirmed: true }
    const other = await app.access.accounts.create(commandLine, bo)
    const { show, withdraw } = await consentsPage(app, other.account.id)
    expect(await show()).not.toContain('MapsIndoors scripts')
    expect((await withdraw({ client: FIXED_CLIENT_ID })).statusCode).toBe(303)
    expect(await statusOf(app, token)).toBe(200)
  })

  it('ends with that password, and nothing else does', async () => {
    await using app = await openTestApp(await locate())
    const { account, clientId } = await setUp(app)
    const token = await getToken(app)
    const asked = await grantOf(app.access, account, { clientId, sessionId: 'session' })
    const hash = await app.access.passwords.hash('other words for the same person')
    await app.access.accounts.setPassword(commandLine, account.id, hash)
    await expect.poll(() => statusOf(app, token), { timeout: 3_000, interval: 250 }).toBe(401)
    expect(await standingGrants(app.access, account.id)).toEqual([asked])
    const events = await app.access.audit.list({ limit: 5 })
    expect(events.map(({ action }) => action)).toContain('grant.revoke')
  })
})
