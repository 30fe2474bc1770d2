import { decodeJwt, decodeProtectedHeader, exportJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import OAuth2Strategy from 'passport-oauth2'
import { AuthorizationCode } from 'simple-oauth2'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer, temporaryFolder } from '../support/server.ts'
import { generous, withConfig } from './config-file.ts'
import {
  authorizationUrl,
  authorize,
  consent,
  createAccount,
  newPerson,
  newPkce,
  type Person,
  signIn,
} from './person.ts'
import { answerOf, basic, bearer, createClient, type Credentials, postForm } from './requests.ts'

const CALLBACK = 'https://app.example/callback'
const AFTERWARDS = 'https://app.example/bye'
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

let server: Awaited<ReturnType<typeof startSampleServer>>
let web: Credentials
/** The same with RS256. */
let rsa: Credentials
let native: { clientId: string }
let ann: Person

beforeAll(async () => {
  server = await startSampleServer({ environment: withConfig(generous) })
  const options = [
    ...['--grant', 'authorization_code refresh_token', '--scope', 'read'],
    ...['--redirect-uri', CALLBACK, '--post-logout-redirect-uri', AFTERWARDS],
  ]
  web = await createClient(server, ...options)
  rsa = await createClient(server, ...options, '--id-token-algorithm', 'RS256')
  const created = await mapgate<{ id: string }>(
    server,
    ...['clients', 'create', '--customer', 'demo', '--name', 'Native', '--public'],
    ...['--grant', `authorization_code refresh_token ${DEVICE}`, '--scope', 'read'],
    ...['--redirect-uri', 'http://127.0.0.1/cb'],
  )
  native = { clientId: created.id }
  await createAccount(server, 'ann@demo.example')
  ann = await signIn(server, 'ann@demo.example')
})
afterAll(() => server[Symbol.asyncDispose]())

const userinfoOf = (token: string, init: RequestInit = {}) =>
  fetch(`${server.url}/oauth2/userinfo`, {
    ...init,
    headers: bearer(token),
  })

/** The way of `openid-client`, with what was asked for. */
async function login(
  { clientId, secret }: Credentials,
  person: Person,
  scope: string,
  more: Record<string, string> = {},
) {
  const config = await openid.discovery(new URL(server.url), clientId, secret, undefined, {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
  })
  const pkceCodeVerifier = openid.randomPKCECodeVerifier()
  const expectedNonce = openid.randomNonce()
  const expectedState = openid.randomState()
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    nonce: expectedNonce,
    state: expectedState,
    ...more,
  })
  const answer = await authorize(person, url.href)
  const tokens = await openid.authorizationCodeGrant(
    config,
    new URL(`${CALLBACK}?${answer.toString()}`),
    { pkceCodeVerifier, expectedNonce, expectedState, idTokenExpected: true },
  )
  return { config, tokens, expectedNonce }
}

describe('openid-client', () => {
  it('signs a person in, learns who it is, refreshes, and signs out', async () => {
    const person = await signIn(server, 'ann@demo.example')
    const scope = 'openid profile email offline_access read'
    const { config, tokens, expectedNonce } = await login(web, person, scope, { max_age: '600' })
    const claims = tokens.claims()!
    expect(claims).toMatchObject({
      iss: server.url,
      aud: web.clientId,
      sub: expect.stringMatching(/^account:\d+$/),
      nonce: expectedNonce,
      auth_time: expect.any(Number),
      amr: ['pwd'],
      at_hash: expect.any(String),
      sid: expect.any(String),
    })
    // They are for userinfo.
    expect(claims).not.toHaveProperty('email')
    expect(tokens.scope).toBe(scope)
    expect(await openid.fetchUserInfo(config, tokens.access_token, claims.sub)).toEqual({
      sub: claims.sub,
      name: 'ann',
      email: 'ann@demo.example',
      email_verified: true,
    })

    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token!)
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
    expect(refreshed.claims()).toMatchObject({ sub: claims.sub, auth_time: claims.auth_time })
    expect(refreshed.claims()).not.toHaveProperty('nonce')

    const logout = openid.buildEndSessionUrl(config, {
      id_token_hint: refreshed.id_token!,
      post_logout_redirect_uri: AFTERWARDS,
      state: 'a b&c',
    })
    const place = await person.open(logout)
    expect(place.url.href).toBe(`${AFTERWARDS}?state=a%20b%26c`)
    expect((await person.open('/account')).url.pathname).toBe('/sign-in')
  })

  it('gets RS256 where the client asks for it', async () => {
    const { tokens } = await login(rsa, ann, 'openid')
    expect(decodeProtectedHeader(tokens.id_token!)).toMatchObject({ alg: 'RS256', typ: 'JWT' })
  })

  it('gets claims in the ID token that it asks for, as far as the scopes go', async () => {
    const claims = JSON.stringify({ id_token: { email: { essential: true }, name: null } })
    const { tokens } = await login(web, ann, 'openid email', { claims })
    expect(tokens.claims()).toMatchObject({ email: 'ann@demo.example' })
    expect(tokens.claims()).not.toHaveProperty('name')
  })
})

