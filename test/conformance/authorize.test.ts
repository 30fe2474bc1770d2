import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import {
  answered,
  asked,
  CALLBACK,
  expectError as expectErrorOf,
  expectPage as expectPageOf,
  openRequest,
  redeem as redeemAt,
  redemption,
  STATE,
  WITHOUT_PKCE,
} from './authorization.ts'
import {
  authorizationUrl,
  authorize,
  consent,
  createAccount,
  fillSignIn,
  newPerson,
  newPkce,
  type Person,
  signIn,
} from './person.ts'
import { answerOf, bearer, createClient, type Credentials, postForm } from './requests.ts'

const NATIVE = 'http://127.0.0.1/callback'

let server: Awaited<ReturnType<typeof startSampleServer>>
/** A confidential client that may read and write. */
let web: Credentials
/** Another one, for mixing up. */
let other: Credentials
/** A public one, with a loopback address and one of the web. */
let native: { clientId: string }
/** Ann is signed in and has allowed `web` to read. */
let ann: Person

beforeAll(async () => {
  server = await startSampleServer()
  const grants = ['--grant', 'authorization_code refresh_token client_credentials']
  web = await createClient(server, ...grants, '--scope', 'read write', '--redirect-uri', CALLBACK)
  other = await createClient(server, ...grants, '--scope', 'read', '--redirect-uri', CALLBACK)
  const created = await mapgate<{ id: string }>(
    server,
    ...[
      'clients',
      'create',
      '--customer',
      'demo',
      '--name',
      'Native',
      '--public',
      '--scope',
      'read',
    ],
    ...['--grant', 'authorization_code refresh_token'],
    ...['--redirect-uri', NATIVE, '--redirect-uri', CALLBACK],
  )
  native = { clientId: created.id }
  await createAccount(server, 'ann@demo.example')
  await createAccount(server, 'eve@demo.example')
  ann = await signIn(server, 'ann@demo.example')
  await authorize(ann, authorizationUrl(server, asked(web)))
})
afterAll(() => server[Symbol.asyncDispose]())

type Parameters = Record<string, string> | [string, string][]

const open = (person: Person, parameters: Parameters) => openRequest(server, person, parameters)

const expectPage = (person: Person, parameters: Parameters) =>
  expectPageOf(server, person, parameters)

const expectError = (parameters: Parameters, error: string, person: Person = ann) =>
  expectErrorOf(server, person, parameters, error)

const redeem = (client: Credentials, code: string, changes: Record<string, string> = {}) =>
  redeemAt(server, client, code, changes)

async function newCode(person: Person, parameters: Record<string, string>): Promise<string> {
  const answer = await authorize(person, authorizationUrl(server, parameters))
  return answer.get('code') ?? expect.fail(answer.toString())
}

