import { createHmac, createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { assertionOf, ASSERTION_TYPE, jwksFile, type Key, newKey, nowSeconds } from './keys.ts'
import { answerOf, basic, type Credentials, demoClient, postForm } from './requests.ts'

let server: Awaited<ReturnType<typeof startSampleServer>>
let demo: Credentials
let key: Key
/** May log in with `key` and, at once, with an RSA key. */
let clientId: string
let rsa: Key
let options: { clientId: string; issuer: string }

async function createKeyClient(...more: string[]): Promise<string> {
  const created = await mapgate<{ id: string }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Keys', '--scope', 'read'],
    ...['--auth-method', 'private_key_jwt', '--grant', 'client_credentials', ...more],
  )
  return created.id
}

beforeAll(async () => {
  server = await startSampleServer()
  demo = demoClient(server)
  key = await newKey()
  rsa = await newKey('PS256')
  const file = jwksFile(server, { ...key.jwk, kid: 'one' }, { ...rsa.jwk, kid: 'two' })
  clientId = await createKeyClient('--jwks-file', file)
  options = { clientId, issuer: server.url }
})
afterAll(() => server[Symbol.asyncDispose]())

const logIn = (assertion: string, more: Record<string, string> = {}, headers = {}) =>
  answerOf(
    postForm(
      `${server.url}/oauth2/token`,
      {
        grant_type: 'client_credentials',
        client_assertion: assertion,
        client_assertion_type: ASSERTION_TYPE,
        ...more,
      },
      headers,
    ),
  )

const refused = { status: 401, body: { error: 'invalid_client' } }

