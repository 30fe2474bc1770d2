import type { ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { generous, withConfig } from './config-file.ts'
import { type DocumentServer, startDocumentServer } from './documents.ts'
import {
  authorizationUrl,
  authorize,
  createAccount,
  newPerson,
  newPkce,
  type Person,
  signIn,
} from './person.ts'
import { answerOf, basic, bearer, postForm } from './requests.ts'

let server: Awaited<ReturnType<typeof startSampleServer>>
let documents: DocumentServer
let ann: Person

const roomy = { quota: 10_000, windowSeconds: 60 }

beforeAll(async () => {
  documents = await startDocumentServer()
  server = await startSampleServer({
    environment: withConfig({
      registration: { open: true, scopes: ['read', 'upload'] },
      clientIdMetadata: { enabled: true },
      outbound: { allowedHosts: [documents.host] },
      limits: {
        ...generous.limits,
        endpoints: {
          'oauth2.register': roomy,
          'oauth2.registration.delete': { ...roomy, quota: 10 },
        },
      },
    }),
  })
  await createAccount(server, 'ann@demo.example')
  ann = await signIn(server, 'ann@demo.example')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await documents[Symbol.asyncDispose]()
})

const CALLBACK = 'https://app.example/callback'
const NATIVE = { redirect_uris: ['http://127.0.0.1/cb'], token_endpoint_auth_method: 'none' }

const send = (url: string, method: string, body?: unknown, token?: string) =>
  fetch(url, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && bearer(token)),
    },
  })

const register = (metadata: unknown, token?: string) =>
  answerOf(send(`${server.url}/oauth2/register`, 'POST', metadata, token))

interface Registration {
  client_id: string
  client_secret?: string
  registration_access_token: string
  registration_client_uri: string
}

async function registered(metadata: object, token?: string): Promise<Registration> {
  const { status, body } = await register(metadata, token)
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body as unknown as Registration
}

const initialToken = async (...options: string[]) =>
  (
    await mapgate<{ text: string }>(
      server,
      ...['registration-tokens', 'create', '--customer', 'demo', ...options],
    )
  ).text

/** What a person allows the client, which redeems the code with `fields`. */
async function redeem(clientId: string, fields: Record<string, string>, asked: object = {}) {
  const pkce = newPkce()
  const redirect_uri = fields['redirect_uri'] ?? CALLBACK
  const answer = await authorize(
    ann,
    authorizationUrl(server, {
      response_type: 'code',
      client_id: clientId,
      redirect_uri,
      scope: 'openid read',
      ...pkce.parameters,
      ...asked,
    }),
  )
  return answerOf(
    postForm(`${server.url}/oauth2/token`, {
      grant_type: 'authorization_code',
      code: answer.get('code')!,
      client_id: clientId,
      code_verifier: pkce.verifier,
      redirect_uri,
      ...fields,
    }),
  )
}