describe('OpenID Connect Core §5.3', () => {
  it('takes a token in a header or a form, once', async () => {
    const { tokens } = await login(web, ann, 'openid email')
    const token = tokens.access_token
    const url = `${server.url}/oauth2/userinfo`
    const expected = {
      status: 200,
      body: { sub: tokens.claims()!.sub, email: 'ann@demo.example', email_verified: true },
    }
    expect(await answerOf(userinfoOf(token))).toEqual(expected)
    expect(await answerOf(userinfoOf(token, { method: 'POST' }))).toEqual(expected)
    expect(await answerOf(postForm(url, { access_token: token }))).toEqual(expected)
    const both = await answerOf(postForm(url, { access_token: `${token}x` }, bearer(token)))
    expect(both).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    const inQuery = await fetch(`${url}?access_token=${token}`)
    expect(inQuery.status).toBe(401)
    expect(inQuery.headers.get('www-authenticate')).toMatch(/^Bearer /)
  })

  it('tells nothing for any other token', async () => {
    const { tokens } = await login(web, ann, 'read openid')
    const readOnly = await openid.refreshTokenGrant(
      (await login(web, ann, 'read openid')).config,
      tokens.refresh_token!,
      { scope: 'read' },
    )
    expect(await answerOf(userinfoOf(readOnly.access_token))).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope' },
    })
    const wrong = [tokens.id_token!, tokens.refresh_token!, `${tokens.access_token}x`, 'x']
    for (const token of wrong) {
      expect(await answerOf(userinfoOf(token))).toMatchObject({
        status: 401,
        body: { error: 'invalid_token' },
      })
    }
    const answer = await answerOf(
      postForm(`${server.url}/oauth2/token`, {
        grant_type: 'client_credentials',
        client_id: server.sample.client_id,
        client_secret: server.sample.client_secret,
      }),
    )
    expect((await userinfoOf(String(answer.body['access_token']))).status).toBe(403)
  })

  it('ends with the consent', async () => {
    const { tokens } = await login(web, ann, 'openid')
    expect((await userinfoOf(tokens.access_token)).status).toBe(200)
    await postForm(`${server.url}/oauth2/revoke`, { token: tokens.refresh_token! }, basic(web))
    expect((await userinfoOf(tokens.access_token)).status).toBe(401)
  })
})

it('OpenID Connect Core §11: the person hears that access is kept, of whoever keeps it', async () => {
  const once = await createClient(
    server,
    ...['--grant', 'authorization_code', '--scope', 'read', '--redirect-uri', CALLBACK],
  )
  const asksOf = async ({ clientId }: Credentials, scope: string) => {
    const page = await ann.open(
      authorizationUrl(server, {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: CALLBACK,
        scope,
        prompt: 'consent',
        ...newPkce().parameters,
      }),
    )
    return page.text.split('Keep access while you are away').length - 1
  }
  expect(await asksOf(web, 'openid read')).toBe(1)
  expect(await asksOf(web, 'openid read offline_access')).toBe(1)
  expect(await asksOf(once, 'openid read offline_access')).toBe(0)
})