describe('RFC 7523 §3', () => {
  it('logs in with a signed assertion, with and without client_id and kid', async () => {
    for (const [assertion, more] of [
      [await assertionOf(key, options), {}],
      [await assertionOf(key, options, {}, { kid: 'one' }), { client_id: clientId }],
      [await assertionOf(rsa, options, {}, { kid: 'two', typ: 'JWT' }), {}],
      [await assertionOf(rsa, options, {}, { typ: 'client-authentication+jwt' }), {}],
    ] as const) {
      const { status, body } = await logIn(assertion, more)
      expect([status, body.error]).toEqual([200, undefined])
    }
  })

  it('takes an assertion once, of several at once one', async () => {
    const assertion = await assertionOf(key, options)
    const answers = await Promise.all(Array.from({ length: 8 }, () => logIn(assertion)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await logIn(assertion)).toMatchObject(refused)
  })

  it.each([
    ['audience of the endpoint', () => ({ aud: `${server.url}/oauth2/token` })],
    ['audience as a list', () => ({ aud: [server.url] })],
    ['other audience', () => ({ aud: 'https://other.example' })],
    ['no audience', () => ({ aud: undefined })],
    ['other issuer', () => ({ iss: 'other' })],
    ['no issuer', () => ({ iss: undefined })],
    ['expiry in the past', () => ({ exp: nowSeconds() - 1 })],
    ['expiry too far away', () => ({ exp: nowSeconds() + 400 })],
    ['no expiry', () => ({ exp: undefined })],
    ['expiry that is no number', () => ({ exp: String(nowSeconds() + 60) })],
    ['iat in the future', () => ({ iat: nowSeconds() + 60 })],
    ['nbf in the future', () => ({ nbf: nowSeconds() + 60 })],
    ['no jti', () => ({ jti: undefined })],
    ['jti with a NUL', () => ({ jti: 'a\0b' })],
    ['jti too long', () => ({ jti: 'x'.repeat(600) })],
  ])('refuses: %s', async (_name, claims) => {
    expect(await logIn(await assertionOf(key, options, claims()))).toMatchObject(refused)
  })

  it.each(['', 'a\0b', 'x'.repeat(2_000), 'nobody'])('refuses the subject %j', async (sub) => {
    const assertion = await assertionOf(key, options, { sub, iss: sub })
    expect(await logIn(assertion)).toMatchObject(refused)
  })

  it('RFC 8725 §2.1, §3.11: refuses other keys, none, an HMAC with the public key, other types', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const [, payload] = (await assertionOf(key, options)).split('.') as [string, string]
    const pem = createPublicKey({ key: rsa.jwk, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    })
    const input = `${encode({ alg: 'HS256', kid: 'two' })}.${payload}`
    const good = await assertionOf(key, options)
    for (const assertion of [
      await assertionOf(await newKey(), options),
      await assertionOf(await newKey(), options, {}, { jwk: (await newKey()).jwk }),
      await assertionOf(key, options, {}, { kid: 'two' }),
      await assertionOf(key, options, {}, { typ: 'at+jwt' }),
      await assertionOf(key, options, {}, { typ: 'dpop+jwt' }),
      `${encode({ alg: 'none' })}.${payload}.`,
      `${encode({ alg: 'none' })}.${payload}.AA`,
      `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`,
      good.slice(0, -4),
      'garbage',
    ]) {
      expect(await logIn(assertion)).toMatchObject(refused)
    }
  })

  it('RFC 6749 §2.3: one way a request, and only the one that is registered', async () => {
    const assertion = await assertionOf(key, options)
    expect(
      await logIn(assertion, { client_secret: demo.secret, client_id: clientId }),
    ).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    expect(await logIn(assertion, {}, basic(demo))).toMatchObject({ status: 400 })
    expect(await logIn(assertion, { client_id: demo.clientId })).toMatchObject({ status: 400 })
    expect(await logIn(assertion, { client_assertion_type: 'x' })).toMatchObject({ status: 400 })
    // The demo client has secrets, this one keys.
    const ofDemo = await assertionOf(key, { ...options, clientId: demo.clientId })
    expect(await logIn(ofDemo)).toMatchObject(refused)
    const bySecret = postForm(`${server.url}/oauth2/token`, {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: demo.secret,
    })
    expect(await answerOf(bySecret)).toMatchObject(refused)
    const byName = postForm(`${server.url}/oauth2/token`, {
      grant_type: 'client_credentials',
      client_id: clientId,
    })
    expect(await answerOf(byName)).toMatchObject(refused)
  })

  it('is for the issuer of a dialect that is one', async () => {
    const issuer = `${server.url}/mapsindoors/auth`
    const form = async (audience: string) => ({
      grant_type: 'client_credentials',
      client_assertion: await assertionOf(key, { clientId, issuer: audience }),
      client_assertion_type: ASSERTION_TYPE,
    })
    const logInThere = async (audience: string) =>
      (await postForm(`${issuer}/connect/token`, await form(audience))).status
    expect(await logInThere(issuer)).toBe(200)
    expect(await logInThere(server.url)).toBe(400)
    expect(await logIn(await assertionOf(key, { clientId, issuer }))).toMatchObject(refused)
  })

  it('serves introspection and revocation too', async () => {
    const { body } = await logIn(await assertionOf(key, options))
    const about = async () => ({
      client_assertion: await assertionOf(key, options),
      client_assertion_type: ASSERTION_TYPE,
      token: String(body.access_token),
    })
    const introspect = async () =>
      answerOf(postForm(`${server.url}/oauth2/introspect`, await about()))
    expect((await introspect()).body.active).toBe(true)
    expect((await postForm(`${server.url}/oauth2/revoke`, await about())).status).toBe(200)
    expect((await introspect()).body.active).toBe(false)
  })
})

it('FAPI 2.0 §5.3.2.1, §5.4.1: a client of the profile needs a DPoP key, and no RS256', async () => {
  const rs256 = await newKey('RS256')
  const file = jwksFile(server, key.jwk, rs256.jwk)
  const plain = await createKeyClient('--jwks-file', file)
  const fapi = await createKeyClient('--jwks-file', file, '--profile', 'fapi2')
  const issuer = server.url
  expect((await logIn(await assertionOf(rs256, { clientId: plain, issuer }))).status).toBe(200)
  expect(await logIn(await assertionOf(rs256, { clientId: fapi, issuer }))).toMatchObject(refused)
  expect(await logIn(await assertionOf(key, { clientId: fapi, issuer }))).toMatchObject({
    status: 400,
    body: { error: 'invalid_dpop_proof' },
  })
})
