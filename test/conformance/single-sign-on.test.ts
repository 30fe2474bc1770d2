import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createHttpBrowser, type HttpBrowser, type Page } from '../support/http-browser.ts'
import { type OpenIdProvider, startOpenIdProvider } from '../support/openid-provider.ts'
import { freePort, mapgate, type RunningServer, startServer } from '../support/server.ts'
import { withConfig } from './config-file.ts'

const REDIRECT_URI = 'http://127.0.0.1:1/back'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'

interface ShownAccount {
  id: string
  name: string
  hasPassword: boolean
  memberships: { customerId: string; role: string }[]
  sessions: { methods: string[]; providerId: string }[]
}

describe('single sign-on', () => {
  let upstream: OpenIdProvider
  let server: RunningServer
  let clientId: string
  let count = 0

  beforeAll(async () => {
    const [port, upstreamPort] = [await freePort(), await freePort()]
    const callbacks = ['acme', 'keyed', 'roles', 'strict', 'moved'].map(
      (id) => `http://127.0.0.1:${port}/sign-in/upstream/callback/${id}`,
    )
    upstream = await startOpenIdProvider(upstreamPort, callbacks)
    const config = { outbound: { allowedHosts: [`127.0.0.1:${upstreamPort}`] } }
    server = await startServer({ port, environment: withConfig(config) })
    await mapgate(server, 'customers', 'create', 'Acme', '--id', 'acme')
    await addProvider('acme', 'acme.example')
    ;({ id: clientId } = await mapgate<{ id: string }>(
      server,
      ...['clients', 'create', '--customer', 'acme', '--name', 'Map viewer', '--type', 'public'],
      ...['--grant', 'authorization_code', '--redirect-uri', REDIRECT_URI],
    ))
  })

  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })

  let browser: HttpBrowser
  let person: { sub: string; email: string }

  beforeEach(() => {
    browser = createHttpBrowser()
    person = newPerson('acme.example')
    upstream.signedInAt = null
  })

  /** Who is signed in next at the provider. */
  function newPerson(domain: string, claims: object = {}) {
    const sub = `person-${++count}`
    const email = `${sub}@${domain}`
    upstream.people.set(sub, { email, email_verified: true, name: `Person ${count}`, ...claims })
    upstream.next = sub
    return { sub, email }
  }

  function addProvider(id: string, domain: string, ...options: string[]) {
    const environment = {
      ...server.environment,
      MAPGATE_IDENTITY_PROVIDER_SECRET: upstream.clientSecret,
    }
    return mapgate(
      { environment },
      ...['identity-providers', 'create', id, '--customer', 'acme', '--domain', domain],
      ...['--issuer', upstream.issuer, '--client-id', upstream.clientId, ...options],
    )
  }

  const changeProvider = (id: string, ...options: string[]) =>
    mapgate(server, 'identity-providers', 'change', id, ...options)

  const upstreamUrl = (id: string, more: Record<string, string> = {}) =>
    `${server.url}/sign-in/upstream?${new URLSearchParams({ provider: id, ...more }).toString()}`

  const signIn = (id = 'acme', more: Record<string, string> = {}) =>
    browser.open(upstreamUrl(id, more))

  /** Goes all the way but the last step. @returns the callback's URL with the answer */
  async function answerOf(id = 'acme'): Promise<string> {
    const callback = `${server.url}/sign-in/upstream/callback/`
    const { url } = await browser.open(upstreamUrl(id), { stopAt: callback })
    expect(url).toMatch(/[?&]code=/)
    return url
  }

  const isSignedIn = (who = browser) =>
    who.cookies.get(new URL(server.url).host)?.has('mapgate-session') === true

  const account = (email: string) => mapgate<ShownAccount>(server, 'accounts', 'show', email)

  const isKnown = (email: string) =>
    account(email).then(
      () => true,
      () => false,
    )

  /** The status of a page that refuses; 0: it is none. */
  function refusal({ status, headers, text }: Page): number {
    const told = text.includes('not signed in') && !isSignedIn()
    return told && headers.get('content-type')?.startsWith('text/html') ? status : 0
  }

  const authorize = (more: Record<string, string>) =>
    `${server.url}/oauth2/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: REDIRECT_URI,
      scope: 'openid read',
      state: 'the-state',
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      ...more,
    }).toString()}`

  /** Allows what the page asks for. @returns the claims of the ID token that comes of it */
  async function allow(consent: Page): Promise<Record<string, unknown>> {
    const answer = await browser.submit(
      consent,
      { decision: 'allow' },
      { form: 'consent-form', stopAt: REDIRECT_URI },
    )
    const { searchParams } = new URL(answer.url)
    expect(searchParams.get('state')).toBe('the-state')
    const response = await fetch(`${server.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: clientId,
        code: searchParams.get('code')!,
        redirect_uri: REDIRECT_URI,
        code_verifier: VERIFIER,
      }),
    })
    const { id_token: idToken } = (await response.json()) as { id_token: string }
    const payload = Buffer.from(idToken.split('.')[1]!, 'base64url').toString()
    return JSON.parse(payload) as Record<string, unknown>
  }

  describe('the first sign-in', () => {
    it('creates the account as viewer, found by the domain of the address', async () => {
      const form = await browser.open(`${server.url}/sign-in/organisation`)
      const page = await browser.submit(form, { email: person.email })
      expect(page.url).toBe(`${server.url}/account`)
      expect(isSignedIn()).toBe(true)
      expect(await account(person.email)).toMatchObject({
        name: `Person ${count}`,
        hasPassword: false,
        memberships: [{ customerId: 'acme', role: 'viewer' }],
        sessions: [{ methods: ['fed'], providerId: 'acme' }],
      })
    })

    it('knows the person again', async () => {
      await signIn()
      const { id } = await account(person.email)
      browser = createHttpBrowser()
      await signIn()
      expect(await account(person.email)).toMatchObject({ id, sessions: [{}, {}] })
    })

    it('is asked for again there, once the person must prove who they are again', async () => {
      const first = await browser.open(upstreamUrl('acme'), { stopAt: upstream.issuer })
      expect(new URL(first.url).searchParams.get('prompt')).toBeNull()
      await signIn()
      const again = await browser.open(upstreamUrl('acme'), { stopAt: upstream.issuer })
      expect(new URL(again.url).searchParams.get('prompt')).toBe('login')
    })

    it('takes a new session id, so that one known before is worth nothing', async () => {
      await signIn()
      const host = new URL(server.url).host
      const before = browser.cookies.get(host)!.get('mapgate-session')
      await signIn()
      expect(browser.cookies.get(host)!.get('mapgate-session')).not.toBe(before)
      expect((await account(person.email)).sessions).toHaveLength(1)
    })

    it('ends at a path of this server alone', async () => {
      const page = await signIn('acme', { continue: '/account/sessions?a=b' })
      expect(page.url).toBe(`${server.url}/account/sessions?a=b`)
      for (const evil of ['https://evil.example/', '//evil.example', '/\\evil.example']) {
        browser = createHttpBrowser()
        expect((await signIn('acme', { continue: evil })).url).toBe(`${server.url}/account`)
      }
    })

    it('works with private_key_jwt', async () => {
      const file = join(server.dataDir, 'upstream-key.pem')
      writeFileSync(file, upstream.privateKey)
      const options = ['--client-id', upstream.keyClientId, '--private-key-file', file]
      await addProvider('keyed', 'keyed.example')
      await changeProvider('keyed', ...options)
      const { email } = newPerson('keyed.example')
      await signIn('keyed')
      expect(isSignedIn()).toBe(true)
      expect(await isKnown(email)).toBe(true)
    })
  })

  describe('for an application', () => {
    it('acr_values=idp:<name> leads to the provider, then to consent and a code', async () => {
      const consent = await browser.open(authorize({ acr_values: 'idp:acme' }))
      expect(consent.url).toMatch(/\/consent\?interaction=/)
      const claims = await allow(consent)
      expect(claims).toMatchObject({
        sub: `account:${(await account(person.email)).id}`,
        amr: ['fed'],
      })
    })

    it('a session of another provider is not enough for acr_values', async () => {
      await signIn()
      await addProvider('strict', 'strict.example')
      newPerson('strict.example')
      // Both providers are one here, and it would sign in whom it knows.
      browser.cookies.delete(new URL(upstream.issuer).host)
      const page = await browser.open(authorize({ acr_values: 'idp:strict' }))
      expect(page.url).toMatch(/\/consent\?interaction=/)
      expect((await account(`person-${count}@strict.example`)).sessions).toHaveLength(1)
    })

    it('refuses an unknown provider to the client', async () => {
      const answer = await browser.open(authorize({ acr_values: 'idp:nobody' }), {
        stopAt: REDIRECT_URI,
      })
      expect(new URL(answer.url).searchParams.get('error')).toBe('invalid_request')
    })
  })

  describe('how lately the person signed in there', () => {
    const anHourAgo = () => Math.floor(Date.now() / 1_000) - 3_600

    const needsProof = async () =>
      (await browser.open(`${server.url}/account/security`)).text.includes('id="reauthenticate"')

    it('is told to the application as auth_time', async () => {
      upstream.signedInAt = anHourAgo()
      const consent = await browser.open(authorize({ acr_values: 'idp:acme' }))
      expect(await allow(consent)).toMatchObject({ auth_time: upstream.signedInAt })
    })

    it('is checked when a new sign-in was asked for, whatever the browser carries there', async () => {
      upstream.signedInAt = anHourAgo()
      await signIn()
      upstream.signedInAt = null
      const begin = async () => {
        const wanted = authorize({ acr_values: 'idp:acme', prompt: 'login' })
        const { url } = await browser.open(wanted, { stopAt: upstream.issuer })
        return new URL(url)
      }
      for (const maxAge of [null, '86400']) {
        const url = await begin()
        expect(Object.fromEntries(url.searchParams)).toMatchObject({
          prompt: 'login',
          max_age: '0',
        })
        url.searchParams.delete('prompt')
        if (maxAge === null) url.searchParams.delete('max_age')
        else url.searchParams.set('max_age', maxAge)
        const page = await browser.open(url.href)
        expect(page.status).toBe(403)
        expect(page.text).toContain('prove anew')
      }
      const begun = Math.floor(Date.now() / 1_000)
      const claims = await allow(await browser.open((await begin()).href))
      expect(claims['auth_time']).toBeGreaterThanOrEqual(begun)
    })

    it('counts before sensitive changes, however often the person signs out here', async () => {
      await signIn()
      expect(await needsProof()).toBe(false)
      browser = createHttpBrowser()
      upstream.signedInAt = anHourAgo()
      await signIn()
      expect(await needsProof()).toBe(true)
      const host = new URL(server.url).host
      browser.cookies.get(host)!.delete('mapgate-session')
      await signIn()
      expect(await needsProof()).toBe(true)
      browser.cookies.get(host)!.delete('mapgate-session')
      const { url } = await browser.open(upstreamUrl('acme'), { stopAt: upstream.issuer })
      const ageless = new URL(url)
      ageless.searchParams.delete('max_age')
      expect((await browser.open(ageless.href)).url).toBe(`${server.url}/account`)
      expect(await needsProof()).toBe(true)
      upstream.signedInAt = null
      await signIn()
      expect(await needsProof()).toBe(false)
    })
  })

  describe('roles', () => {
    beforeAll(() =>
      addProvider(
        'roles',
        'roles.example',
        ...['--role-claim', 'groups', '--role', 'map-admins=admin', '--role', 'devs=developer'],
      ),
    )

    it('follow the claim at each sign-in', async () => {
      const { sub, email } = newPerson('roles.example', { groups: ['devs', 'map-admins'] })
      for (const [groups, role] of [
        [['devs', 'map-admins'], 'admin'],
        [['devs'], 'developer'],
        [['strangers'], 'viewer'],
      ] as const) {
        upstream.people.set(sub, { email, groups })
        browser = createHttpBrowser()
        await signIn('roles')
        expect((await account(email)).memberships).toMatchObject([{ customerId: 'acme', role }])
      }
    })
  })

  describe('where the provider is required', () => {
    const PASSWORD = 'a long walk along the coast'

    it('the right password leads there too, and gives no session', async () => {
      await signIn()
      const { passwordUrl } = await mapgate<{ passwordUrl: string }>(
        server,
        ...['accounts', 'reset-password', person.email],
      )
      browser = createHttpBrowser()
      const reset = await browser.open(passwordUrl)
      await browser.submit(reset, { password: PASSWORD, password_again: PASSWORD })
      expect((await account(person.email)).hasPassword).toBe(true)
      await changeProvider('acme', '--required')
      browser = createHttpBrowser()
      const form = await browser.open(`${server.url}/sign-in`)
      const page = await browser.submit(
        form,
        { email: person.email, password: PASSWORD },
        { form: 'sign-in-form', stopAt: upstream.issuer },
      )
      expect(page.url).toContain(`${upstream.issuer}/auth?`)
      expect(isSignedIn()).toBe(false)
      await changeProvider('acme', '--not-required')
    })

    it('another provider that knows the person leads there too', async () => {
      await addProvider('moved', 'before.example')
      const { sub, email } = newPerson('before.example')
      await signIn('moved')
      await changeProvider('moved', '--domain', 'moved.example')
      await changeProvider('acme', '--domain', 'acme.example before.example', '--required')
      upstream.people.set(sub, { email: `${sub}@moved.example` })
      browser = createHttpBrowser()
      const page = await browser.open(await answerOf('moved'), { stopAt: upstream.issuer })
      expect(page.url).toContain(encodeURIComponent('/sign-in/upstream/callback/acme'))
      expect(isSignedIn()).toBe(false)
      expect((await account(email)).sessions).toEqual([])
      upstream.people.set(sub, { email })
      await browser.open(page.url)
      expect((await account(email)).sessions).toMatchObject([{ providerId: 'acme' }])
      await changeProvider('acme', '--domain', 'acme.example', '--not-required')
    })
  })

  describe('refuses', () => {
    it('an address of another domain', async () => {
      const { email } = newPerson('other.example')
      expect(refusal(await signIn())).toBe(403)
      expect(await isKnown(email)).toBe(false)
    })

    it('an address that the provider has not verified, and none at all', async () => {
      const { email } = newPerson('acme.example', { email_verified: false })
      expect(refusal(await signIn())).toBe(403)
      expect(await isKnown(email)).toBe(false)
      browser = createHttpBrowser()
      newPerson('acme.example', { email: undefined })
      expect(refusal(await signIn())).toBe(403)
    })

    it('a replayed answer', async () => {
      const answer = await answerOf()
      expect((await browser.open(answer)).url).toBe(`${server.url}/account`)
      browser.cookies.get(new URL(server.url).host)!.delete('mapgate-session')
      expect(refusal(await browser.open(answer))).toBe(400)
    })

    it('one answer twice at once', async () => {
      const answer = await answerOf()
      const pages = await Promise.all([browser.open(answer), browser.open(answer)])
      expect(pages.filter(({ status }) => status === 400)).toHaveLength(1)
      expect((await account(person.email)).sessions).toHaveLength(1)
    })

    it('an answer in another browser, which stays good in its own', async () => {
      const answer = await answerOf()
      const own = browser
      browser = createHttpBrowser()
      expect(refusal(await browser.open(answer))).toBe(400)
      browser = own
      expect((await browser.open(answer)).url).toBe(`${server.url}/account`)
    })

    it('an answer at the callback of another provider (RFC 9700 §4.4.2.2)', async () => {
      const answer = await answerOf()
      expect(refusal(await browser.open(answer.replace('/callback/acme', '/callback/roles')))).toBe(
        403,
      )
    })

    it.each([
      ['another issuer', (url: URL) => url.searchParams.set('iss', 'https://evil.example')],
      ['a code that the provider does not know', (url: URL) => url.searchParams.set('code', 'x')],
      ['no code', (url: URL) => url.searchParams.delete('code')],
      ['a parameter twice', (url: URL) => url.searchParams.append('code', 'x')],
    ])('%s', async (_what, change) => {
      const url = new URL(await answerOf())
      change(url)
      expect(refusal(await browser.open(url.href))).toBe(403)
    })

    it('a state that is unknown, repeated or missing', async () => {
      const callback = `${server.url}/sign-in/upstream/callback/acme?code=x`
      for (const query of ['', '&state=', '&state=made-up', '&state=a&state=b']) {
        expect(refusal(await browser.open(callback + query))).toBe(400)
      }
      expect((await browser.open(`${callback}&state=%00`)).status).toBe(400)
    })

    it('a person who said no, with a way to try again', async () => {
      const next = upstream.next
      upstream.next = null
      const page = await signIn('acme', { continue: '/account/sessions' })
      expect(refusal(page)).toBe(403)
      expect(page.text).not.toContain('The person said no')
      const [, again] = /id="try-again" href="([^"]+)"/.exec(page.text)!
      upstream.next = next
      const url = new URL(again!.replaceAll(/&(amp|#38);/g, '&'), server.url).href
      expect((await browser.open(url)).url).toBe(`${server.url}/account/sessions`)
    })

    it('a provider that is not there', async () => {
      expect(refusal(await signIn('nobody'))).toBe(404)
    })

    it('an interaction of another browser', async () => {
      const other = createHttpBrowser()
      const begun = await other.open(authorize({}))
      const interaction = new URL(begun.url).searchParams.get('interaction')!
      expect((await signIn('acme', { interaction })).status).toBe(400)
      const own = await other.open(upstreamUrl('acme', { interaction }))
      expect(own.url).toBe(`${server.url}/consent?interaction=${interaction}`)
    })

    it('a provider that cannot be reached, or must not be', async () => {
      const options = ['--client-id', 'x', '--customer', 'acme']
      for (const [id, issuer] of [
        ['gone', `https://127.0.0.1:${await freePort()}`],
        ['inside', server.url],
        ['metadata', 'https://169.254.169.254'],
      ] as const) {
        await mapgate(
          { environment: { ...server.environment, MAPGATE_IDENTITY_PROVIDER_SECRET: 'x' } },
          ...['identity-providers', 'create', id, '--domain', `${id}.example`, ...options],
          ...['--issuer', issuer],
        )
        const page = await signIn(id)
        expect(refusal(page)).toBe(503)
        expect(page.text).not.toContain(issuer)
      }
    })

    it('everybody while the customer is suspended', async () => {
      await mapgate(server, 'customers', 'suspend', 'acme')
      expect(refusal(await signIn())).toBe(503)
      await mapgate(server, 'customers', 'resume', 'acme')
    })
  })

  it('writes no code, state or address of a person into the log', async () => {
    const answer = new URL(await answerOf())
    await browser.open(answer.href)
    await browser.open(answer.href)
    for (const name of ['code', 'state']) {
      expect(server.log()).not.toContain(answer.searchParams.get(name))
    }
    expect(server.log()).not.toContain(upstream.clientSecret)
  })
})