describe('RFC 7591', () => {
  it('registers a public client, which gets a person’s permission at once', async () => {
    const { status, body } = await register({
      ...NATIVE,
      client_name: 'Field app',
      grant_types: ['authorization_code', 'refresh_token'],
      unknown_member: 1,
    })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      client_name: 'Field app',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      require_pkce: true,
      scope: 'read upload openid profile email offline_access',
      client_id_issued_at: expect.any(Number),
      registration_access_token: expect.stringMatching(/^mgreg_[0-9A-Za-z]{43}$/),
    })
    expect(body).not.toHaveProperty('client_secret')
    expect(body).not.toHaveProperty('unknown_member')
    const answer = await redeem(String(body['client_id']), {
      redirect_uri: 'http://127.0.0.1:5555/cb',
    })
    expect(answer).toMatchObject({ status: 200, body: { scope: 'openid read' } })
    expect(answer.body).toHaveProperty('refresh_token')
  })

  it('registers a confidential client by an initial access token, as often as that allows', async () => {
    const token = await initialToken('--uses', '2')
    const metadata = { redirect_uris: [CALLBACK], scope: 'openid read' }
    // Nothing was registered, so nothing was used up.
    expect((await register({ redirect_uris: ['nonsense'] }, token)).status).toBe(400)
    const [one, two, ...rest] = await Promise.all(
      Array.from({ length: 5 }, () => register(metadata, token)),
    ).then((answers) => answers.toSorted((a, b) => a.status - b.status))
    expect([one!.status, two!.status]).toEqual([201, 201])
    for (const { status, body } of rest) {
      expect([status, body['error']]).toEqual([401, 'invalid_token'])
    }
    expect(one!.body).toMatchObject({
      client_secret: expect.stringMatching(/^mgs_/),
      client_secret_expires_at: 0,
      token_endpoint_auth_method: 'client_secret_basic',
      // OpenID Connect knows no PKCE.
      require_pkce: false,
    })
    const { client_id: clientId, client_secret: secret } = one!.body as unknown as Registration
    const answer = await answerOf(
      postForm(
        `${server.url}/oauth2/token`,
        {
          grant_type: 'authorization_code',
          redirect_uri: CALLBACK,
          code: (
            await authorize(
              ann,
              authorizationUrl(server, {
                response_type: 'code',
                client_id: clientId,
                redirect_uri: CALLBACK,
                scope: 'openid',
                nonce: 'n',
              }),
            )
          ).get('code')!,
        },
        basic({ clientId, secret: secret! }),
      ),
    )
    expect(answer.status).toBe(200)
    expect(answer.body).toHaveProperty('id_token')
    const shown = await mapgate(server, 'clients', 'show', clientId)
    expect(shown).toMatchObject({ customerId: 'demo', registration: 'dynamic' })
  })

  it('needs a token for all but public clients, and a good one', async () => {
    const metadata = { redirect_uris: [CALLBACK] }
    const answers = [
      await register(metadata),
      await register(metadata, 'mgi_wrong'),
      // A door that is open does not make a wrong token good.
      await register(NATIVE, 'mgi_wrong'),
    ]
    for (const { status, body } of answers) {
      expect([status, body['error']]).toEqual([401, 'invalid_token'])
    }
    const token = await initialToken()
    const { tokens } = await mapgate<{ tokens: { id: string }[] }>(
      server,
      'registration-tokens',
      'list',
    )
    await mapgate(server, 'registration-tokens', 'delete', tokens[0]!.id)
    expect((await register(metadata, token)).status).toBe(401)
  })

  it.each([
    [{ redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri', 'redirect_uris'],
    [{ redirect_uris: ['https://a.example/#b'] }, 'invalid_redirect_uri', 'redirect_uris'],
    [{ scope: 'read operate' }, 'invalid_client_metadata', 'scope'],
    [{ grant_types: ['implicit'] }, 'invalid_client_metadata', 'grant_types'],
    [{ grant_types: ['client_credentials'] }, 'invalid_client_metadata', 'grant_types'],
    [{ client_name: 'a\r\nb' }, 'invalid_client_metadata', 'client_name'],
    [{ jwks_uri: 'https://169.254.169.254/a' }, 'invalid_client_metadata', 'jwks_uri'],
  ])('refuses %o', async (metadata, error, member) => {
    const { status, body } = await register({ ...NATIVE, ...metadata })
    expect([status, body['error']]).toEqual([400, error])
    expect(body['error_description']).toContain(member)
  })

  it('takes JSON objects alone, and not too large ones', async () => {
    const url = `${server.url}/oauth2/register`
    expect((await register([])).body['error']).toBe('invalid_client_metadata')
    expect((await postForm(url, { client_name: 'a' })).status).toBe(415)
    expect((await send(url, 'POST', { client_name: 'a'.repeat(300_000) })).status).toBe(413)
    const broken = await fetch(url, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    })
    expect(broken.status).toBe(400)
  })
})

describe('RFC 7592', () => {
  it('shows, replaces and ends a registration, by its token alone', async () => {
    const one = await registered({ ...NATIVE, client_name: 'One' })
    const other = await registered({ ...NATIVE, client_name: 'Other' })
    const url = one.registration_client_uri
    const token = one.registration_access_token
    const shown = await answerOf(send(url, 'GET', undefined, token))
    expect(shown).toEqual({ status: 200, body: one })
    for (const wrong of [undefined, other.registration_access_token, 'mgreg_x']) {
      expect((await send(url, 'GET', undefined, wrong)).status).toBe(401)
    }

    const { registration_access_token: _, registration_client_uri: __, ...rest } = shown.body
    const { client_id_issued_at: ___, ...metadata } = rest
    const replaced = await answerOf(
      send(url, 'PUT', { ...metadata, client_name: 'Two', scope: 'read' }, token),
    )
    expect(replaced.status).toBe(200)
    expect(replaced.body).toMatchObject({ client_name: 'Two', registration_access_token: token })
    expect(String(replaced.body['scope']).split(' ')).not.toContain('upload')

    expect((await send(url, 'DELETE', undefined, other.registration_access_token)).status).toBe(401)
    expect((await send(url, 'DELETE', undefined, token)).status).toBe(204)
    expect((await send(url, 'GET', undefined, token)).status).toBe(401)
  })

  it('judges a change as it judges a new client', async () => {
    const one = await registered(NATIVE)
    const change = (metadata: object) =>
      answerOf(
        send(
          one.registration_client_uri,
          'PUT',
          { client_id: one.client_id, ...NATIVE, ...metadata },
          one.registration_access_token,
        ),
      )
    const refused = [
      await change({ redirect_uris: ['javascript:alert(1)'] }),
      await change({ scope: 'read manage' }),
      await change({ require_pkce: false }),
      await change({ jwks_uri: 'https://127.0.0.1/jwks' }),
      await change({ token_endpoint_auth_method: 'client_secret_basic' }),
      await change({ client_id: 'another' }),
      await change({ client_id: undefined }),
      await change({ registration_access_token: one.registration_access_token }),
      await change({ client_secret: 'mgs_guess' }),
    ]
    expect(refused.map(({ status }) => status)).toEqual(Array(refused.length).fill(400))
    const url = one.registration_client_uri
    const unchanged = await answerOf(send(url, 'GET', undefined, one.registration_access_token))
    expect(unchanged.body).toEqual(one)
  })

  it('ends with the client’s suspension', async () => {
    const one = await registered(NATIVE)
    await mapgate(server, 'clients', 'suspend', one.client_id)
    const { registration_client_uri: url, registration_access_token: token } = one
    expect((await send(url, 'PUT', { client_id: one.client_id, ...NATIVE }, token)).status).toBe(
      401,
    )
    expect((await send(url, 'DELETE', undefined, token)).status).toBe(401)
  })
})