describe('RFC 6749 §4.1', () => {
  it('a person signs in, sees what is asked, allows it; the client gets a token for them', async () => {
    const person = newPerson(server)
    const state = 'äöü &=#"'
    const signInPage = await open(person, asked(other, { state, nonce: 'n-1' }))
    expect(signInPage.url.pathname).toBe('/sign-in')
    const consentPage = await fillSignIn(person, signInPage, 'ann@demo.example')
    expect(consentPage.url.pathname).toBe('/consent')
    expect(consentPage.text).toContain('Test')
    const end = await consent(person, consentPage)
    expect(end.status).toBe(303)
    expect(end.headers.get('cache-control')).toBe('no-store')
    expect(end.headers.get('referrer-policy')).toBe('no-referrer')
    const answer = answered(end)
    expect(answer).toEqual({ code: expect.stringMatching(/^mgc_/), state, iss: server.url })
    const token = await answerOf(redeem(other, answer.code!))
    expect(token).toMatchObject({ status: 200, body: { token_type: 'Bearer', scope: 'read' } })
    const claims = decodeJwt(token.body.access_token as string)
    expect(claims).toMatchObject({
      iss: server.url,
      sub: expect.stringMatching(/^account:\d+$/),
      aud: `${server.url}/maps`,
      client_id: other.clientId,
      scope: 'read',
      grant_id: expect.any(String),
      auth_time: expect.any(Number),
    })
    const items = await fetch(`${server.url}/maps/collections`, {
      headers: bearer(token.body.access_token as string),
    })
    expect(items.status).toBe(200)
  })

  it('asks again only when more is wanted', async () => {
    expect(answered(await open(ann, asked(web)))).toHaveProperty('code')
    const more = await open(ann, asked(web, { scope: 'read write' }))
    expect(more.url.pathname).toBe('/consent')
    expect(answered(await consent(ann, more, 'deny'))).toMatchObject({ error: 'access_denied' })
  })

  it('tells the client when the person says no', async () => {
    const page = await open(ann, asked(web, { prompt: 'consent' }))
    const end = await consent(ann, page, 'deny')
    expect(answered(end)).toEqual({
      error: 'access_denied',
      error_description: expect.any(String),
      state: STATE,
      iss: server.url,
    })
  })

  it('takes the request as a form too, also from another site, where no cookie comes along', async () => {
    const stranger = newPerson(server)
    const init = { method: 'POST', body: new URLSearchParams(asked(web)) }
    const first = await stranger.request('/oauth2/authorize', init)
    expect(first.status).toBe(303)
    expect(first.headers.get('location')).toMatch(/^\/oauth2\/authorize\?/)
    expect(answered(await ann.open('/oauth2/authorize', init))).toHaveProperty('code')
  })

  it('ignores parameters that it does not know (§3.1)', async () => {
    const answer = answered(await open(ann, asked(web, { unknown: 'x', registration: '{}' })))
    expect(answer).toHaveProperty('code')
  })

  it('needs no redirect_uri where there is one, and then none for the token (§4.1.3)', async () => {
    const code = await newCode(ann, asked(web, { redirect_uri: '' }))
    const response = await redeem(web, code, { redirect_uri: '' })
    expect(response.status).toBe(200)
  })

  it('keeps the query of the redirect URI (§3.1.2)', async () => {
    const uri = 'https://app.example/callback?tenant=%7e1'
    const client = await createClient(
      server,
      ...['--grant', 'authorization_code', '--redirect-uri', uri],
    )
    const url = authorizationUrl(server, asked(client, { redirect_uri: uri }))
    const page = await ann.open(url)
    const end = await consent(ann, page)
    expect(end.url.href).toMatch(/^https:\/\/app\.example\/callback\?tenant=%7e1&code=mgc_/)
  })
})

describe('RFC 8707 §2.2', () => {
  it('resource narrows what the code is worth', async () => {
    const resource = `${server.url}/oauth2/userinfo`
    const code = await newCode(ann, asked(web, { scope: 'openid read' }))
    const { body } = await answerOf(redeem(web, code, { resource }))
    const claims = decodeJwt(body.access_token as string)
    expect(claims).toMatchObject({ scope: 'openid', aud: resource })
    const other = await newCode(ann, asked(web))
    const unknown = { resource: 'https://unknown.example' }
    expect(await answerOf(redeem(web, other, unknown))).toMatchObject({
      status: 400,
      body: { error: 'invalid_target' },
    })
    // Nothing came of it, so nothing was used up.
    expect((await redeem(web, other)).status).toBe(200)
  })
})

