import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import {
  answerOf,
  basic,
  createClient,
  type Credentials,
  demoClient,
  getToken,
  postForm,
  requestToken,
  type TokenAnswer,
} from './requests.ts'

let server: Awaited<ReturnType<typeof startSampleServer>>
let demo: Credentials
/** May read, write and manage; its id has characters that a client may percent-encode. */
let wide: Credentials

beforeAll(async () => {
  server = await startSampleServer()
  demo = demoClient(server)
  wide = await createClient(
    server,
    ...['--id', 'wide.client~1', '--scope', 'read write manage', '--token-lifetime', '2m'],
  )
})
afterAll(() => server[Symbol.asyncDispose]())

const grant = { grant_type: 'client_credentials' }

const credentialsOf = ({ clientId, secret }: Credentials) => ({
  client_id: clientId,
  client_secret: secret,
})

describe('RFC 9396 §6', () => {
  it('refuses details where they would not limit the token', async () => {
    const details = JSON.stringify([{ type: 'map_data', actions: ['read'] }])
    const fields = { ...grant, ...credentialsOf(demo), authorization_details: details }
    expect(await answerOf(postForm(`${server.url}/oauth2/token`, fields))).toMatchObject({
      status: 400,
      body: { error: 'invalid_authorization_details' },
    })
  })
})

describe('RFC 9068 §2', () => {
  it('signs an access token that the keys of /jwks verify', async () => {
    const token = await getToken(server, demo)
    const { payload, protectedHeader } = await jwtVerify(
      token,
      createRemoteJWKSet(new URL(`${server.url}/jwks`)),
      { issuer: server.url, audience: `${server.url}/maps`, typ: 'at+jwt', algorithms: ['ES256'] },
    )
    expect(Object.keys(protectedHeader).toSorted()).toEqual(['alg', 'kid', 'typ'])
    const secrets = await mapgate<{ secrets: { id: string }[] }>(
      server,
      ...['clients', 'show', demo.clientId],
    )
    expect(payload).toEqual({
      iss: server.url,
      sub: demo.clientId,
      aud: `${server.url}/maps`,
      exp: payload.iat! + 3_600,
      iat: expect.any(Number),
      nbf: payload.iat,
      jti: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
      client_id: demo.clientId,
      scope: 'read',
      customer: server.sample.customer_id,
      secret_id: secrets.secrets[0]!.id,
    })
    expect(decodeJwt(await getToken(server, demo)).jti).not.toBe(payload.jti)
  })

  it('signs with RS256 for a client that asks for it', async () => {
    const client = await createClient(server, '--signing-algorithm', 'RS256')
    const token = await getToken(server, client)
    expect(decodeProtectedHeader(token).alg).toBe('RS256')
    await jwtVerify(token, createRemoteJWKSet(new URL(`${server.url}/jwks`)))
  })
})

describe('RFC 6749 §5.1', () => {
  it('answers with the token, its kind, life and scope, and forbids caches to keep it', async () => {
    const response = await requestToken(server, demo)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-type')).toMatch(/^application\/json\b/)
    const answer = (await response.json()) as TokenAnswer
    const { iat, exp } = decodeJwt(answer.access_token)
    expect(answer).toEqual({
      access_token: answer.access_token,
      token_type: 'Bearer',
      expires_in: 3_600,
      scope: 'read',
      not_before: iat,
      expires_on: exp,
      resource: `${server.url}/maps`,
    })
  })

  it('lets a token live as long as its client says', async () => {
    const { body } = await answerOf(requestToken(server, wide))
    expect(body.expires_in).toBe(120)
    const { iat, exp } = decodeJwt(body.access_token as string)
    expect(exp! - iat!).toBe(120)
  })
})

describe('RFC 6749 §3.3', () => {
  const alias = 'https://api.mapiq.com/public'

  it.each([
    ['no scope is all that is granted', {}, 'read write manage', ['/maps', '/admin']],
    ['an empty scope counts as none', { scope: '' }, 'read write manage', ['/maps', '/admin']],
    ['one that is granted', { scope: 'write' }, 'write', ['/maps']],
    ['two of two APIs', { scope: 'manage read' }, 'read manage', ['/maps', '/admin']],
    ['.default of an alias', { scope: `${alias}/.default` }, 'read write', ['/maps']],
    ['.default of an API', { scope: 'management/.default' }, 'manage', ['/admin']],
  ])('%s', async (_name, fields, scope, paths) => {
    const { status, body } = await answerOf(requestToken(server, wide, fields))
    const audience = paths.map((path) => server.url + path)
    expect({ status, scope: body.scope, resource: body.resource }).toEqual({
      status: 200,
      scope,
      resource: audience[0],
    })
    const claims = decodeJwt(body.access_token as string)
    expect([claims.scope, [claims.aud].flat()]).toEqual([scope, audience])
  })

  it('.default of an audience', async () => {
    const scope = `${server.url}/maps/.default`
    const { body } = await answerOf(requestToken(server, wide, { scope }))
    expect(body.scope).toBe('read write')
  })

  it.each([
    ['not granted', 'operate'],
    ['unknown', 'fly'],
    ['granted and not granted', 'read operate'],
    ['malformed', 'read "write"'],
    ['.default beside another', `${alias}/.default read`],
    ['.default of an unknown API', 'https://elsewhere.example/.default'],
  ])('refuses a scope that is %s', async (_name, scope) => {
    const { status, body } = await answerOf(requestToken(server, wide, { scope }))
    expect([status, body.error]).toEqual([400, 'invalid_scope'])
  })
})

