import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commandLine, createDemoClient, movableClock } from '../../../test/support/access.ts'
import { openTestApp, type TestApp } from '../../../test/support/app.ts'
import { describeDatabases } from '../../../test/support/databases.ts'

const SECRETS = '/mapsindoors/auth/api/clientcredentials'
const NO_CACHE = { 'cache-control': 'no-store, no-cache, max-age=0', pragma: 'no-cache' }

describeDatabases('the MapsIndoors dialect', (_kind, locate) => {
  let app: TestApp
  let first: { clientId: string; secretId: string; text: string }

  beforeEach(async () => {
    app = await openTestApp(await locate())
    first = await createDemoClient(app.access, { customerId: 'acme', id: 'script' })
  })

  afterEach(() => app[Symbol.asyncDispose]())

  function post(path: string, form: Record<string, string>, headers: Record<string, string> = {}) {
    return app.http.inject({
      method: 'POST',
      url: path,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams(form).toString(),
    })
  }

  const login = (form: Record<string, string> = {}, path = '/mapsindoors/auth/connect/token') =>
    post(path, { ...credentials(first.text), ...form })

  async function getToken(form?: Record<string, string>, path?: string): Promise<string> {
    return (await login(form, path)).json<{ access_token: string }>().access_token
  }

  /** A token of a further client, from the core's endpoint. */
  async function tokenOf(id: string, customerId: string, scopes: string[], scope?: string) {
    const { text } = await createDemoClient(app.access, { id, customerId, scopes })
    const form = { client_id: id, client_secret: text, ...(scope && { scope }) }
    return getToken(form, '/oauth2/token')
  }

  const call = (method: 'GET' | 'POST' | 'DELETE', query: string, token: string) =>
    app.http.inject({
      method,
      url: SECRETS + query,
      headers: { authorization: `Bearer ${token}` },
    })

  const secretIds = async () =>
    (await app.access.secrets.list(first.clientId)).map((secret) => secret.id)

  describe('POST /connect/token', () => {
    it('answers exactly the documented members, and a day of lifetime', async () => {
      await app.access.clients.change(commandLine, 'script', { tokenLifetimeSeconds: 300 })
      for (const form of [{}, { scope: 'integration' }]) {
        const answer = await login(form)
        expect(answer.statusCode).toBe(200)
        expect(answer.headers).toMatchObject(NO_CACHE)
        expect(answer.headers['content-type']).toMatch(/^application\/json/)
        expect(answer.body).toMatch(
          /^\{"access_token":"[\w-]+\.[\w-]+\.[\w-]+","expires_in":86400,"token_type":"Bearer","scope":"integration"\}$/,
        )
      }
    })

    it('gives a token that is one of the map data API', async () => {
      const outcome = await app.access.verifyToken(await getToken({ scope: 'integration' }))
      expect(outcome).toMatchObject({
        caller: { scopes: ['read'], claims: { aud: `${app.settings.publicUrl}/maps` } },
      })
    })

    it('gives no management scope under the name integration', async () => {
      const { text } = await createDemoClient(app.access, {
        id: 'strong',
        scopes: ['read', 'manage'],
      })
      const form = { client_id: 'strong', client_secret: text, scope: 'integration' }
      expect(await app.access.verifyToken(await getToken(form))).toMatchObject({
        caller: { scopes: ['read'], narrowed: true },
      })
    })

    it.each([
      [{ client_secret: 'wrong' }, 'invalid_client'],
      [{ client_id: 'nobody' }, 'invalid_client'],
      [{ grant_type: '' }, 'invalid_request'],
      [{ grant_type: 'implicit' }, 'unsupported_grant_type'],
      [{ grant_type: 'password' }, 'unauthorized_client'],
      [{ scope: 'read' }, 'invalid_scope'],
      [{ scope: 'manager' }, 'invalid_scope'],
      [{ client_id: 'a\0' }, 'invalid_request'],
    ])('answers 400 to %j: %s', async (form, error) => {
      const answer = await login(form)
      expect(answer.statusCode).toBe(400)
      expect(answer.headers).toMatchObject(NO_CACHE)
      expect(answer.headers['www-authenticate']).toBeUndefined()
      expect(answer.json()).toEqual({ error, error_description: expect.any(String) })
    })

    it('answers 400 to another content type and to a body that is too large', async () => {
      const json = await post('/mapsindoors/auth/connect/token', {}, jsonType)
      const large = await login({ padding: 'x'.repeat(70_000) })
      for (const answer of [json, large]) {
        expect(answer.statusCode).toBe(400)
        expect(answer.json()).toMatchObject({ error: 'invalid_request' })
      }
    })
  })

  describe('/api/clientcredentials', () => {
    it('rotates as documented', async () => {
      await app[Symbol.asyncDispose]()
      const clock = movableClock(Date.parse('2026-05-27T14:26:36.000Z'))
      app = await openTestApp(await locate(), { clock })
      first = await createDemoClient(app.access, { customerId: 'acme', id: 'script' })
      clock.advance(998)
      const oldToken = await getToken()
      const made = await post(
        `${SECRETS}?customerId=acme&description=MyNewKey`,
        credentials(first.text),
        { authorization: `Bearer ${oldToken}` },
      )
      expect(made.statusCode).toBe(200)
      expect(made.headers).toMatchObject(NO_CACHE)
      expect(made.body).toMatch(
        /^\{"id":"[0-9a-f]{24}","description":"MyNewKey","createdAt":"2026-05-27T14:26:36\.9980000Z","secret":"mgs_\w+"\}$/,
      )
      const { id, secret } = made.json<{ id: string; secret: string }>()

      const list = await call('GET', `?customerId=acme&id=${first.secretId}`, oldToken)
      expect(list.statusCode).toBe(200)
      expect(list.body).toBe(
        `[{"id":"${first.secretId}","description":"first","client_id":"script","createdAt":"2026-05-27T14:26:36.000Z"},` +
          `{"id":"${id}","description":"MyNewKey","client_id":"script","createdAt":"2026-05-27T14:26:36.998Z"}]`,
      )
      expect(list.body).not.toContain('mgs_')

      const newToken = await getToken({ client_secret: secret })
      const deleted = await call('DELETE', `?customerId=acme&id=${first.secretId}`, oldToken)
      expect([deleted.statusCode, deleted.body]).toEqual([200, ''])

      const oldLogin = await login()
      expect([oldLogin.statusCode, oldLogin.json()]).toMatchObject([
        400,
        { error: 'invalid_client' },
      ])
      // The token that deleted its own secret goes on listing, but creates nothing any more.
      expect((await call('GET', '?customerId=acme', oldToken)).statusCode).toBe(200)
      expect((await call('POST', '?customerId=acme', oldToken)).statusCode).toBe(403)
      expect(await secretIds()).toEqual([id])

      const next = await call('POST', '?customerId=acme', newToken)
      expect(next.json()).toMatchObject({ description: '' })
      // With the old token, which can still delete.
      const again = await call('DELETE', `?customerId=acme&id=${id}`, oldToken)
      expect(again.statusCode).toBe(200)
      expect(await secretIds()).toEqual([next.json<{ id: string }>().id])
    })

    it('keeps the last secret that works, and the number of secrets', async () => {
      const token = await getToken()
      const last = await call('DELETE', `?customerId=acme&id=${first.secretId}`, token)
      expect([last.statusCode, last.json()]).toMatchObject([409, { error: 'conflict' }])
      for (let made = 1; made < app.settings.secrets.maximumPerClient; made++) {
        expect((await call('POST', '?customerId=acme', token)).statusCode).toBe(200)
      }
      const tooMany = await call('POST', '?customerId=acme', token)
      expect([tooMany.statusCode, tooMany.json()]).toMatchObject([409, { error: 'conflict' }])
    })

    it('names the parameter that is wrong, and changes nothing', async () => {
      const token = await getToken()
      const long = 'x'.repeat(201)
      const faults = [
        ['GET', '', 'customerId'],
        ['GET', '?customerId=', 'customerId'],
        ['GET', '?customerId=acme&customerId=acme', 'customerId'],
        ['GET', '?customerId=a%00', 'customerId'],
        ['GET', '?customerId=%FF', 'customerId'],
        ['POST', '?description=x', 'customerId'],
        ['POST', `?customerId=acme&description=${long}`, 'description'],
        ['POST', '?customerId=acme&description=a%0Ab', 'description'],
        ['POST', '?customerId=acme&description=a&description=b', 'description'],
        ['POST', '?customerId=acme&client_secret=x', 'client_secret'],
        ['DELETE', '?customerId=acme', 'id'],
        ['DELETE', '?customerId=acme&id=%00', 'id'],
      ] as const
      for (const [method, query, parameter] of faults) {
        const answer = await call(method, query, token)
        const body = answer.json<{ error: string; error_description: string }>()
        expect([answer.statusCode, body.error], query).toEqual([400, 'invalid_request'])
        // NUL is refused for all surfaces alike, in their words.
        const named = query.includes('%00') ? `${parameter}: ` : `parameter ${parameter} `
        expect(body.error_description, query).toContain(named)
      }
      expect(await secretIds()).toEqual([first.secretId])
    })

    it('counts a description by characters', async () => {
      const description = encodeURIComponent('𝕏'.repeat(200))
      const made = await call(
        'POST',
        `?customerId=acme&description=${description}`,
        await getToken(),
      )
      expect(made.statusCode).toBe(200)
    })

    it('tells nothing of other customers, clients and secrets', async () => {
      const foreign = await createDemoClient(app.access, { customerId: 'other', id: 'foreign' })
      await createDemoClient(app.access, { customerId: 'acme', id: 'neighbour' })
      const token = await getToken()
      const ask = async (method: 'GET' | 'POST' | 'DELETE', query: string) => {
        const { statusCode, body } = await call(method, query, token)
        return [statusCode, body]
      }
      const unknown = await ask('GET', '?customerId=nothing')
      expect(unknown[0]).toBe(404)
      expect(await ask('GET', '?customerId=other')).toEqual(unknown)
      expect(await ask('POST', '?customerId=nothing')).toEqual(unknown)
      expect(await ask('POST', '?customerId=other')).toEqual(unknown)

      const noClient = await ask('POST', '?customerId=acme&client_id=nobody')
      expect(noClient[0]).toBe(404)
      expect(await ask('POST', '?customerId=acme&client_id=neighbour')).toEqual(noClient)
      expect(await ask('POST', '?customerId=other&client_id=foreign')).toEqual(noClient)
      expect(await ask('GET', '?customerId=other&client_id=script')).toEqual(noClient)

      const noSecret = await ask('DELETE', '?customerId=acme&id=abcdbe9e8084022af463000')
      expect(noSecret[0]).toBe(404)
      expect(await ask('DELETE', `?customerId=acme&id=${foreign.secretId}`)).toEqual(noSecret)
      expect(await ask('DELETE', `?customerId=other&id=${foreign.secretId}`)).toEqual(noSecret)
      expect(await ask('DELETE', `?customerId=other&id=${first.secretId}`)).toEqual(noSecret)
      expect(await app.access.secrets.list('foreign')).toHaveLength(1)
    })

    it('checks the credentials in the body, and needs the token all the same', async () => {
      const bearer = { authorization: `Bearer ${await getToken()}` }
      const query = `${SECRETS}?customerId=acme`
      const bad = [
        [{ ...credentials('wrong') }, 'invalid_client'],
        [{ ...credentials(first.text), client_id: 'neighbour' }, 'invalid_client'],
        [{ grant_type: 'password' }, 'unsupported_grant_type'],
        [{ client_secret: first.text }, 'invalid_request'],
      ] as const
      for (const [form, error] of bad) {
        const answer = await post(query, form, bearer)
        expect([answer.statusCode, answer.json<{ error: string }>().error]).toEqual([400, error])
      }
      const twoNames = await post(`${query}&client_id=other`, credentials(first.text), bearer)
      expect(twoNames.statusCode).toBe(400)
      const json = await post(query, { a: 'b' }, { ...bearer, ...jsonType })
      expect(json.statusCode).toBe(400)
      expect((await post(query, credentials(first.text))).statusCode).toBe(401)
      expect(await secretIds()).toEqual([first.secretId])
      expect((await post(query, {}, bearer)).statusCode).toBe(200)
    })

    it('takes a content type without a body', async () => {
      const headers = { authorization: `Bearer ${await getToken()}`, ...jsonType }
      const made = await app.http.inject({
        method: 'POST',
        url: `${SECRETS}?customerId=acme`,
        headers,
      })
      expect(made.statusCode).toBe(200)
      const deleted = await app.http.inject({
        method: 'DELETE',
        url: `${SECRETS}?customerId=acme&id=${first.secretId}`,
        headers,
      })
      expect(deleted.statusCode).toBe(200)
    })

    it('answers 401 without a good token', async () => {
      const none = await app.http.inject({ url: `${SECRETS}?customerId=acme` })
      expect([none.statusCode, none.json()]).toEqual([
        401,
        { error: 'invalid_token', error_description: 'An access token is needed.' },
      ])
      expect(none.headers).toMatchObject(NO_CACHE)
      expect(none.headers['www-authenticate']).toMatch(/^Bearer /)
      expect((await call('GET', '?customerId=acme', 'a.b.c')).statusCode).toBe(401)
    })

    it('answers 429 in its own form, with the wait', async () => {
      const { limits } = app.settings
      await app[Symbol.asyncDispose]()
      const endpoints = { 'mapsindoors.secrets.list': { quota: 1, windowSeconds: 60 } }
      app = await openTestApp(await locate(), { settings: { limits: { ...limits, endpoints } } })
      first = await createDemoClient(app.access, { customerId: 'acme', id: 'script' })
      const token = await getToken()
      expect((await call('GET', '?customerId=acme', token)).statusCode).toBe(200)
      const refused = await call('GET', '?customerId=acme', token)
      const wait = refused.headers['retry-after'] as string
      expect(refused.statusCode).toBe(429)
      expect(refused.body).toBe(
        `{"error":"slow_down","error_description":"Rate limit is exceeded. Try again in ${wait} seconds."}`,
      )
    })

    it('refuses a token that is narrowed', async () => {
      const token = await tokenOf('narrow', 'acme', ['read', 'write'], 'read')
      for (const method of ['GET', 'POST'] as const) {
        const answer = await call(method, '?customerId=acme', token)
        expect([answer.statusCode, answer.json()]).toMatchObject([403, { error: 'access_denied' }])
      }
    })

    it('lets an admin manage the secrets of all clients of its customer, by client_id', async () => {
      const token = await tokenOf('admin', 'acme', ['manage'])
      const list = await call('GET', '?customerId=acme', token)
      expect(list.json<{ client_id: string }[]>().map((secret) => secret.client_id)).toEqual([
        'script',
        'admin',
      ])
      const one = await call('GET', '?customerId=acme&client_id=script', token)
      expect(one.json()).toHaveLength(1)

      const ambiguous = await call('POST', '?customerId=acme', token)
      expect([ambiguous.statusCode, ambiguous.json()]).toMatchObject([
        400,
        { error_description: expect.stringContaining('client_id') },
      ])
      const made = await call('POST', '?customerId=acme&client_id=script', token)
      expect(await secretIds()).toContain(made.json<{ id: string }>().id)
      const inBody = await post(
        `${SECRETS}?customerId=acme`,
        { client_id: 'script' },
        { authorization: `Bearer ${token}` },
      )
      expect(inBody.statusCode).toBe(200)
      const deleted = await call('DELETE', `?customerId=acme&id=${first.secretId}`, token)
      expect(deleted.statusCode).toBe(200)
      expect(await secretIds()).toHaveLength(2)
    })

    it('leaves a token whose secret has ended no power over other clients', async () => {
      const token = await tokenOf('admin', 'acme', ['manage'])
      const [{ id: own } = { id: '' }] = await app.access.secrets.list('admin')
      const extra = await call('POST', '?customerId=acme&client_id=admin', token)
      expect((await call('DELETE', `?customerId=acme&id=${own}`, token)).statusCode).toBe(200)
      // What nothing else would keep it from: the client has another one.
      expect((await call('POST', '?customerId=acme&client_id=script', token)).statusCode).toBe(403)
      const further = await app.access.secrets.create(commandLine, 'script', {
        description: '',
        expiresAt: null,
      })
      expect(further.kind).toBe('created')
      const refused = await call('DELETE', `?customerId=acme&id=${first.secretId}`, token)
      expect([refused.statusCode, refused.json()]).toMatchObject([403, { error: 'access_denied' }])
      expect(extra.statusCode).toBe(200)
    })

    it('lets an operator manage any customer’s, and takes its only client as meant', async () => {
      const token = await tokenOf('operator', 'house', ['operate'])
      const made = await call('POST', '?customerId=acme', token)
      expect(await secretIds()).toContain(made.json<{ id: string }>().id)
      expect((await call('GET', '?customerId=acme', token)).json()).toHaveLength(2)
      expect((await call('GET', '?customerId=nothing', token)).statusCode).toBe(404)
    })
  })

  it('is not there when it is switched off', async () => {
    const { dialects } = app.settings
    await app[Symbol.asyncDispose]()
    app = await openTestApp(await locate(), {
      settings: { dialects: { ...dialects, mapsindoors: false } },
    })
    expect((await login()).statusCode).toBe(404)
  })
})

const jsonType = { 'content-type': 'application/json' }

const credentials = (secret: string) => ({
  grant_type: 'client_credentials',
  client_id: 'script',
  client_secret: secret,
})