describe('before the client is proven, the person hears of errors and nobody else (RFC 6749 §4.1.2.1)', () => {
  it.each<[string, Record<string, string>]>([
    ['no client', { client_id: '' }],
    ['an unknown client', { client_id: 'nobody' }],
    ['another host', { redirect_uri: 'https://evil.example/callback' }],
    ['a longer path', { redirect_uri: `${CALLBACK}/../evil` }],
    ['a query besides', { redirect_uri: `${CALLBACK}?x=1` }],
    ['another scheme', { redirect_uri: 'http://app.example/callback' }],
    ['a fragment', { redirect_uri: `${CALLBACK}#evil` }],
    ['user information', { redirect_uri: 'https://app.example@evil.example/callback' }],
    ['user information at the right host', { redirect_uri: 'https://evil@app.example/callback' }],
    ['a script', { redirect_uri: 'javascript:alert(1)//https://app.example/callback' }],
    ['data', { redirect_uri: 'data:text/html,<script>alert(1)</script>' }],
    ['an upper-case host', { redirect_uri: 'https://APP.example/callback' }],
    ['a relative one', { redirect_uri: '//evil.example' }],
    ['blanks around it', { redirect_uri: ` ${CALLBACK}` }],
    ['one that is too long', { redirect_uri: `${CALLBACK}${'a'.repeat(3_000)}` }],
    ['a request_uri of nobody', { request_uri: 'urn:ietf:params:oauth:request_uri:nothing' }],
  ])('%s', async (_name, changes) => {
    expect(await expectPage(ann, asked(web, changes))).toContain('invalid_request')
  })

  it('a redirect URI or client that comes twice', async () => {
    for (const name of ['client_id', 'redirect_uri', 'response_mode', 'state']) {
      const twice: [string, string][] = [
        ...Object.entries(asked(web, { response_mode: 'query' })),
        [name, 'https://evil.example'],
      ]
      expect(await expectPage(ann, twice)).toContain(`${name} is repeated`)
    }
  })

  it('says so without running what it was sent', async () => {
    const evil = '<script>alert(1)</script>'
    const text = await expectPage(ann, asked(web, { client_id: evil, redirect_uri: evil }))
    expect(text).not.toContain(evil)
  })

  it('a client that is suspended', async () => {
    const client = await createClient(
      server,
      ...['--grant', 'authorization_code', '--redirect-uri', CALLBACK],
    )
    await mapgate(server, 'clients', 'suspend', client.clientId)
    await expect.poll(async () => (await open(ann, asked(client))).status).toBe(400)
  })
})

describe('what is wrong otherwise, the client hears', () => {
  it.each<[string, string, Record<string, string>]>([
    ['no response_type', 'invalid_request', { response_type: '' }],
    ['the implicit grant', 'unsupported_response_type', { response_type: 'token' }],
    ['a hybrid', 'unsupported_response_type', { response_type: 'code id_token' }],
    ['another response_mode', 'invalid_request', { response_mode: 'web_message' }],
    ['a scope that the client may not have', 'invalid_scope', { scope: 'upload' }],
    ['a scope of management', 'invalid_scope', { scope: 'read manage' }],
    ['an unknown resource', 'invalid_target', { resource: 'https://unknown.example' }],
    ['PKCE by plain', 'invalid_request', { code_challenge_method: 'plain' }],
    [
      'PKCE without a method, which would be plain',
      'invalid_request',
      { code_challenge_method: '' },
    ],
    ['no challenge, but its method', 'invalid_request', { code_challenge: '' }],
    ['no PKCE', 'invalid_request', WITHOUT_PKCE],
    ['a challenge that is none', 'invalid_request', { code_challenge: 'short' }],
    ['prompt none with others', 'invalid_request', { prompt: 'none login' }],
    ['an unknown prompt', 'invalid_request', { prompt: 'please' }],
    ['a max_age that is no number', 'invalid_request', { max_age: '-1' }],
    ['an id_token_hint that is none', 'invalid_request', { id_token_hint: 'a.b.c' }],
    ['an unknown identity provider', 'invalid_request', { acr_values: 'idp:nobody' }],
    ['claims that are no JSON', 'invalid_request', { claims: '{' }],
    [
      'an acr that is essential',
      'unmet_authentication_requirements',
      { claims: '{"id_token":{"acr":{"essential":true}}}' },
    ],
    ['a request object', 'request_not_supported', { request: 'a.b.c' }],
    [
      'a request_uri elsewhere',
      'request_uri_not_supported',
      { request_uri: 'https://evil.example/r' },
    ],
    ['a dpop_jkt that is none', 'invalid_request', { dpop_jkt: 'x' }],
    [
      'details of another type',
      'invalid_authorization_details',
      { authorization_details: '[{"type":"payment"}]' },
    ],
    [
      'details with more than the client may',
      'invalid_authorization_details',
      { authorization_details: '[{"type":"map_data","actions":["upload"]}]' },
    ],
    [
      'a scope that the details say nothing of',
      'invalid_authorization_details',
      { scope: 'read write', authorization_details: '[{"type":"map_data","actions":["read"]}]' },
    ],
  ])('%s', async (_name, error, changes) => {
    expect(await expectError(asked(web, changes), error)).toMatchObject({ state: STATE })
  })

  it('a parameter that comes twice (§3.1)', async () => {
    for (const name of ['scope', 'code_challenge', 'nonce', 'prompt', 'response_type']) {
      const twice: [string, string][] = [
        ...Object.entries(asked(web, { nonce: 'n', prompt: 'consent' })),
        [name, 'x'],
      ]
      expect(await expectError(twice, 'invalid_request')).toMatchObject({ state: STATE })
    }
  })

  it('parameters that are too long, of which none comes back', async () => {
    for (const name of ['nonce', 'login_hint', 'ui_locales', 'claims', 'scope', 'id_token_hint']) {
      const answer = await expectError(asked(web, { [name]: 'x'.repeat(9_000) }), 'invalid_request')
      expect(answer.error_description).toContain(name)
    }
    const answer = await expectError(asked(web, { state: 's'.repeat(5_000) }), 'invalid_request')
    expect(answer).not.toHaveProperty('state')
    const whole = asked(web, { unknown: 'x'.repeat(70_000) })
    const init = { method: 'POST', body: new URLSearchParams(whole) }
    expect((await ann.request('/oauth2/authorize', init)).status).toBe(413)
  })

  it('a client that may not use codes', async () => {
    const client = await createClient(
      server,
      ...['--grant', 'client_credentials', '--redirect-uri', CALLBACK],
    )
    expect(await expectError(asked(client), 'unauthorized_client')).toHaveProperty('state', STATE)
  })

  it('in the way that it asked for', async () => {
    const place = await open(ann, asked(web, { scope: 'upload', response_mode: 'fragment' }))
    expect(place.url.search).toBe('')
    const answer = new URLSearchParams(place.url.hash.slice(1))
    expect(Object.fromEntries(answer)).toMatchObject({ error: 'invalid_scope', state: STATE })
  })
})

