import { describe, expect, it } from 'vitest'
import { faultOfClientIdUrl, isClientIdUrl } from './client-id-url.ts'
import { createClientRules } from './client-rules.ts'
import { parseMetadataDocument } from './metadata-document.ts'
import { freshFor } from './metadata-freshness.ts'

const ID = 'https://app.example/oauth/client.json'
const options = {
  rules: createClientRules({ algorithms: ['ES256', 'RS256'], isAllowedHost: () => false }),
  permittedScopes: ['read'],
}

const parse = (document: object) =>
  parseMetadataDocument(
    ID,
    JSON.stringify({ client_id: ID, redirect_uris: ['https://app.example/cb'], ...document }),
    options,
  )

describe('draft-ietf-oauth-client-id-metadata-document §3', () => {
  it.each([
    ID,
    'https://app.example:8443/a',
    'https://app.example/a/',
    'https://xn--bcher-kva.example/a',
  ])('%s is a client id', (id) => {
    expect(isClientIdUrl(id)).toBe(true)
    expect(faultOfClientIdUrl(id, () => false)).toBeNull()
  })

  it.each([
    'https://app.example',
    'https://app.example/',
    'https://app.example/a#b',
    'https://app.example/a#',
    'https://app.example/a?b',
    'https://app.example/a?',
    'https://app.example/../a',
    'https://app.example/./a',
    'https://app.example/a/%2e%2e/b',
    'https://user@app.example/a',
    'https://user:secret@app.example/a',
    'https://APP.example/a',
    'HTTPS://app.example/a',
    'https://app.example:443/a',
    'https://app.example/a b',
    'https:/app.example/a',
    'http://app.example/a',
    `https://app.example/${'a'.repeat(500)}`,
  ])('%s is none', (id) => expect(faultOfClientIdUrl(id, () => false)).not.toBeNull())

  it('is by http on an allowed host alone', () => {
    expect(
      faultOfClientIdUrl('http://localhost:1/a', ({ host }) => host === 'localhost:1'),
    ).toBeNull()
  })
})

describe('draft-ietf-oauth-client-id-metadata-document §4', () => {
  it('describes a public client, cut to what it may be here', () => {
    expect(
      parse({
        client_name: 'Field app',
        grant_types: [
          'authorization_code',
          'refresh_token',
          'urn:other:grant',
          'client_credentials',
        ],
        response_types: ['code', 'token'],
        scope: 'openid read files:write',
        redirect_uris: [
          'https://app.example/cb',
          'https://evil.example/cb',
          'http://127.0.0.1/cb',
          'com.example.app:/cb',
        ],
        client_uri: 'https://bank.example/',
        require_pkce: false,
      }),
    ).toMatchObject({
      type: 'public',
      authMethod: 'none',
      displayName: 'Field app (app.example)',
      website: 'https://app.example/',
      grants: ['authorization_code', 'refresh_token'],
      scopes: ['read'],
      redirectUris: ['https://app.example/cb', 'http://127.0.0.1/cb'],
      requirePkce: true,
    })
  })

  it('may have a key', () => {
    expect(
      parse({
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'https://app.example/jwks',
      }),
    ).toMatchObject({ type: 'confidential', authMethod: 'private_key_jwt' })
  })

  it.each([
    [{ client_id: `${ID}/` }, 'client_id'],
    [{ client_id: undefined }, 'client_id'],
    [{ client_secret: 'abc' }, 'client_secret'],
    [{ client_secret_expires_at: 0 }, 'client_secret_expires_at'],
    [{ token_endpoint_auth_method: 'client_secret_basic' }, 'token_endpoint_auth_method'],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, 'jwks'],
    [
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://10.0.0.1/jwks' },
      'jwks_uri',
    ],
    [{ redirect_uris: ['https://evil.example/cb'] }, 'redirect_uris'],
    [{ redirect_uris: 'https://app.example/cb' }, 'redirect_uris'],
  ])('is not taken with %o', (document, member) => {
    expect(parse(document)).toContain(member)
  })

  it.each(['', 'null', '[]', '{', '7'])('is not %j', (text) => {
    expect(parseMetadataDocument(ID, text, options)).toEqual(expect.any(String))
  })
})

describe('RFC 9111 §4.2.1', () => {
  it.each([
    [{}, 3_600],
    [{ 'cache-control': 'max-age=7200' }, 7_200],
    [{ 'cache-control': 'public, MAX-AGE="7200"', age: '200' }, 7_000],
    [{ 'cache-control': 'max-age=1' }, 300],
    [{ 'cache-control': 'no-store' }, 300],
    [{ 'cache-control': 'max-age=9999999999' }, 86_400],
  ])('%o is fresh for %i s', (headers, seconds) => {
    expect(freshFor(new Headers(headers as Record<string, string>))).toBe(seconds * 1_000)
  })
})
