import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import {
  answered,
  asked,
  CALLBACK,
  expectError,
  expectPage,
  openRequest,
  redemption,
} from './authorization.ts'
import {
  ASSERTION_TYPE,
  assertionOf,
  fetchWithProof,
  jwksFile,
  type Key,
  newKey,
  proofOf,
} from './keys.ts'
import {
  authorizationUrl,
  authorize,
  consent,
  createAccount,
  fillSignIn,
  newPerson,
  type Person,
  signIn,
} from './person.ts'
import { answerOf, createClient, type Credentials, postForm } from './requests.ts'

let server: Awaited<ReturnType<typeof startSampleServer>>
let web: Credentials
let other: Credentials
/** Ann is signed in and has allowed `web` to read. */
let ann: Person

beforeAll(async () => {
  server = await startSampleServer()
  const options = ['--grant', 'authorization_code', '--redirect-uri', CALLBACK]
  web = await createClient(server, ...options)
  other = await createClient(server, ...options)
  await createAccount(server, 'ann@demo.example')
  ann = await signIn(server, 'ann@demo.example')
  await authorize(ann, authorizationUrl(server, asked(web)))
})
afterAll(() => server[Symbol.asyncDispose]())

describe('RFC 9126', () => {
  const push = (client: Credentials, fields: Record<string, string>) =>
    postForm(`${server.url}/oauth2/par`, {
      ...asked(client),
      client_secret: client.secret,
      ...fields,
    })

  it('takes the request from the client, and gives it a name for a minute', async () => {
    const response = await push(web, { state: 'pushed' })
    expect(response.status).toBe(201)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const body = (await response.json()) as { request_uri: string; expires_in: number }
    expect(body).toEqual({
      request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:.{43}$/),
      expires_in: 60,
    })
    const named = { client_id: web.clientId, request_uri: body.request_uri }
    // Opened again and again, until something comes of it; nothing but what was pushed counts.
    const stranger = newPerson(server)
    const pages = [
      await openRequest(server, stranger, named),
      await openRequest(server, stranger, named),
    ] as const
    expect(pages.map(({ url }) => url.pathname)).toEqual(['/sign-in', '/sign-in'])
    const mixed = { ...named, state: 'brought', redirect_uri: 'https://evil.example' }
    const end = await openRequest(server, ann, mixed)
    expect(end.url.href).toMatch(/^https:\/\/app\.example\/callback\?/)
    expect(answered(end)).toMatchObject({ code: expect.any(String), state: 'pushed' })
    await expectPage(server, ann, named)
    // The interactions that were begun with it are over too.
    const [first, second] = pages.map(({ url }) => url.searchParams.get('interaction')!)
    const left = await fillSignIn(stranger, pages[0], 'ann@demo.example')
    expect(left.url.pathname + left.url.search).toBe(
      `/oauth2/authorize/resume?interaction=${first}`,
    )
    expect(left.status).toBe(400)
    const again = await stranger.open(`/oauth2/authorize/resume?interaction=${second}`)
    expect([again.status, again.url.pathname]).toEqual([400, '/oauth2/authorize/resume'])
    // Signed in they are: only what was pushed is over.
    expect(answered(await openRequest(server, stranger, asked(web)))).toHaveProperty('code')
  })

  it('gives one answer to a request that was opened twice', async () => {
    const { body } = await answerOf(push(web, { prompt: 'consent' }))
    const named = { client_id: web.clientId, request_uri: body.request_uri as string }
    const [first, second] = [
      await openRequest(server, ann, named),
      await openRequest(server, ann, named),
    ]
    expect(answered(await consent(ann, first, 'deny'))).toMatchObject({ error: 'access_denied' })
    expect((await consent(ann, second, 'allow')).status).toBe(400)
  })

  it('belongs to the client that pushed it', async () => {
    const { body } = await answerOf(push(web, {}))
    const named = { client_id: other.clientId, request_uri: body.request_uri as string }
    expect(await expectPage(server, ann, named)).toContain('invalid_request_uri')
  })

  it.each<[string, number, string, Record<string, string>]>([
    ['a client that is not authenticated', 401, 'invalid_client', { client_secret: 'wrong' }],
    [
      'a redirect URI that is not registered',
      400,
      'invalid_request',
      { redirect_uri: 'https://evil.example' },
    ],
    ['a bad scope', 400, 'invalid_scope', { scope: 'nothing' }],
    ['PKCE by plain', 400, 'invalid_request', { code_challenge_method: 'plain' }],
    [
      'a request_uri (§2.1)',
      400,
      'invalid_request',
      { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
    ],
    ['a parameter that is too long', 400, 'invalid_request', { nonce: 'n'.repeat(2_000) }],
  ])('refuses %s at once', async (_name, status, error, fields) => {
    expect(await answerOf(push(web, fields))).toMatchObject({ status, body: { error } })
  })

  it('is the only way in for a client that must push (§6)', async () => {
    const client = await createClient(
      server,
      ...['--grant', 'authorization_code', '--redirect-uri', CALLBACK, '--require-par'],
    )
    await expectError(server, ann, asked(client), 'invalid_request')
    const { body } = await answerOf(push(client, {}))
    const page = await openRequest(server, ann, {
      client_id: client.clientId,
      request_uri: body.request_uri as string,
    })
    expect(page.url.pathname).toBe('/consent')
  })
})