describe('response_mode', () => {
  it('fragment: behind the #', async () => {
    const place = await open(ann, asked(web, { response_mode: 'fragment' }))
    expect(place.url.search).toBe('')
    const answer = Object.fromEntries(new URLSearchParams(place.url.hash.slice(1)))
    expect(answer).toEqual({
      code: expect.stringMatching(/^mgc_/),
      state: STATE,
      iss: server.url,
    })
  })

  it('form_post: by a form that the browser sends, with a button where there is no script', async () => {
    const state = '"><script>alert(1)</script>'
    const place = await open(ann, asked(web, { response_mode: 'form_post', state }))
    expect(place.status).toBe(200)
    expect(place.text).toContain(`action="${CALLBACK}"`)
    expect(place.text).toMatch(/name="code" value="mgc_/)
    expect(place.text).not.toContain(state)
    expect(place.text).toContain('<button type="submit"')
    const policy = place.headers.get('content-security-policy')
    // The client's callback may redirect to anywhere: see docs/decisions/0017-forms-that-leave.md.
    expect(policy).not.toContain('form-action')
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe-inline')
    const [, path] = /<script src="([^"]+)"/.exec(place.text)!
    const script = await fetch(new URL(path!, server.url))
    expect(script.headers.get('content-type')).toContain('javascript')
    expect(await script.text()).toContain('submit')
  })
})

describe('RFC 8252 §7.3', () => {
  it('a native app may listen on any port of the loopback address', async () => {
    const redirect_uri = 'http://127.0.0.1:51321/callback'
    const page = await open(ann, asked(native, { redirect_uri }))
    const end = await consent(ann, page)
    expect(end.url.host).toBe('127.0.0.1:51321')
    const fields = redemption(native, answered(end).code!, { redirect_uri })
    expect((await postForm(`${server.url}/oauth2/token`, fields)).status).toBe(200)
  })

  it('and is asked for each time, for any program of the device can be it (§8.6)', async () => {
    const redirect_uri = 'http://127.0.0.1:51322/callback'
    const again = await open(ann, asked(native, { redirect_uri }))
    expect(again.url.pathname).toBe('/consent')
    await expectErrorAt(redirect_uri, { prompt: 'none' }, 'consent_required')
  })

  async function expectErrorAt(
    redirect_uri: string,
    changes: Record<string, string>,
    error: string,
  ) {
    const place = await open(ann, asked(native, { redirect_uri, ...changes }))
    expect(answered(place)).toMatchObject({ error })
  }

  it('a public client cannot do without PKCE', async () => {
    const { error_description } = await expectError(asked(native, WITHOUT_PKCE), 'invalid_request')
    expect(error_description).toContain('code_challenge')
  })
})