describe('OpenID Connect RP-Initiated Logout §2', () => {
  const endSession = (person: Person, parameters: Record<string, string>) =>
    person.open(`/oauth2/end_session?${new URLSearchParams(parameters).toString()}`)

  const isSignedIn = async (person: Person) =>
    (await person.open('/account')).url.pathname === '/account'

  it('asks the person when nothing proves who asks', async () => {
    const person = await signIn(server, 'ann@demo.example')
    const parameters = { client_id: web.clientId, post_logout_redirect_uri: AFTERWARDS, state: 's' }
    const page = await endSession(person, parameters)
    expect([page.status, page.url.pathname]).toEqual([200, '/oauth2/end_session'])
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(await isSignedIn(person)).toBe(true)
    const place = await person.submit(page, 'end-session-form')
    expect(place.url.href).toBe(`${AFTERWARDS}?state=s`)
    expect(await isSignedIn(person)).toBe(false)
  })

  it('says what to do next where no client is named', async () => {
    const person = await signIn(server, 'ann@demo.example')
    const done = await person.submit(await endSession(person, {}), 'end-session-form')
    expect(done.text).toContain('You are signed out')
    expect(done.text).toMatch(/<a href="\/sign-in"[^>]*>Sign in<\/a>/)
    expect(await isSignedIn(person)).toBe(false)
  })

  it('is not fooled by another person’s ID token, an access token or a foreign form', async () => {
    const { tokens } = await login(web, ann, 'openid')
    await createAccount(server, 'bob@demo.example')
    const bob = await signIn(server, 'bob@demo.example')
    for (const hint of [tokens.id_token!, tokens.access_token, 'nonsense']) {
      await endSession(bob, { id_token_hint: hint, client_id: web.clientId })
      expect(await isSignedIn(bob)).toBe(true)
    }
    const forged = await bob.request('/oauth2/end_session/confirm', {
      method: 'POST',
      body: new URLSearchParams({ form_token: 'guess' }),
    })
    expect(forged.status).toBe(403)
    expect(await isSignedIn(bob)).toBe(true)
  })

  it('goes to registered URIs alone, to the letter', async () => {
    const { tokens } = await login(web, ann, 'openid')
    for (const uri of [
      'https://evil.example/',
      `${AFTERWARDS}/`,
      `${AFTERWARDS}?a=b`,
      CALLBACK,
      'javascript:alert(1)',
    ]) {
      const page = await endSession(ann, {
        id_token_hint: tokens.id_token!,
        post_logout_redirect_uri: uri,
      })
      expect([uri, page.status, page.url.origin]).toEqual([uri, 400, server.url])
      expect(await isSignedIn(ann)).toBe(true)
    }
    const nobody = await endSession(newPerson(server), { post_logout_redirect_uri: AFTERWARDS })
    expect(nobody.status).toBe(400)
  })

  it('sends nobody to an address that is longer than browsers take', async () => {
    const person = await signIn(server, 'ann@demo.example')
    const fields = { client_id: web.clientId, post_logout_redirect_uri: AFTERWARDS, state: 's' }
    const state = 's'.repeat(9_000)
    const body = new URLSearchParams({ ...fields, state, unknown: 'x'.repeat(20_000) })
    const begun = await person.open('/oauth2/end_session', { method: 'POST', body })
    const question = await endSession(person, fields)
    const confirmed = await person.submit(question, 'end-session-form', { state })
    for (const { status, url, text } of [begun, confirmed]) {
      expect([status, url.origin]).toEqual([400, server.url])
      expect(text).toContain('The state is too long.')
    }
    expect(await isSignedIn(person)).toBe(true)
  })

  it('takes a POST of the client’s page, which comes without the session', async () => {
    const person = await signIn(server, 'ann@demo.example')
    const { tokens } = await login(web, person, 'openid')
    const place = await person.open('/oauth2/end_session', {
      method: 'POST',
      headers: { origin: 'https://app.example' },
      body: new URLSearchParams({
        id_token_hint: tokens.id_token!,
        post_logout_redirect_uri: AFTERWARDS,
      }),
    })
    expect(place.url.href).toBe(AFTERWARDS)
    expect(await isSignedIn(person)).toBe(false)
  })
})

const insecure = { [oauth.allowInsecureRequests]: true }

async function discover(): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(server.url)
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...insecure })
  return oauth.processDiscoveryResponse(issuer, response)
}

/** RFC 9449 §8: a first call learns the nonce, a second has it. */
async function withNonce<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return call()
  }
}