describe('RFC 9700 §4.11.2', () => {
  const wrong = (clientId: string, more: Record<string, string> = {}) => ({
    response_type: 'token',
    client_id: clientId,
    redirect_uri: CALLBACK,
    state: 's-1',
    ...more,
  })

  const open = (parameters: Record<string, string>, person: Person = newPerson(server)) =>
    person.open(authorizationUrl(server, parameters))

  it('leads nobody who is not signed in to an address that anybody may register', async () => {
    const client = await registered({ ...NATIVE, redirect_uris: [CALLBACK] })
    const page = await open(wrong(client.client_id))
    expect(page.status).toBe(400)
    expect(page.text).toContain('unsupported_response_type')
    expect(page.text).toContain('Back to the application, at app.example')
    const [, href] = /href="([^"]+)" id="to-application"/.exec(page.text)!
    const link = new URL(href!.replaceAll('&#38;', '&'))
    expect(link.href).toMatch(/^https:\/\/app\.example\/callback\?/)
    expect(Object.fromEntries(link.searchParams)).toMatchObject({
      error: 'unsupported_response_type',
      state: 's-1',
      iss: server.url,
    })
    const form = await open(wrong(client.client_id, { response_mode: 'form_post' }))
    expect([form.status, form.text.includes('<script')]).toEqual([400, false])
    expect(form.text).toContain(`action="${CALLBACK}"`)
    // Its form leaves, and a callback may redirect to wherever it likes.
    expect(form.headers.get('content-security-policy')).not.toContain('form-action')
  })

  it('tells the client at once of what the person knows, and of prompt=none', async () => {
    const client = await registered({ ...NATIVE, redirect_uris: [CALLBACK] })
    for (const place of [
      await open(wrong(client.client_id), ann),
      await open(wrong(client.client_id, { prompt: 'none' })),
    ]) {
      expect(place.url.origin).toBe('https://app.example')
      expect(place.url.searchParams.get('error')).toBe('unsupported_response_type')
    }
    const both = await open(wrong(client.client_id, { prompt: 'none login' }))
    expect(both.status).toBe(400)
  })

  it('tells a client of what it pushed with its secret', async () => {
    const token = await initialToken('--uses', '1')
    const metadata = { redirect_uris: [CALLBACK], scope: 'openid read' }
    const { client_id, client_secret, ...rest } = await registered(metadata, token)
    const request = {
      ...{ client_id, response_type: 'code', redirect_uri: CALLBACK, scope: 'openid read' },
      ...newPkce().parameters,
    }
    const secret = { client_secret: client_secret! }
    const pushed = await answerOf(postForm(`${server.url}/oauth2/par`, { ...request, ...secret }))
    const named = { client_id, request_uri: pushed.body['request_uri'] as string }
    expect((await open(named)).url.pathname).toBe('/sign-in')
    const changed = { ...metadata, client_id, scope: 'openid' }
    const { registration_client_uri: url, registration_access_token: key } = rest
    expect((await send(url, 'PUT', changed, key)).status).toBe(200)
    const place = await open(named)
    expect(place.url.origin).toBe('https://app.example')
    expect(place.url.searchParams.get('error')).toBe('invalid_scope')
    expect((await open(request)).status).toBe(400)
  })
})

describe('registrations', () => {
  it('are counted by network, so that nobody can guess tokens for long', async () => {
    const url = `${server.url}/oauth2/register/1`
    const statuses: number[] = []
    for (let count = 0; count < 12; count++) {
      statuses.push((await send(url, 'DELETE', undefined, `mgreg_${count}`)).status)
    }
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429])
  })
})