describe('OpenID Connect Core §3.1.2.1', () => {
  it('prompt=none shows nothing: it answers, or says what is missing', async () => {
    expect(answered(await open(ann, asked(web, { prompt: 'none' })))).toHaveProperty('code')
    await expectError(asked(web, { prompt: 'none' }), 'login_required', newPerson(server))
    const more = asked(web, { prompt: 'none', scope: 'read write' })
    await expectError(more, 'consent_required')
    const again = asked(web, { prompt: 'none', max_age: '0' })
    await expectError(again, 'login_required')
  })

  it.each(['login', 'select_account'])('prompt=%s shows the sign-in page', async (prompt) => {
    const place = await open(ann, asked(web, { prompt }))
    expect(place.url.pathname).toBe('/sign-in')
  })

  it('prompt=login and max_age=0 are content with a sign-in that has just been', async () => {
    for (const changes of [{ prompt: 'login' }, { max_age: '0' }] as Record<string, string>[]) {
      const person = await signIn(server, 'ann@demo.example')
      const page = await open(person, asked(web, changes))
      expect(page.url.pathname).toBe('/sign-in')
      expect(answered(await fillSignIn(person, page, 'ann@demo.example'))).toHaveProperty('code')
    }
  })

  it('prompt=consent asks again', async () => {
    const page = await open(ann, asked(web, { prompt: 'consent' }))
    expect(page.url.pathname).toBe('/consent')
    expect(answered(await consent(ann, page))).toHaveProperty('code')
  })

  it('login_hint is filled in', async () => {
    const hint = 'ann"><b>@demo.example'
    const page = await open(newPerson(server), asked(web, { login_hint: hint }))
    expect(page.text).not.toContain(hint)
    expect(page.text).toContain('&#34;&#62;&#60;b&#62;@demo.example')
  })

  it('id_token_hint asks for that person', async () => {
    const code = await newCode(ann, asked(web, { scope: 'openid read' }))
    const { body } = await answerOf(redeem(web, code))
    const hint = { id_token_hint: body.id_token as string }
    expect(answered(await open(ann, asked(web, { ...hint, prompt: 'none' })))).toHaveProperty(
      'code',
    )
    const eve = await signIn(server, 'eve@demo.example')
    await expectError(asked(web, { ...hint, prompt: 'none' }), 'login_required', eve)
    const page = await open(eve, asked(web, hint))
    expect(page.url.pathname).toBe('/sign-in')
    const end = await fillSignIn(eve, page, 'eve@demo.example')
    // The person hears of it, and may still be the one who is asked for.
    expect(end.url.origin).toBe(server.url)
    expect(end.status).toBe(400)
    const again = await eve.open(page.url)
    expect(answered(await fillSignIn(eve, again, 'ann@demo.example'))).toHaveProperty('code')
    // Of another client, and what is no ID token, but signed by the same keys.
    await expectError(asked(other, hint), 'invalid_request')
    const access = { id_token_hint: body.access_token as string }
    await expectError(asked(web, access), 'invalid_request')
  })
})

