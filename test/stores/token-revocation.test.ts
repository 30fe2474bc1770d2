import { expect, it } from 'vitest'
import { TOKEN_EXCHANGE_GRANT } from '../../server/access/clients/client.ts'
import { commandLine, createDemoClient } from '../support/access.ts'
import { openTestApp, type TestApp } from '../support/app.ts'
import { describeDatabases } from '../support/databases.ts'
import { createPerson, grantOf } from '../support/grants.ts'

type Demo = Awaited<ReturnType<typeof createDemoClient>>

const createClient = ({ access }: TestApp) =>
  createDemoClient(access, { grants: ['client_credentials', TOKEN_EXCHANGE_GRANT] })

function post({ http }: TestApp, path: string, demo: Demo, fields: Record<string, string>) {
  const payload = { client_id: demo.clientId, client_secret: demo.text, ...fields }
  return http.inject({
    method: 'POST',
    url: `/oauth2/${path}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(payload).toString(),
  })
}

async function tokenFrom(app: TestApp, demo: Demo, fields: Record<string, string>) {
  const answer = await post(app, 'token', demo, fields)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<{ access_token: string }>().access_token
}

const login = (app: TestApp, demo: Demo) =>
  tokenFrom(app, demo, { grant_type: 'client_credentials' })

const exchange = (app: TestApp, demo: Demo, subject: string) =>
  tokenFrom(app, demo, {
    grant_type: TOKEN_EXCHANGE_GRANT,
    subject_token: subject,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  })

async function revoke(app: TestApp, demo: Demo, token: string) {
  expect((await post(app, 'revoke', demo, { token })).statusCode).toBe(200)
}

/** Why each is not valid; null: it is. */
const faultsOf = ({ access }: TestApp, tokens: readonly string[]) =>
  Promise.all(
    tokens.map(async (token) => {
      const outcome = await access.verifyToken(token)
      return outcome.kind === 'valid' ? null : outcome.reason
    }),
  )

/** A person's token of a grant of theirs. */
async function personToken({ access }: TestApp, demo: Demo) {
  const account = await createPerson(access)
  const grant = await grantOf(access, account, { clientId: demo.clientId, scopes: ['read'] })
  const { accessToken } = access.issueToken({
    client: (await access.clients.find(demo.clientId))!,
    secretId: demo.secretId,
    scopes: grant.scopes,
    audience: grant.audience,
    narrowed: false,
    lifetimeSeconds: 600,
    grant,
  })
  return { account, grant, accessToken }
}

describeDatabases('a revoked token', (_kind, locate) => {
  it('takes along what was exchanged from it, however often', async () => {
    await using app = await openTestApp(await locate())
    const demo = await createClient(app)
    const first = await login(app, demo)
    const second = await exchange(app, demo, first)
    const third = await exchange(app, demo, second)
    const sibling = await exchange(app, demo, first)
    expect(await faultsOf(app, [first, second, third, sibling])).toEqual([null, null, null, null])
    await revoke(app, demo, second)
    expect(await faultsOf(app, [first, second, third, sibling])).toEqual([
      null,
      'revoked',
      'revoked',
      null,
    ])
    await revoke(app, demo, first)
    expect(await faultsOf(app, [first, third, sibling])).toEqual(['revoked', 'revoked', 'revoked'])
  })

  it('is one that is not valid at the moment, too', async () => {
    await using app = await openTestApp(await locate())
    const { access } = app
    const demo = await createClient(app)
    const { account, accessToken } = await personToken(app, demo)
    await access.accounts.setSuspended(commandLine, account.id, true)
    expect(await faultsOf(app, [accessToken])).toEqual(['account_ended'])
    await revoke(app, demo, accessToken)
    await access.accounts.setSuspended(commandLine, account.id, false)
    expect(await faultsOf(app, [accessToken])).toEqual(['revoked'])
  })
})

describeDatabases('an exchanged token', (_kind, locate) => {
  it('ends with the secret, or the grant, of the first', async () => {
    await using app = await openTestApp(await locate())
    const { access } = app
    const demo = await createClient(app)
    const { grant, accessToken } = await personToken(app, demo)
    const ofPerson = await exchange(app, demo, await exchange(app, demo, accessToken))
    const ofClient = await exchange(app, demo, await exchange(app, demo, await login(app, demo)))
    await access.grants.revoke(commandLine, grant.id, 'test')
    expect(await faultsOf(app, [ofPerson, ofClient])).toEqual(['grant_ended', null])
    await access.secrets.roll(commandLine, demo.clientId, {
      description: 'second',
      overlapSeconds: 0,
      revokeTokens: true,
    })
    expect(await faultsOf(app, [ofClient])).toEqual(['secret_tokens_revoked'])
  })

  it('is exchanged so often, and no more', async () => {
    await using app = await openTestApp(await locate())
    const demo = await createClient(app)
    let token = await login(app, demo)
    for (let count = 0; count < 10; count++) token = await exchange(app, demo, token)
    const again = await post(app, 'token', demo, {
      grant_type: TOKEN_EXCHANGE_GRANT,
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    })
    expect([again.statusCode, again.json<{ error: string }>().error]).toEqual([
      400,
      'invalid_request',
    ])
  })
})
