import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { OAuthError } from '../../protocol/oauth-error.ts'
import { createClientRules } from './client-rules.ts'
import { parseClientMetadata } from './registration.ts'

const rules = createClientRules({ algorithms: ['ES256', 'RS256'], isAllowedHost: () => false })

const parse = (metadata: unknown) =>
  parseClientMetadata(metadata, {
    rules,
    permittedScopes: ['read', 'upload'],
    defaultAuthMethod: 'client_secret_basic',
  })

const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const jwks = { keys: [jwk] }
const redirect_uris = ['https://app.example/callback']

describe('RFC 7591 §2', () => {
  it('fills in what is left out', () => {
    expect(parse({ redirect_uris })).toMatchObject({
      type: 'confidential',
      authMethod: 'client_secret',
      grants: ['authorization_code'],
      scopes: ['read', 'upload'],
      redirectUris: redirect_uris,
      // OpenID Connect knows no PKCE.
      requirePkce: false,
    })
  })

  it('takes all that it knows, and ignores the rest', () => {
    const client = parse({
      redirect_uris,
      client_name: ' Field app ',
      client_uri: 'https://app.example/',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks,
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
      scope: 'openid read offline_access',
      id_token_signed_response_alg: 'RS256',
      dpop_bound_access_tokens: true,
      require_pushed_authorization_requests: true,
      require_pkce: true,
      post_logout_redirect_uris: ['https://app.example/bye'],
      contacts: ['a@example.com'],
      tos_uri: 'https://app.example/tos',
      policy_uri: 'https://app.example/policy',
      logo_uri: 'https://app.example/logo.png',
      software_id: '4NRB1',
      software_version: '2',
      something_else: { nested: true },
      'client_name#de': 'Feld',
    })
    expect(client).toMatchObject({
      displayName: 'Field app',
      website: 'https://app.example/',
      authMethod: 'private_key_jwt',
      scopes: ['read'],
      idTokenAlgorithm: 'RS256',
      dpopBound: true,
      requirePar: true,
      requirePkce: true,
      postLogoutRedirectUris: ['https://app.example/bye'],
      metadata: {
        contacts: ['a@example.com'],
        tosUri: 'https://app.example/tos',
        policyUri: 'https://app.example/policy',
        logoUri: 'https://app.example/logo.png',
        softwareId: '4NRB1',
        softwareVersion: '2',
      },
    })
    expect(client).not.toHaveProperty('something_else')
  })

  it.each([
    ['a public client', { token_endpoint_auth_method: 'none' }, true],
    ['a confidential one for OpenID Connect', { scope: 'openid' }, false],
    ['a confidential one that does not ask for openid', { scope: 'read' }, true],
    ['one that says so', { scope: 'openid', require_pkce: true }, true],
    ['one that never sends a person here', { grant_types: ['client_credentials'] }, true],
  ])('PKCE of %s', (_name, metadata, required) => {
    expect(parse({ redirect_uris, ...metadata }).requirePkce).toBe(required)
  })
})

const longUris = Array.from(
  { length: 20 },
  (_, index) => `https://app.example/${index}/${'a'.repeat(1_000)}`,
)

const longKeys = Array.from({ length: 15 }, () => ({ ...jwk, kid: 'k'.repeat(1_500) }))

const codes = 'authorization_code'