describe('RFC 8707', () => {
  it('narrows the token to the resources', async () => {
    const one = await answerOf(requestToken(server, wide, { resource: `${server.url}/admin` }))
    expect([one.body.scope, one.body.resource]).toEqual(['manage', `${server.url}/admin`])
    const both = await postForm(
      `${server.url}/oauth2/token`,
      [
        ['grant_type', 'client_credentials'],
        ['resource', `${server.url}/maps`],
        ['resource', `${server.url}/admin`],
      ],
      basic(wide),
    )
    const { body } = await answerOf(both)
    expect(decodeJwt(body.access_token as string).aud).toEqual([
      `${server.url}/maps`,
      `${server.url}/admin`,
    ])
  })

  it.each([
    ['unknown', { resource: 'https://elsewhere.example' }],
    ['not that of the scope', { resource: 'https://api.mapiq.com/public', scope: 'manage' }],
    [
      'not that of .default',
      { resource: 'https://api.mapiq.com/public', scope: 'management/.default' },
    ],
  ])('refuses a resource that is %s', async (_name, fields) => {
    const { status, body } = await answerOf(requestToken(server, wide, fields))
    expect([status, body.error]).toEqual([400, 'invalid_target'])
  })
})

describe('RFC 6749 §2.3.1', () => {
  it('takes Basic credentials, also when every character is percent-encoded', async () => {
    const url = `${server.url}/oauth2/token`
    expect((await postForm(url, grant, basic(wide))).status).toBe(200)
    const percent = (text: string) =>
      text.replaceAll(/[^]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
    const encoded = `${percent(wide.clientId)}:${percent(wide.secret)}`
    const authorization = `bAsIc ${Buffer.from(encoded).toString('base64')}`
    expect((await postForm(url, grant, { authorization })).status).toBe(200)
  })

  it('takes the same client_id in the form and in the header', async () => {
    const url = `${server.url}/oauth2/token`
    const same = await postForm(url, { ...grant, client_id: wide.clientId }, basic(wide))
    expect(same.status).toBe(200)
    const other = await postForm(url, { ...grant, client_id: demo.clientId }, basic(wide))
    expect((await answerOf(other)).body.error).toBe('invalid_request')
  })

  it('refuses two ways at once', async () => {
    const fields = { ...grant, client_id: wide.clientId, client_secret: wide.secret }
    const answer = await answerOf(postForm(`${server.url}/oauth2/token`, fields, basic(wide)))
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
  })
})

describe('RFC 6749 §5.2', () => {
  it('answers a wrong secret, an unknown client and no client alike, and names a scheme', async () => {
    const wrong = `${demo.secret.slice(0, -1)}${demo.secret.endsWith('A') ? 'B' : 'A'}`
    for (const response of [
      await requestToken(server, { ...demo, secret: wrong }),
      await requestToken(server, { ...demo, clientId: '404' }),
      await requestToken(server, { clientId: demo.clientId, secret: wide.secret }),
      await postForm(`${server.url}/oauth2/token`, grant),
      await postForm(`${server.url}/oauth2/token`, grant, basic({ ...demo, secret: wrong })),
    ]) {
      expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm="[^"]+"/)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(await answerOf(response)).toEqual({
        status: 401,
        body: { error: 'invalid_client', error_description: expect.any(String) },
      })
    }
  })

  it('refuses a client that is suspended, and one whose customer is', async () => {
    await mapgate(server, 'customers', 'create', 'Other', '--id', 'other')
    const ofOther = await createClient(server, '--customer', 'other')
    const suspended = await createClient(server)
    const isServed = async () => [
      (await requestToken(server, suspended)).status,
      (await requestToken(server, ofOther)).status,
    ]
    expect(await isServed()).toEqual([200, 200])
    await mapgate(server, 'clients', 'suspend', suspended.clientId)
    await mapgate(server, 'customers', 'suspend', 'other')
    await expect.poll(isServed, { timeout: 1_000 }).toEqual([401, 401])
    await mapgate(server, 'clients', 'resume', suspended.clientId)
    await mapgate(server, 'customers', 'resume', 'other')
    await expect.poll(isServed, { timeout: 1_000 }).toEqual([200, 200])
  })
})