describe('RFC 7591 §5', () => {
  it('lets nobody use a key set’s URL to look into the network', async () => {
    const token = await initialToken('--uses', '0')
    for (const host of [
      '127.0.0.1',
      'localhost',
      '[::ffff:127.0.0.1]',
      '169.254.169.254',
      '0x7f.1',
    ]) {
      const { status, body } = await register(
        {
          redirect_uris: [CALLBACK],
          token_endpoint_auth_method: 'private_key_jwt',
          jwks_uri: `https://${host}/jwks`,
        },
        token,
      )
      expect([host, status, body['error']]).toEqual([host, 400, 'invalid_client_metadata'])
    }
  })
})

describe('draft-ietf-oauth-client-id-metadata-document', () => {
  let count = 0
  /** A document at a URL of its own. */
  function publish(document: object, headers: Record<string, string> = {}): string {
    const path = `/clients/${++count}.json`
    const id = documents.url + path
    const whole = { client_id: id, client_name: 'Roamer', redirect_uris: [`${documents.url}/cb`] }
    documents.serve(path, { ...whole, ...document }, headers)
    return id
  }

  const redirect_uri = () => `${documents.url}/cb`

  const open = (clientId: string) =>
    newPerson(server).open(
      authorizationUrl(server, {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirect_uri(),
        scope: 'read',
        ...newPkce().parameters,
      }),
    )

  it('lets a person in whose client is registered nowhere', async () => {
    const id = publish({ grant_types: ['authorization_code', 'refresh_token', 'urn:other'] })
    const answer = await redeem(id, { redirect_uri: redirect_uri() })
    expect(answer).toMatchObject({ status: 200, body: { scope: 'openid read' } })
    expect(documents.requests.filter((path) => id.endsWith(path))).toHaveLength(1)
    expect(await mapgate(server, 'clients', 'show', id)).toMatchObject({
      displayName: `Roamer (${documents.host})`,
      registration: 'metadata-document',
      customerId: 'registered',
    })
  })

  it('lets a client log in with the key that its document names', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    documents.serve('/jwks', { keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] })
    const id = publish({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `${documents.url}/jwks`,
    })
    const assertion = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(server.url)
      .setJti('one')
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey)
    const answer = await redeem(id, {
      redirect_uri: redirect_uri(),
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
    expect(answer).toMatchObject({ status: 200 })
    const other = publish({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `${documents.url}/jwks`,
    })
    const without = await redeem(other, { redirect_uri: redirect_uri() })
    expect(without).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })

  it.each([
    ['another client_id', { client_id: 'https://other.example/client' }],
    ['a secret', { client_secret: 'abc' }],
    ['a secret for a method', { token_endpoint_auth_method: 'client_secret_post' }],
    ['a redirect URI of another origin', { redirect_uris: ['https://evil.example/cb'] }],
    ['a script for a redirect URI', { redirect_uris: ['javascript:alert(1)'] }],
  ])('does not take a document with %s', async (_name, document) => {
    const place = await open(publish(document))
    expect(place.status).toBe(400)
    expect(place.url.origin).toBe(server.url)
  })

  it('does not take what is not a document', async () => {
    const answers: [string, (response: ServerResponse) => void][] = [
      ['/redirect', (response) => response.writeHead(302, { location: '/clients/1.json' }).end()],
      ['/html', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('{}')],
      [
        '/large',
        (response) =>
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(`{"a":"${'x'.repeat(20_000)}"}`),
      ],
      ['/gone', (response) => response.writeHead(410).end()],
    ]
    for (const [path, answer] of answers) {
      documents.answer(path, answer)
      expect([path, (await open(documents.url + path)).status]).toEqual([path, 400])
    }
  })

  it('asks no internal address, whatever the client id says', async () => {
    const port = Number(documents.host.split(':')[1])
    const before = documents.connections()
    for (const id of [
      `https://127.0.0.1:${port + 1}/client`,
      `https://localhost:${port}/client`,
      `https://[::1]:${port}/client`,
      `https://[::ffff:7f00:1]:${port}/client`,
      `http://localhost:${port}/client`,
      'https://169.254.169.254/latest/meta-data',
      'https://10.0.0.1/client',
    ]) {
      expect([id, (await open(id)).status]).toEqual([id, 400])
    }
    expect(documents.connections()).toBe(before)
  })

  it('is suspended like any other', async () => {
    const id = publish({})
    expect((await open(id)).status).toBe(200)
    await mapgate(server, 'clients', 'suspend', id)
    // Known to all nodes within a second.
    await expect.poll(async () => (await open(id)).status, { timeout: 5_000 }).toBe(400)
  })
})
