import {
  InMemoryWebStorage,
  OidcClient,
  type OidcClientSettings,
  type RefreshState,
  type SigninResponse,
  WebStorageStateStore,
} from 'oidc-client-ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { consent, createAccount, newPerson, type Person, signIn } from './person.ts'
import { bearer, postForm } from './requests.ts'

/**
 * `oidc-client-ts` against the core, and as MapsPeople's documentation sets it up, with another
 * authority.
 */

const EMAIL = 'ann@example.com'
const REDIRECT_URI = 'http://127.0.0.1:1/callback'
const AFTERWARDS = 'http://127.0.0.1:1/afterwards'

let server: Awaited<ReturnType<typeof startSampleServer>>
let authority: string
let clientId: string
let person: Person

beforeAll(async () => {
  server = await startSampleServer()
  authority = `${server.url}/mapsindoors/auth`
  const created = await mapgate<{ id: string }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Map app', '--type', 'public'],
    ...['--grant', 'authorization_code refresh_token', '--scope', 'read write'],
    ...['--redirect-uri', REDIRECT_URI, '--post-logout-redirect-uri', AFTERWARDS],
  )
  clientId = created.id
  await createAccount(server, EMAIL)
  person = await signIn(server, EMAIL)
})

afterAll(() => server[Symbol.asyncDispose]())

function createOidcClient(settings: Partial<OidcClientSettings> = {}): OidcClient {
  return new OidcClient({
    authority,
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    post_logout_redirect_uri: AFTERWARDS,
    response_type: 'code',
    scope: 'openid profile account client-apis',
    stateStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    ...settings,
  })
}

/** Where the browser comes back to, after the person has allowed what is asked. */
async function visit(url: string, who = person): Promise<string> {
  const place = await who.open(url)
  const end = place.text === '' ? place : await consent(who, place)
  if (end.text !== '') throw new Error(`${end.url.href} ${end.status} ${end.text}`)
  return end.url.href
}

async function signInWith(client: OidcClient): Promise<SigninResponse> {
  const request = await client.createSigninRequest({ state: { from: '/map' } })
  return client.processSigninResponse(await visit(request.url))
}

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>

describe('oidc-client-ts with the core', () => {
  const createCoreClient = (settings: Partial<OidcClientSettings> = {}) =>
    createOidcClient({
      authority: server.url,
      scope: 'openid profile offline_access read',
      ...settings,
    })

  it('signs in, reads userinfo and refreshes to a new pair', async () => {
    const client = createCoreClient({ loadUserInfo: true })
    const first = await signInWith(client)
    expect(first).toMatchObject({
      userState: { from: '/map' },
      scope: 'openid profile offline_access read',
      profile: { iss: server.url, aud: clientId, name: 'ann' },
    })
    const { refresh_token, id_token, scope, profile } = first
    const state = { refresh_token, id_token, scope, profile, session_state: null }
    const second = await client.useRefreshToken({ state: state as RefreshState })
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(claimsOf(second.access_token)['iss']).toBe(server.url)
    const map = await fetch(`${server.url}/maps/collections`, {
      headers: bearer(second.access_token),
    })
    expect(map.status).toBe(200)
  })

  it('signs out', async () => {
    const who = await signIn(server, EMAIL)
    const client = createCoreClient()
    const request = await client.createSigninRequest({})
    const answered = await client.processSigninResponse(await visit(request.url, who))
    const signout = await client.createSignoutRequest({ id_token_hint: answered.id_token! })
    const end = await who.open(signout.url)
    expect(end.url.href.startsWith(AFTERWARDS)).toBe(true)
    await client.processSignoutResponse(end.url.href)
    expect((await who.open('/account')).url.pathname).toBe('/sign-in')
  })
})

describe('oidc-client-ts with the dialect', () => {
  it.each(['query', 'fragment'] as const)('signs in by response_mode=%s', async (mode) => {
    const answered = await signInWith(createOidcClient({ response_mode: mode }))
    expect(answered).toMatchObject({
      userState: { from: '/map' },
      token_type: 'Bearer',
      scope: 'openid profile client-apis',
      profile: { iss: authority, aud: clientId, sub: expect.stringMatching(/^account:\d+$/) },
    })
    const map = await fetch(`${server.url}/maps/collections`, {
      headers: bearer(answered.access_token),
    })
    expect(map.status).toBe(200)
  })

  it('reads userinfo', async () => {
    const { profile } = await signInWith(createOidcClient({ loadUserInfo: true }))
    expect(profile).toMatchObject({ name: 'ann' })
  })

  it('refreshes to a new pair', async () => {
    const client = createOidcClient({ scope: 'openid integration' })
    const first = await signInWith(client)
    expect(claimsOf(first.access_token)).toMatchObject({
      iss: authority,
      scope: 'openid read write',
    })
    expect(first.scope).toBe('openid integration')
    const { refresh_token, id_token, scope, profile } = first
    const state = { refresh_token, id_token, scope, profile, session_state: null }
    const second = await client.useRefreshToken({ state: state as RefreshState })
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(claimsOf(second.access_token)).toMatchObject({
      iss: authority,
      scope: 'openid read write',
    })
  })

  it('hears what it got when it does not ask who the person is', async () => {
    const answered = await signInWith(createOidcClient({ scope: 'client-apis' }))
    expect(claimsOf(answered.access_token)['scope']).toBe('read')
    expect(answered.scope).toBe('client-apis')
    const form = { client_id: clientId, refresh_token: answered.refresh_token! }
    const refreshed = await postForm(`${authority}/connect/token`, {
      grant_type: 'refresh_token',
      ...form,
    })
    expect(await refreshed.json()).toMatchObject({ scope: 'client-apis' })
  })

  it('signs out', async () => {
    const who = await signIn(server, EMAIL)
    const client = createOidcClient()
    const request = await client.createSigninRequest({})
    const answered = await client.processSigninResponse(await visit(request.url, who))
    const signout = await client.createSignoutRequest({ id_token_hint: answered.id_token! })
    const end = await who.open(signout.url)
    expect(end.url.href.startsWith(AFTERWARDS)).toBe(true)
    await client.processSignoutResponse(end.url.href)
    expect((await who.open('/account')).url.pathname).toBe('/sign-in')
  })

  it('hears of a person who says no', async () => {
    const client = createOidcClient()
    const { url } = await client.createSigninRequest({ prompt: 'consent' })
    const { url: back } = await consent(person, await person.open(url), 'deny')
    await expect(client.processSigninResponse(back.href)).rejects.toMatchObject({
      error: 'access_denied',
    })
  })

  it('hears of a scope that the client may not ask for', async () => {
    const client = createOidcClient({ scope: 'openid manage' })
    const { url } = await client.createSigninRequest({})
    const { url: back } = await person.open(url)
    await expect(client.processSigninResponse(back.href)).rejects.toMatchObject({
      error: 'invalid_scope',
    })
  })
})