describe('RFC 9449 §10', () => {
  const pushWithKey = (key: Key, fields: Record<string, string> = {}) =>
    fetchWithProof(key, `${server.url}/oauth2/par`, {
      method: 'POST',
      body: new URLSearchParams({ ...asked(web), client_secret: web.secret, ...fields }),
    })

  const redeemWithKey = (key: Key, code: string) =>
    answerOf(
      fetchWithProof(key, `${server.url}/oauth2/token`, {
        method: 'POST',
        body: new URLSearchParams(redemption(web, code, { client_secret: web.secret })),
      }),
    )

  it('binds the code to the key of the push (§10.1), or of dpop_jkt', async () => {
    const [key, thief] = [await newKey(), await newKey()]
    const { body } = await answerOf(pushWithKey(key))
    const requests = [
      { client_id: web.clientId, request_uri: body.request_uri as string },
      asked(web, { dpop_jkt: key.jkt }),
    ]
    for (const request of requests) {
      const { code } = answered(await openRequest(server, ann, request))
      const bare = redemption(web, code!, { client_secret: web.secret })
      expect(await answerOf(postForm(`${server.url}/oauth2/token`, bare))).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      })
      expect(await redeemWithKey(thief, code!)).toMatchObject({ body: { error: 'invalid_grant' } })
      const token = await redeemWithKey(key, code!)
      expect(token).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
      expect(decodeJwt(token.body.access_token as string).cnf).toEqual({ jkt: key.jkt })
    }
  })

  it('refuses a push whose dpop_jkt is not its key', async () => {
    const [key, thief] = [await newKey(), await newKey()]
    expect(await answerOf(pushWithKey(key, { dpop_jkt: thief.jkt }))).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    })
    expect((await pushWithKey(key, { dpop_jkt: key.jkt })).status).toBe(201)
  })
})

describe('FAPI 2.0 Security Profile §5.3.2', () => {
  it('a client of the profile pushes with its key, asks with PKCE, and proves another key', async () => {
    const [key, dpopKey] = [await newKey('PS256'), await newKey()]
    const { id: clientId } = await mapgate<{ id: string }>(
      server,
      ...['clients', 'create', '--customer', 'demo', '--name', 'Bank', '--profile', 'fapi2'],
      ...['--auth-method', 'private_key_jwt', '--jwks-file', jwksFile(server, key.jwk)],
      ...['--grant', 'authorization_code refresh_token', '--redirect-uri', CALLBACK],
    )
    const client = { clientId }
    const issuer = server.url
    const assertion = async () => ({
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await assertionOf(key, { clientId, issuer }),
    })
    const push = async (changes: Record<string, string> = {}) =>
      answerOf(
        postForm(`${server.url}/oauth2/par`, {
          ...asked(client, changes),
          ...(await assertion()),
        }),
      )
    await expectError(server, ann, asked(client), 'invalid_request')
    for (const missing of ['redirect_uri', 'code_challenge']) {
      expect(await push({ [missing]: '' })).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      })
    }
    const { body, status } = await push()
    expect(status).toBe(201)
    const request = { client_id: clientId, request_uri: body.request_uri as string }
    const page = await openRequest(server, ann, request)
    const answer = answered(await consent(ann, page))
    expect(answer.iss).toBe(issuer)
    const url = `${server.url}/oauth2/token`
    const fields = async () =>
      new URLSearchParams({ ...redemption(client, answer.code!), ...(await assertion()) })
    const bare = await answerOf(fetch(url, { method: 'POST', body: await fields() }))
    expect(bare).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    const attempt = async (nonce?: string) => {
      const dpop = await proofOf(dpopKey, { htm: 'POST', htu: url, nonce })
      return fetch(url, { method: 'POST', body: await fields(), headers: { dpop } })
    }
    // The nonce comes with a refusal, which uses nothing up.
    const nonce = (await attempt()).headers.get('dpop-nonce')!
    const token = await answerOf(attempt(nonce))
    expect(token).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(decodeJwt(token.body.access_token as string).cnf).toEqual({ jkt: dpopKey.jkt })
  })
})