describe('RFC 9396', () => {
  const area = {
    type: 'Polygon',
    coordinates: [
      [
        [13, 55],
        [14, 55],
        [14, 56],
        [13, 55],
      ],
    ],
  }
  const details = (changes: object = {}) =>
    JSON.stringify([{ type: 'map_data', actions: ['read'], area, ...changes }])

  it('limits the token to an area, which is named by its id', async () => {
    const client = await createClient(
      server,
      ...['--grant', 'authorization_code', '--scope', 'read write', '--redirect-uri', CALLBACK],
    )
    const authorization_details = details()
    const page = await open(ann, asked(client, { scope: '', authorization_details }))
    expect(page.url.pathname).toBe('/consent')
    expect(page.text).toContain('id="detail-1"')
    const { code } = answered(await consent(ann, page))
    const { body } = await answerOf(redeem(client, code!))
    expect(body.scope).toBe('read')
    const claims = decodeJwt(body.access_token as string)
    expect(claims.authorization_details).toEqual([
      expect.objectContaining({ type: 'map_data', actions: ['read'], area: expect.any(String) }),
    ])
    expect(JSON.stringify(claims)).not.toContain('coordinates')
  })

  it('remembers the area, and asks again for another and for the whole', async () => {
    const client = await createClient(
      server,
      ...['--grant', 'authorization_code', '--scope', 'read', '--redirect-uri', CALLBACK],
    )
    const within = (changes: object = {}) =>
      open(ann, asked(client, { authorization_details: details(changes) }))
    await consent(ann, await within())
    expect(answered(await within())).toHaveProperty('code')
    const larger = {
      coordinates: [
        [
          [13, 55],
          [14, 55],
          [14, 57],
          [13, 55],
        ],
      ],
      type: 'Polygon',
    }
    expect((await within({ area: larger })).url.pathname).toBe('/consent')
    expect((await open(ann, asked(client))).url.pathname).toBe('/consent')
  })

  it('stores so many areas of a network and no more', async () => {
    const stranger = newPerson(server)
    const ask = async (changes: Record<string, string>) =>
      (await stranger.request(authorizationUrl(server, asked(web, changes)))).status
    const authorization_details = details()
    const statuses = new Set<number>()
    for (let count = 0; count <= 100; count++) statuses.add(await ask({ authorization_details }))
    expect([...statuses]).toEqual([303, 429])
    expect(await ask({})).toBe(303)
    const everywhere = JSON.stringify([{ type: 'map_data', actions: ['read'] }])
    expect(await ask({ authorization_details: everywhere })).toBe(303)
  })
})