describe('RFC 7591 §3.2.2', () => {
  it.each([
    [{}, 'redirect_uris'],
    [{ redirect_uris: ['https://app.example/#x'] }, 'redirect_uris'],
    [{ redirect_uris: ['https://app.example/', 'javascript:alert(1)'] }, 'redirect_uris'],
    [{ redirect_uris: ['http://app.example/'] }, 'redirect_uris'],
    [{ redirect_uris: ['https://user@app.example/'] }, 'redirect_uris'],
    [{ redirect_uris: ['com.example.app:/callback'] }, 'redirect_uris'],
  ])('%o is an invalid_redirect_uri', (metadata, member) => {
    expect(faultIn(metadata)).toMatchObject({ code: 'invalid_redirect_uri' })
    expect(faultIn(metadata).message).toContain(member)
  })

  it.each([
    [{ redirect_uris: 'https://app.example/' }, 'redirect_uris'],
    [{ redirect_uris, contacts: Array(11).fill('a@example.com') }, 'contacts'],
    [{ redirect_uris, contacts: ['a'.repeat(255)] }, 'contacts'],
    [{ redirect_uris: longUris }, 'redirect_uris is too long'],
    [{ redirect_uris, post_logout_redirect_uris: longUris }, 'post_logout_redirect_uris is too'],
    [{ redirect_uris, jwks: { keys: longKeys } }, 'jwks is too long'],
    [{ redirect_uris: [7] }, 'redirect_uris'],
    [{ redirect_uris: Array(101).fill('https://app.example/') }, 'redirect_uris'],
    [{ token_endpoint_auth_method: 'client_secret_jwt' }, 'token_endpoint_auth_method'],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, 'jwks'],
    [
      { token_endpoint_auth_method: 'private_key_jwt', jwks, jwks_uri: 'https://a.example/' },
      'jwks_uri',
    ],
    [{ jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }, 'jwks'],
    [{ jwks_uri: 'http://a.example/jwks' }, 'jwks_uri'],
    [{ jwks_uri: 'https://127.0.0.1/jwks' }, 'jwks_uri'],
    [{ jwks_uri: 'https://[::ffff:10.0.0.1]/jwks' }, 'jwks_uri'],
    [{ jwks_uri: 'https://169.254.169.254/latest' }, 'jwks_uri'],
    [{ jwks_uri: 'https://localhost/jwks' }, 'jwks_uri'],
    [{ jwks_uri: 'https://a.example:22/jwks' }, 'jwks_uri'],
    [{ grant_types: ['implicit'] }, 'grant_types'],
    [{ grant_types: ['password'] }, 'grant_types'],
    [{ grant_types: ['refresh_token'] }, 'grant_types'],
    [{ grant_types: ['client_credentials'], token_endpoint_auth_method: 'none' }, 'grant_types'],
    [{ grant_types: [codes], response_types: ['token'] }, 'response_types'],
    [{ grant_types: [codes], response_types: [] }, 'response_types'],
    [{ grant_types: ['client_credentials'], response_types: ['code'] }, 'response_types'],
    [{ scope: 'read manage' }, 'scope'],
    [{ scope: 'write' }, 'scope'],
    [{ scope: 'a"b' }, 'scope'],
    [{ scope: ['read'] }, 'scope'],
    [{ id_token_signed_response_alg: 'none' }, 'id_token_signed_response_alg'],
    [{ id_token_signed_response_alg: 'HS256' }, 'id_token_signed_response_alg'],
    [{ subject_type: 'pairwise' }, 'subject_type'],
    [{ client_uri: 'javascript:alert(1)' }, 'client_uri'],
    [{ logo_uri: 'data:image/png;base64,AAAA' }, 'logo_uri'],
    [{ tos_uri: 'file:///etc/passwd' }, 'tos_uri'],
    [{ client_name: 'a\r\nSet-Cookie: b=c' }, 'client_name'],
    [{ client_name: 'a\u202eb' }, 'client_name'],
    [{ client_name: 'x'.repeat(201) }, 'client_name'],
    [{ dpop_bound_access_tokens: 'yes' }, 'dpop_bound_access_tokens'],
    [{ require_pkce: false, token_endpoint_auth_method: 'none' }, 'require_pkce'],
    [{ post_logout_redirect_uris: ['https://a.example/#x'] }, 'post_logout_redirect_uris'],
  ])('%o is invalid_client_metadata', (metadata, member) => {
    const fault = faultIn({ redirect_uris, ...metadata })
    expect(fault.code).toBe('invalid_client_metadata')
    expect(fault.message).toContain(member)
    // RFC 6749 §5.2: what may stand in a description.
    expect(fault.message).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
  })

  it.each([null, [], 'text', undefined])('%o is no metadata', (metadata) => {
    expect(faultIn(metadata).code).toBe('invalid_client_metadata')
  })
})

function faultIn(metadata: unknown): OAuthError {
  try {
    parse(metadata)
  } catch (error) {
    if (error instanceof OAuthError) return error
    throw error
  }
  throw new Error('it was taken')
}
