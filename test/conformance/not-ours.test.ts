import { exportJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import { ClientCredentials } from 'simple-oauth2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { jwksFile } from './keys.ts'
import { bearer, createClient, type Credentials } from './requests.ts'

/** Client libraries of others, as their own documentation uses them. */

let server: Awaited<ReturnType<typeof startSampleServer>>
let client: Credentials

beforeAll(async () => {
  server = await startSampleServer()
  client = await createClient(server, '--id', 'not.ours~1', '--scope', 'read write')
})
afterAll(() => server[Symbol.asyncDispose]())

const insecure = { [oauth.allowInsecureRequests]: true }

describe('oauth4webapi', () => {
  async function discover(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(server.url)
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
    return oauth.processDiscoveryResponse(issuer, response)
  }

  it.each([
    ['client_secret_post', oauth.ClientSecretPost],
    ['client_secret_basic', oauth.ClientSecretBasic],
  ])('gets a token by %s, uses it, asks about it and ends it', async (_name, method) => {
    const as = await discover()
    const id = { client_id: client.clientId }
    const authentication = method(client.secret)
    const result = await oauth.processClientCredentialsResponse(
      as,
      id,
      await oauth.clientCredentialsGrantRequest(
        as,
        id,
        authentication,
        { scope: 'read', resource: `${server.url}/maps` },
        insecure,
      ),
    )
    expect([result.token_type, result.scope, result.expires_in]).toEqual(['bearer', 'read', 3_600])

    const url = new URL(`${server.url}/maps/collections`)
    const call = () =>
      oauth.protectedResourceRequest(
        result.access_token,
        'GET',
        url,
        undefined,
        undefined,
        insecure,
      )
    expect((await call()).status).toBe(200)

    const introspect = async () =>
      oauth.processIntrospectionResponse(
        as,
        id,
        await oauth.introspectionRequest(as, id, authentication, result.access_token, insecure),
      )
    expect(await introspect()).toMatchObject({ active: true, scope: 'read', iss: as.issuer })
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, id, authentication, result.access_token, insecure),
    )
    expect(await introspect()).toEqual({ active: false })
    await expect(call()).rejects.toMatchObject({
      cause: [{ scheme: 'bearer', parameters: { error: 'invalid_token' } }],
    })
  })

  it('understands why it gets none', async () => {
    const as = await discover()
    const id = { client_id: client.clientId }
    const request = (secret: string, parameters: Record<string, string>) =>
      oauth
        .clientCredentialsGrantRequest(as, id, oauth.ClientSecretPost(secret), parameters, insecure)
        .then((response) => oauth.processClientCredentialsResponse(as, id, response))
    await expect(request(client.secret, { scope: 'operate' })).rejects.toMatchObject({
      error: 'invalid_scope',
      status: 400,
    })
    // By the challenge: a 401 names the scheme that the client could use.
    await expect(request('wrong', {})).rejects.toMatchObject({
      status: 401,
      cause: [{ scheme: 'basic' }],
    })
  })

  it('logs in with an Ed25519 key, and proves another', async () => {
    const keys = await oauth.generateKeyPair('Ed25519', { extractable: true })
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'Ed25519' }
    const { id: client_id } = await mapgate<{ id: string }>(
      server,
      ...['clients', 'create', '--customer', 'demo', '--name', 'Keys', '--scope', 'read'],
      ...['--auth-method', 'private_key_jwt', '--grant', 'client_credentials'],
      ...['--jwks-file', jwksFile(server, jwk)],
    )
    const as = await discover()
    expect(as.dpop_signing_alg_values_supported).toContain('Ed25519')
    expect(as.token_endpoint_auth_signing_alg_values_supported).toContain('Ed25519')
    const id: oauth.Client = { client_id }
    const DPoP = oauth.DPoP(id, await oauth.generateKeyPair('Ed25519'))
    const request = async () =>
      oauth.processClientCredentialsResponse(
        as,
        id,
        await oauth.clientCredentialsGrantRequest(
          as,
          id,
          oauth.PrivateKeyJwt({ key: keys.privateKey, kid: 'k' }),
          {},
          { DPoP, ...insecure },
        ),
      )
    const result = await request().catch((error: unknown) => {
      if (!oauth.isDPoPNonceError(error)) throw error
      return request()
    })
    expect(result.token_type).toBe('dpop')
    const url = new URL(`${server.url}/maps/collections`)
    const answer = await oauth.protectedResourceRequest(
      result.access_token,
      'GET',
      url,
      undefined,
      undefined,
      { DPoP, ...insecure },
    )
    expect(answer.status).toBe(200)
  })

  it('checks the token as a resource server does', async () => {
    const as = await discover()
    const id = { client_id: client.clientId }
    const { access_token: token } = await oauth.processClientCredentialsResponse(
      as,
      id,
      await oauth.clientCredentialsGrantRequest(
        as,
        id,
        oauth.ClientSecretPost(client.secret),
        {},
        insecure,
      ),
    )
    const request = new Request('http://localhost/', { headers: bearer(token) })
    const claims = await oauth.validateJwtAccessToken(as, request, `${server.url}/maps`, insecure)
    expect(claims.client_id).toBe(client.clientId)
  })
})

describe('simple-oauth2', () => {
  it.each(['header', 'body'] as const)('gets a token by the %s and uses it', async (method) => {
    const { token } = await new ClientCredentials({
      client: { id: client.clientId, secret: client.secret },
      auth: { tokenHost: server.url, tokenPath: '/oauth2/token' },
      options: { authorizationMethod: method },
    }).getToken({ scope: ['read', 'write'] })
    expect([token.token_type, token.scope]).toEqual(['Bearer', 'read write'])
    const headers = bearer(token.access_token as string)
    expect((await fetch(`${server.url}/maps/collections`, { headers })).status).toBe(200)
  })
})