describe('oauth4webapi', () => {
  it('gets in by PAR, private_key_jwt and DPoP, and uses the bound tokens', async () => {
    const keys = await oauth.generateKeyPair('ES256', { extractable: true })
    const file = join(temporaryFolder(), 'jwks.json')
    writeFileSync(
      file,
      JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k' }] }),
    )
    const { id: client_id } = await mapgate<{ id: string }>(
      server,
      ...['clients', 'create', '--customer', 'demo', '--name', 'Bank', '--profile', 'fapi2'],
      ...['--grant', 'authorization_code refresh_token', '--jwks-file', file],
      ...['--redirect-uri', CALLBACK],
    )
    const as = await discover()
    const client: oauth.Client = { client_id }
    const auth = oauth.PrivateKeyJwt({ key: keys.privateKey, kid: 'k' })
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    const verifier = oauth.generateRandomCodeVerifier()
    const pushed = await withNonce(async () =>
      oauth.processPushedAuthorizationResponse(
        as,
        client,
        await oauth.pushedAuthorizationRequest(
          as,
          client,
          auth,
          {
            response_type: 'code',
            redirect_uri: CALLBACK,
            scope: 'openid read',
            code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
            code_challenge_method: 'S256',
          },
          { DPoP, ...insecure },
        ),
      ),
    )
    const url = new URL(as.authorization_endpoint!)
    url.search = new URLSearchParams({ client_id, request_uri: pushed.request_uri }).toString()
    const callback = oauth.validateAuthResponse(as, client, await authorize(ann, url.href))
    const tokens = await withNonce(async () =>
      oauth.processAuthorizationCodeResponse(
        as,
        client,
        await oauth.authorizationCodeGrantRequest(as, client, auth, callback, CALLBACK, verifier, {
          DPoP,
          ...insecure,
        }),
        { requireIdToken: true },
      ),
    )
    expect(tokens.token_type).toBe('dpop')
    const { sub } = oauth.getValidatedIdTokenClaims(tokens)!
    const info = await withNonce(async () =>
      oauth.processUserInfoResponse(
        as,
        client,
        sub,
        await oauth.userInfoRequest(as, client, tokens.access_token, { DPoP, ...insecure }),
      ),
    )
    expect(info.sub).toBe(sub)
    // RFC 9449 §7: without its key it is worth nothing.
    expect((await userinfoOf(tokens.access_token)).status).toBe(401)
    const form = { access_token: tokens.access_token }
    expect((await postForm(as.userinfo_endpoint!, form)).status).toBe(401)
    const items = new URL(`${server.url}/maps/collections/places/items?limit=1`)
    const map = await withNonce(() =>
      oauth.protectedResourceRequest(tokens.access_token, 'GET', items, undefined, null, {
        DPoP,
        ...insecure,
      }),
    )
    expect(map.status).toBe(200)

    const refreshed = await withNonce(async () =>
      oauth.processRefreshTokenResponse(
        as,
        client,
        await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token!, {
          DPoP,
          ...insecure,
        }),
      ),
    )
    expect(refreshed.token_type).toBe('dpop')
  })

  it('lets a device in', async () => {
    const as = await discover()
    const client: oauth.Client = { client_id: native.clientId }
    const begun = await oauth.processDeviceAuthorizationResponse(
      as,
      client,
      await oauth.deviceAuthorizationRequest(
        as,
        client,
        oauth.None(),
        { scope: 'openid read' },
        insecure,
      ),
    )
    const poll = async () =>
      oauth.processDeviceCodeResponse(
        as,
        client,
        await oauth.deviceCodeGrantRequest(as, client, oauth.None(), begun.device_code, insecure),
      )
    await expect(poll()).rejects.toMatchObject({ error: 'authorization_pending' })
    const page = await ann.open(begun.verification_uri)
    const consentPage = await ann.submit(page, 'device-form', { user_code: begun.user_code })
    await consent(ann, consentPage)
    await new Promise((resolve) => setTimeout(resolve, (begun.interval ?? 5) * 1_000 + 200))
    const tokens = await poll()
    expect(tokens).toMatchObject({ scope: 'openid read', refresh_token: expect.any(String) })
    expect(oauth.getValidatedIdTokenClaims(tokens)).toMatchObject({ aud: native.clientId })
  })

  it('introspects and revokes', async () => {
    const { tokens } = await login(web, ann, 'openid read')
    const as = await discover()
    const client: oauth.Client = { client_id: web.clientId }
    const auth = oauth.ClientSecretBasic(web.secret)
    const introspect = async (token: string) =>
      oauth.processIntrospectionResponse(
        as,
        client,
        await oauth.introspectionRequest(as, client, auth, token, insecure),
      )
    expect(await introspect(tokens.access_token)).toMatchObject({
      active: true,
      sub: tokens.claims()!.sub,
      client_id: web.clientId,
    })
    // Nor does it tell what userinfo would not.
    for (const token of [tokens.access_token, tokens.refresh_token!]) {
      expect(await introspect(token)).not.toHaveProperty('username')
    }
    const named = await login(web, ann, 'openid email')
    expect(await introspect(named.tokens.access_token)).toMatchObject({
      username: 'ann@demo.example',
    })
    const revoked = await oauth.revocationRequest(as, client, auth, tokens.refresh_token!, insecure)
    await oauth.processRevocationResponse(revoked)
    expect(await introspect(tokens.access_token)).toEqual({ active: false })
  })
})