describe('the issuer of the dialect', () => {
  it('is the one that its metadata names, and all endpoints are its own', async () => {
    const response = await fetch(`${authority}/.well-known/openid-configuration`)
    const metadata = (await response.json()) as Record<string, unknown>
    expect(metadata).toMatchObject({
      issuer: authority,
      authorization_endpoint: `${authority}/connect/authorize`,
      token_endpoint: `${authority}/connect/token`,
      jwks_uri: `${authority}/.well-known/openid-configuration/jwks`,
      userinfo_endpoint: `${authority}/connect/userinfo`,
      end_session_endpoint: `${authority}/connect/endsession`,
      revocation_endpoint: `${authority}/connect/revocation`,
      scopes_supported: expect.arrayContaining([
        ...['openid', 'profile', 'account', 'client-apis', 'manager', 'integration'],
      ]),
      token_endpoint_auth_methods_supported: expect.arrayContaining(['private_key_jwt']),
      code_challenge_methods_supported: ['S256'],
    })
    const keys = await fetch(String(metadata['jwks_uri']))
    expect(await keys.json()).toEqual(await (await fetch(`${server.url}/jwks`)).json())
  })

  it('is that of tokens for a script too', async () => {
    const { client_id, client_secret } = server.sample
    const form = { grant_type: 'client_credentials', client_id, client_secret }
    const answer = await postForm(`${authority}/connect/token`, form)
    const { access_token } = (await answer.json()) as { access_token: string }
    expect(claimsOf(access_token)['iss']).toBe(authority)
    const map = await fetch(`${server.url}/maps/collections`, { headers: bearer(access_token) })
    expect(map.status).toBe(200)
  })

  it('takes no code of another, and no other takes its codes', async () => {
    const client = createOidcClient()
    const request = await client.createSigninRequest({})
    const { code_verifier } = request.state
    const url = new URL(await visit(request.url))
    expect(url.searchParams.get('iss')).toBe(authority)
    const form = {
      grant_type: 'authorization_code',
      client_id: clientId,
      code: url.searchParams.get('code')!,
      redirect_uri: REDIRECT_URI,
      code_verifier: code_verifier!,
    }
    const elsewhere = await postForm(`${server.url}/oauth2/token`, form)
    expect(await elsewhere.json()).toMatchObject({ error: 'invalid_grant' })
    expect((await postForm(`${authority}/connect/token`, form)).status).toBe(200)

    const core = request.url.replace(
      `${authority}/connect/authorize`,
      `${server.url}/oauth2/authorize`,
    )
    const asked = core.replace(/scope=[^&]*/, 'scope=openid')
    const coreCode = new URL(await visit(asked)).searchParams.get('code')!
    const here = await postForm(`${authority}/connect/token`, { ...form, code: coreCode })
    expect(await here.json()).toMatchObject({ error: 'invalid_grant' })
  })

  it('revokes a refresh token', async () => {
    const { refresh_token: token } = await signInWith(createOidcClient())
    const revoked = { client_id: clientId, token: token! }
    expect((await postForm(`${authority}/connect/revocation`, revoked)).status).toBe(200)
    const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: token! }
    expect((await postForm(`${authority}/connect/token`, refresh)).status).toBe(400)
  })

  it('asks for PKCE, and leads nobody to an address that is not registered', async () => {
    const { url } = await createOidcClient().createSigninRequest({})
    const without = await person.open(url.replace(/&code_challenge=[^&]*/, ''))
    expect(without.url.searchParams.get('error')).toBe('invalid_request')
    const evil = encodeURIComponent('https://evil.example/')
    const lost = await newPerson(server).open(
      url.replace(/redirect_uri=[^&]*/, `redirect_uri=${evil}`),
    )
    expect([lost.status, lost.url.origin]).toEqual([400, server.url])
  })
})
