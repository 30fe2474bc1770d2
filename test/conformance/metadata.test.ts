import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSampleServer } from '../support/server.ts'
import { createClient, demoClient, getToken, postForm } from './requests.ts'

let server: Awaited<ReturnType<typeof startSampleServer>>

beforeAll(async () => {
  server = await startSampleServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(server.url + path, { headers })

const insecure = { [oauth.allowInsecureRequests]: true }

describe('RFC 8414', () => {
  it('is found by a client, and its endpoints are there', async () => {
    const issuer = new URL(server.url)
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
    const metadata = await oauth.processDiscoveryResponse(issuer, response)
    expect(metadata).toMatchObject({
      issuer: server.url,
      token_endpoint: `${server.url}/oauth2/token`,
      jwks_uri: `${server.url}/jwks`,
      authorization_endpoint: `${server.url}/oauth2/authorize`,
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      token_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
        'none',
      ],
      revocation_endpoint_auth_methods_supported: expect.arrayContaining(['none']),
      // RFC 7662 §2.1: a public client is refused there.
      introspection_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
      ],
      dpop_signing_alg_values_supported: ['ES256', 'Ed25519', 'EdDSA', 'PS256'],
      authorization_details_types_supported: ['map_data'],
      client_id_metadata_document_supported: false,
    })
    expect(metadata.grant_types_supported).toEqual(
      expect.arrayContaining(['client_credentials', 'authorization_code', 'refresh_token']),
    )
    expect(metadata.scopes_supported).toEqual(expect.arrayContaining(['read', 'manage', 'openid']))
  })

  it('has an endpoint behind each URL', async () => {
    const metadata = (await (
      await get('/.well-known/oauth-authorization-server')
    ).json()) as Record<string, unknown>
    const endpoints = Object.keys(metadata).filter((name) => name.endsWith('_endpoint'))
    expect(endpoints.toSorted()).toEqual([
      'authorization_endpoint',
      'device_authorization_endpoint',
      'end_session_endpoint',
      'introspection_endpoint',
      'pushed_authorization_request_endpoint',
      'registration_endpoint',
      'revocation_endpoint',
      'token_endpoint',
      'userinfo_endpoint',
    ])
    for (const name of endpoints) {
      const response = await postForm(String(metadata[name]), {})
      expect([name, [404, 405].includes(response.status)]).toEqual([name, false])
    }
  })
})

describe('OpenID Connect Discovery §3', () => {
  it('is the same document under another name', async () => {
    const issuer = new URL(server.url)
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...insecure })
    const metadata = await oauth.processDiscoveryResponse(issuer, response)
    expect(metadata).toMatchObject({
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256', 'RS256'],
      userinfo_endpoint: `${server.url}/oauth2/userinfo`,
      end_session_endpoint: `${server.url}/oauth2/end_session`,
      claims_supported: expect.arrayContaining(['sub', 'name', 'email', 'auth_time']),
    })
    const other = await get('/.well-known/oauth-authorization-server')
    expect(metadata).toEqual(await other.json())
  })
})

describe('RFC 9728', () => {
  it.each(['/maps', '/admin'])('describes %s', async (path) => {
    const resource = new URL(server.url + path)
    const response = await oauth.resourceDiscoveryRequest(resource, insecure)
    const metadata = await oauth.processResourceDiscoveryResponse(resource, response)
    expect(metadata.authorization_servers).toEqual([server.url])
    expect(metadata.jwks_uri).toBe(`${server.url}/jwks`)
    expect(metadata.bearer_methods_supported).toContain('header')
  })

  it('names every API in the metadata of the authorization server', async () => {
    const answer = await get('/.well-known/oauth-authorization-server')
    const { protected_resources: resources } = (await answer.json()) as {
      protected_resources: string[]
    }
    expect(resources).toEqual([`${server.url}/maps`, `${server.url}/admin`])
  })
})

describe('RFC 7517', () => {
  it('shows public keys alone, one of them RS256', async () => {
    const response = await get('/jwks')
    expect(response.headers.get('content-type')).toMatch(/^application\/jwk-set\+json\b/)
    const { keys } = (await response.json()) as { keys: Record<string, string>[] }
    expect(keys.map((key) => key.alg)).toEqual(expect.arrayContaining(['ES256', 'RS256']))
    const kids = keys.map((key) => key.kid)
    expect(new Set(kids).size).toBe(keys.length)
    for (const key of keys) {
      expect(key.use).toBe('sig')
      // RFC 7518 §6.2.2 and §6.3.2: what a private key has more.
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
        expect(key).not.toHaveProperty(member)
    }
  })

  it('signs with a key that is shown', async () => {
    const client = await createClient(server, '--signing-algorithm', 'RS256')
    const { keys } = (await (await get('/jwks')).json()) as { keys: { kid: string }[] }
    for (const credentials of [client, demoClient(server)]) {
      const [header] = (await getToken(server, credentials)).split('.')
      const { kid } = JSON.parse(Buffer.from(header!, 'base64url').toString()) as { kid: string }
      expect(keys.map((key) => key.kid)).toContain(kid)
    }
  })
})

describe('what clients fetch', () => {
  const discovery = [
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-protected-resource/maps',
    '/jwks',
  ]

  it.each(discovery)('%s may be kept for minutes', async (path) => {
    const directives = (await get(path)).headers.get('cache-control')!.split(', ')
    expect(directives).toContain('public')
    const age = Number(
      /^max-age=(\d+)$/.exec(directives.find((one) => one.startsWith('max-age'))!)?.[1],
    )
    expect(age).toBeGreaterThanOrEqual(60)
    expect(age).toBeLessThanOrEqual(3_600)
  })

  const fetched = [
    ...discovery,
    '/',
    '/openapi.json',
    '/oauth2/token',
    '/maps',
    '/maps/collections',
  ]

  it.each(fetched)('%s may be read by any page, errors too', async (path) => {
    const response = await get(path, { origin: 'https://page.example' })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const exposed = response.headers.get('access-control-expose-headers')!.toLowerCase().split(', ')
    expect(exposed).toEqual(
      expect.arrayContaining(['ratelimit', 'retry-after', 'www-authenticate']),
    )
  })

  it.each([
    ['GET', '/maps/collections/places/items', 'authorization'],
    ['POST', '/oauth2/token', 'content-type'],
    ['DELETE', '/admin/clients/1/secrets/2', 'authorization, content-type'],
  ])(
    'a preflight for %s %s is neither authenticated nor limited',
    async (method, path, headers) => {
      for (let count = 0; count < 30; count++) {
        const response = await fetch(server.url + path, {
          method: 'OPTIONS',
          headers: {
            origin: 'https://page.example',
            'access-control-request-method': method,
            'access-control-request-headers': headers,
          },
        })
        expect([200, 204]).toContain(response.status)
        expect(response.headers.get('access-control-allow-origin')).toBe('*')
        const allowed = (name: string) =>
          response.headers.get(`access-control-allow-${name}`)!.toLowerCase().split(', ')
        expect(allowed('methods')).toContain(method.toLowerCase())
        expect(allowed('headers')).toEqual(expect.arrayContaining(headers.split(', ')))
        expect(response.headers.has('ratelimit')).toBe(false)
      }
    },
  )
})