describe('attacks', () => {
  it('login swap: what an attacker began, a victim cannot allow', async () => {
    const eve = newPerson(server)
    const begun = await open(eve, asked(web))
    expect(begun.url.pathname).toBe('/sign-in')
    const id = begun.url.searchParams.get('interaction')!
    for (const path of ['/sign-in', '/consent', '/oauth2/authorize/resume']) {
      const seen = await ann.open(`${path}?interaction=${id}`)
      expect(seen.status).toBe(400)
      expect(seen.text).not.toContain('form_token')
    }
    // Nor when the victim's browser is made to carry the attacker's cookie.
    const mixed = newPerson(server)
    mixed.cookies.set('mapgate-browser', eve.cookies.get('mapgate-browser')!)
    mixed.cookies.set('mapgate-session', ann.cookies.get('mapgate-session')!)
    const taken = await mixed.open(`/oauth2/authorize/resume?interaction=${id}`)
    expect(answered(taken)).toHaveProperty('code')
    // What came of it went to that browser alone: the attacker's has nothing left to go on with.
    expect((await eve.open(`/oauth2/authorize/resume?interaction=${id}`)).status).toBe(400)
  })

  it('an interaction that one person took up is closed to another in the same browser', async () => {
    const person = await signIn(server, 'ann@demo.example')
    const page = await open(person, asked(web, { prompt: 'consent' }))
    expect(page.url.pathname).toBe('/consent')
    const eve = await signIn(server, 'eve@demo.example')
    person.cookies.set('mapgate-session', eve.cookies.get('mapgate-session')!)
    const id = page.url.searchParams.get('interaction')!
    for (const path of ['/consent', '/oauth2/authorize/resume']) {
      expect((await person.open(`${path}?interaction=${id}`)).status).toBe(400)
    }
    const forged = await person.submit(page, 'consent-form', { decision: 'allow' })
    expect(forged.status).toBe(403)
    // Without a session, it goes on only with the one who took it up.
    person.cookies.delete('mapgate-session')
    const again = await person.open(`/oauth2/authorize/resume?interaction=${id}`)
    expect(again.url.pathname).toBe('/sign-in')
    expect((await fillSignIn(person, again, 'eve@demo.example')).status).toBe(400)
  })

  it('an interaction ends with its answer', async () => {
    const page = await open(ann, asked(web, { prompt: 'consent' }))
    const id = page.url.searchParams.get('interaction')!
    expect(answered(await consent(ann, page))).toHaveProperty('code')
    expect((await ann.open(`/oauth2/authorize/resume?interaction=${id}`)).status).toBe(400)
    expect((await consent(ann, page)).status).toBe(400)
  })

  it('only one of many browser tabs gets an answer', async () => {
    const person = newPerson(server)
    const page = await open(person, asked(web))
    const id = page.url.searchParams.get('interaction')!
    person.cookies.set('mapgate-session', ann.cookies.get('mapgate-session')!)
    const ends = await Promise.all(
      Array.from({ length: 6 }, () => person.open(`/oauth2/authorize/resume?interaction=${id}`)),
    )
    expect(ends.filter(({ url }) => url.searchParams.has('code'))).toHaveLength(1)
    expect(ends.filter(({ status }) => status === 400)).toHaveLength(5)
  })

  it('code injection: a code is worth nothing without the verifier of who asked for it', async () => {
    const code = await newCode(ann, asked(web))
    const stolen = await answerOf(redeem(web, code, { code_verifier: newPkce().verifier }))
    expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    const bare = await answerOf(redeem(web, code, { code_verifier: '' }))
    expect(bare).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await redeem(web, code)).status).toBe(200)
  })

  it('PKCE downgrade: a code without a challenge refuses a verifier (RFC 9700 §4.8)', async () => {
    const client = await createClient(
      server,
      ...['--grant', 'authorization_code', '--redirect-uri', CALLBACK, '--no-require-pkce'],
    )
    const code = await newCode(ann, asked(client, WITHOUT_PKCE))
    expect(await answerOf(redeem(client, code))).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
    expect((await redeem(client, code, { code_verifier: '' })).status).toBe(200)
  })

  it('the code of one client is worth nothing to another', async () => {
    const code = await newCode(ann, asked(web))
    expect(await answerOf(redeem(other, code))).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
    expect((await redeem(web, code)).status).toBe(200)
  })

  it('a code for another redirect URI is refused (RFC 6749 §4.1.3)', async () => {
    for (const redirect_uri of ['', `${CALLBACK}/`, 'https://evil.example']) {
      const code = await newCode(ann, asked(web))
      const answer = await answerOf(redeem(web, code, { redirect_uri }))
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }
  })

  it('a code that is used twice at once: one wins, and the loser ends what it won', async () => {
    const code = await newCode(ann, asked(web))
    const answers = await Promise.all([1, 2].map(() => answerOf(redeem(web, code))))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400])
    const won = answers.find(({ status }) => status === 200)!.body
    const read = () =>
      fetch(`${server.url}/maps/collections`, { headers: bearer(won.access_token as string) })
    await expect.poll(async () => (await read()).status, { timeout: 1_000 }).toBe(401)
    const refreshed = await postForm(`${server.url}/oauth2/token`, {
      grant_type: 'refresh_token',
      client_id: web.clientId,
      client_secret: web.secret,
      refresh_token: won.refresh_token as string,
    })
    expect(await answerOf(refreshed)).toMatchObject({ body: { error: 'invalid_grant' } })
  })

  it('frames and other origins’ scripts are kept out', async () => {
    const person = newPerson(server)
    const response = await person.request(authorizationUrl(server, asked(web)), {
      headers: { origin: 'https://evil.example' },
    })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    const page = await open(person, asked(web, { redirect_uri: 'https://evil.example' }))
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.headers.get('x-frame-options')).toBe('DENY')
  })

  it('logs name neither code nor state', async () => {
    const state = 'state-that-is-secret'
    const code = await newCode(ann, asked(web, { state }))
    await open(ann, asked(web, { state, scope: 'nothing' }))
    expect(server.log()).not.toContain(state)
    expect(server.log()).not.toContain(code)
  })
})
