import { afterAll, beforeAll, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import {
  assertionOf,
  ASSERTION_TYPE,
  fetchWithProof,
  jwksFile,
  type Key,
  newKey,
  proofOf,
} from './keys.ts'
import {
  authorizationUrl,
  authorize,
  createAccount,
  newPkce,
  type Person,
  signIn,
} from './person.ts'
import { answerOf, postForm } from './requests.ts'

const CALLBACK = 'https://app.example/callback'

let server: Awaited<ReturnType<typeof startSampleServer>>
/** The client's, to log in with and to prove with each request. */
let login: Key
let proving: Key
let clientId: string
let ann: Person

beforeAll(async () => {
  server = await startSampleServer()
  login = await newKey('PS256')
  proving = await newKey()
  const created = await mapgate<{ id: string }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Bank', '--profile', 'fapi2'],
    ...['--grant', 'authorization_code refresh_token', '--redirect-uri', CALLBACK],
    ...['--jwks-file', jwksFile(server, login.jwk)],
  )
  clientId = created.id
  await createAccount(server, 'ann@demo.example')
  ann = await signIn(server, 'ann@demo.example')
})
afterAll(() => server[Symbol.asyncDispose]())

const authenticated = async (fields: Record<string, string>) => ({
  client_assertion: await assertionOf(login, { clientId, issuer: server.url }),
  client_assertion_type: ASSERTION_TYPE,
  ...fields,
})

let nonce: string | undefined

/** Each call has an assertion of its own: the one of a call that told the nonce is used up. */
async function call(path: string, fields: Record<string, string>, key: Key | null = proving) {
  const url = server.url + path
  if (key === null) return answerOf(postForm(url, await authenticated(fields)))
  for (;;) {
    const dpop = await proofOf(key, { htm: 'POST', htu: url, nonce })
    const response = await postForm(url, await authenticated(fields), { dpop })
    const isFirst = nonce === undefined
    nonce = response.headers.get('dpop-nonce') ?? nonce
    if (!isFirst) return answerOf(response)
    expect(await answerOf(response)).toMatchObject({ body: { error: 'use_dpop_nonce' } })
  }
}

it('FAPI 2.0 §5.3.2: PAR, private_key_jwt, DPoP, and a refresh token that is kept', async () => {
  const pkce = newPkce()
  const asked = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: CALLBACK,
    scope: 'read',
    ...pkce.parameters,
  }
  const direct = await ann.open(authorizationUrl(server, asked))
  expect(direct.url.searchParams.get('error')).toBe('invalid_request')

  const pushed = await call('/oauth2/par', asked, null)
  expect(pushed.status).toBe(201)
  const request_uri = String(pushed.body.request_uri)
  const answer = await authorize(
    ann,
    authorizationUrl(server, { client_id: clientId, request_uri }),
  )
  const redemption = {
    grant_type: 'authorization_code',
    code: answer.get('code')!,
    code_verifier: pkce.verifier,
    redirect_uri: CALLBACK,
  }
  expect(await call('/oauth2/token', redemption, null)).toMatchObject({
    status: 400,
    body: { error: 'invalid_dpop_proof' },
  })
  const { status, body } = await call('/oauth2/token', redemption)
  expect([status, body.token_type]).toEqual([200, 'DPoP'])
  const data = `${server.url}/maps/collections`
  const token = String(body.access_token)
  expect((await fetchWithProof(proving, data, { token })).status).toBe(200)

  const refresh = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }
  expect((await call('/oauth2/token', refresh, null)).status).toBe(400)
  for (let time = 0; time < 2; time++) {
    const again = await call('/oauth2/token', refresh)
    expect(again.body.refresh_token).toBe(body.refresh_token)
  }
})