describe('passport-oauth2', () => {
  it('gets a code by PKCE and refreshes', async () => {
    const tokens: { access: string; refresh: string }[] = []
    const strategy = new OAuth2Strategy(
      {
        authorizationURL: `${server.url}/oauth2/authorize`,
        tokenURL: `${server.url}/oauth2/token`,
        clientID: web.clientId,
        clientSecret: web.secret,
        callbackURL: CALLBACK,
        scope: ['read'],
        pkce: true,
        state: true,
      },
      (access: string, refresh: string, _profile: unknown, done: OAuth2Strategy.VerifyCallback) => {
        tokens.push({ access, refresh })
        done(null, { id: 1 })
      },
    )
    const session = {}
    const redirect = await runStrategy(strategy, { session, query: {} })
    const answer = await authorize(ann, redirect)
    const query = Object.fromEntries(answer)
    expect(await runStrategy(strategy, { session, query })).toBe('success')
    const { access, refresh } = tokens[0]!
    expect(decodeJwt(access)).toMatchObject({ scope: 'read', client_id: web.clientId })
    const { _oauth2: client } = strategy as unknown as { _oauth2: OAuthClient }
    const again = await new Promise<string>((resolve, reject) =>
      client.getOAuthAccessToken(refresh, { grant_type: 'refresh_token' }, (error, token) =>
        error ? reject(new Error(JSON.stringify(error))) : resolve(token),
      ),
    )
    expect(decodeJwt(again)).toMatchObject({ scope: 'read' })
  })
})

interface OAuthClient {
  getOAuthAccessToken(
    code: string,
    parameters: object,
    done: (error: unknown, token: string) => void,
  ): void
}

/** What Passport does with a strategy: where it redirects to, or `success`. */
function runStrategy(
  strategy: OAuth2Strategy,
  request: { session: object; query: object },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const run = Object.assign(Object.create(strategy), {
      redirect: resolve,
      success: () => resolve('success'),
      fail: (info: unknown) => reject(new Error(JSON.stringify(info))),
      error: reject,
    })
    run.authenticate({ ...request, headers: {}, connection: {} }, {})
  })
}

describe('simple-oauth2', () => {
  it('gets a code by PKCE, refreshes and revokes', async () => {
    const client = new AuthorizationCode({
      client: { id: web.clientId, secret: web.secret },
      auth: {
        tokenHost: server.url,
        tokenPath: '/oauth2/token',
        authorizePath: '/oauth2/authorize',
        revokePath: '/oauth2/revoke',
      },
    })
    const verifier = oauth.generateRandomCodeVerifier()
    const url = client.authorizeURL({
      redirect_uri: CALLBACK,
      scope: 'read',
      state: 'state',
      ...{
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      },
    })
    const answer = await authorize(ann, url)
    expect(answer.get('state')).toBe('state')
    const fields = { code: answer.get('code')!, redirect_uri: CALLBACK, code_verifier: verifier }
    const token = await client.getToken(fields)
    expect(token.token).toMatchObject({ token_type: 'Bearer', scope: 'read' })
    const refreshed = await token.refresh()
    expect(refreshed.token['refresh_token']).not.toBe(token.token['refresh_token'])
    expect(decodeJwt(String(refreshed.token['access_token']))).toMatchObject({ scope: 'read' })
    await refreshed.revokeAll()
    await expect(refreshed.refresh()).rejects.toThrow('400')
  })
})
