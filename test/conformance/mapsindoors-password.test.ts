import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { createAccount, newPerson, PASSWORD, signIn } from './person.ts'
import { bearer, postForm } from './requests.ts'

/** The password login of MapsPeople's Integration API, which every script of a person begins with. */

let server: Awaited<ReturnType<typeof startSampleServer>>
let connect: string

beforeAll(async () => {
  server = await startSampleServer()
  connect = `${server.url}/mapsindoors/auth/connect/token`
  await createAccount(server, 'ann@example.com')
  await createAccount(server, 'dev@example.com', { role: 'developer' })
})

afterAll(() => server[Symbol.asyncDispose]())

function login(username: string, password = PASSWORD, more: Record<string, string> = {}) {
  return postForm(connect, {
    grant_type: 'password',
    client_id: 'client',
    username,
    password,
    ...more,
  })
}

async function getToken(username: string): Promise<string> {
  const answer = await login(username)
  if (!answer.ok) throw new Error(await answer.text())
  return ((await answer.json()) as { access_token: string }).access_token
}

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>

const readMap = (token: string) =>
  fetch(`${server.url}/maps/collections`, { headers: bearer(token) })

describe('grant_type=password', () => {
  it('answers as for client credentials', async () => {
    for (const scope of [{}, { scope: 'integration' }]) {
      const answer = await login('Ann@Example.com', PASSWORD, scope)
      expect(await answer.text()).toMatch(
        /^\{"access_token":"[\w-]+\.[\w-]+\.[\w-]+","expires_in":86400,"token_type":"Bearer","scope":"integration"\}$/,
      )
    }
  })

  it('gives a token of the person, for their customer, as far as their role goes', async () => {
    const issuer = `${server.url}/mapsindoors/auth`
    expect(claimsOf(await getToken('ann@example.com'))).toMatchObject({
      iss: issuer,
      aud: `${server.url}/maps`,
      sub: expect.stringMatching(/^account:\d+$/),
      client_id: 'client',
      customer: 'demo',
      scope: 'read',
      grant_id: expect.any(String),
    })
    expect(claimsOf(await getToken('dev@example.com'))['scope']).toBe('read write')
  })

  it('has one answer for a wrong password and for nobody', async () => {
    const answers = await Promise.all([
      login('ann@example.com', 'wrong'),
      login('nobody@example.com', 'wrong'),
      login('not an address', 'wrong'),
    ])
    const bodies = await Promise.all(answers.map((answer) => answer.json()))
    for (const [index, body] of bodies.entries()) {
      expect(answers[index]!.status).toBe(400)
      expect(body).toEqual({
        error: 'invalid_grant',
        error_description: 'invalid_username_or_password',
      })
    }
  })

  it.each([
    [{ username: '' }, 'invalid_request'],
    [{ password: '' }, 'invalid_request'],
    [{ scope: 'manager' }, 'invalid_scope'],
    [{ client_id: 'nobody' }, 'invalid_client'],
    [{ client_id: '' }, 'invalid_client'],
  ])('refuses %j: %s', async (change, error) => {
    const answer = await login('ann@example.com', PASSWORD, change)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error })
  })

  it('is not for other clients, nor at the token endpoint of the core', async () => {
    const other = await mapgate<{ id: string }>(
      server,
      ...['clients', 'create', '--customer', 'demo', '--name', 'Own', '--type', 'public'],
      ...['--grant', 'password'],
    )
    const answer = await login('ann@example.com', PASSWORD, { client_id: other.id })
    expect(await answer.json()).toMatchObject({ error: 'unauthorized_client' })
    const core = await postForm(`${server.url}/oauth2/token`, {
      grant_type: 'password',
      client_id: 'client',
      username: 'ann@example.com',
      password: PASSWORD,
    })
    expect(await core.json()).toMatchObject({ error: 'unsupported_grant_type' })
  })

  it('never takes a password from the URL', async () => {
    const answer = await postForm(`${connect}?password=${encodeURIComponent(PASSWORD)}`, {
      grant_type: 'password',
      client_id: 'client',
      username: 'ann@example.com',
    })
    expect(await answer.json()).toMatchObject({ error: 'invalid_request' })
    expect(server.log()).not.toContain(PASSWORD)
  })

  it('makes a token that manages nothing', async () => {
    const token = await getToken('dev@example.com')
    const path = `${server.url}/mapsindoors/auth/api/clientcredentials`
    for (const customer of ['mapsindoors', 'demo']) {
      const answer = await fetch(`${path}?customerId=${customer}`, { headers: bearer(token) })
      expect(answer.status).toBe(403)
    }
    expect((await fetch(`${server.url}/admin/clients`, { headers: bearer(token) })).ok).toBe(false)
  })

  it('makes a token that ends with the account, and with what the person withdraws', async () => {
    await createAccount(server, 'bo@example.com')
    const token = await getToken('bo@example.com')
    expect((await readMap(token)).status).toBe(200)
    await mapgate(server, 'accounts', 'suspend', 'bo@example.com')
    await expect.poll(async () => (await readMap(token)).status, { timeout: 3_000 }).toBe(401)
    expect((await login('bo@example.com')).status).toBe(400)
  })

  it('is refused to whose organisation signs people in itself', async () => {
    await createAccount(server, 'sso@sso.example')
    await mapgate(
      { environment: { ...server.environment, MAPGATE_IDENTITY_PROVIDER_SECRET: 'x' } },
      ...['identity-providers', 'create', 'sso', '--customer', 'demo', '--client-id', 'x'],
      ...['--issuer', 'https://sso.example', '--domain', 'sso.example', '--required'],
    )
    for (const password of [PASSWORD, 'wrong']) {
      const answer = await login('sso@sso.example', password)
      expect(answer.status).toBe(400)
      expect(((await answer.json()) as { error_description: string }).error_description).toContain(
        'authorization code flow',
      )
    }
  })

  it('is refused to whose only customer is suspended', async () => {
    await mapgate(server, 'customers', 'create', 'Shut', '--id', 'shut')
    await createAccount(server, 'shut@example.com', { customer: 'shut' })
    expect((await login('shut@example.com')).status).toBe(200)
    await mapgate(server, 'customers', 'suspend', 'shut')
    const refused = async () => (await login('shut@example.com')).json()
    // Within a second.
    await expect.poll(refused, { timeout: 3_000 }).toMatchObject({
      error: 'invalid_grant',
      error_description: expect.stringContaining('customer'),
    })
  })

  it('slows down whoever guesses, and not the others', async () => {
    await createAccount(server, 'guessed@example.com')
    const guess = () => login('guessed@example.com', 'wrong')
    let status = 0
    for (let count = 0; count < 20 && status !== 429; count++) ({ status } = await guess())
    expect(status).toBe(429)
    const refused = await login('guessed@example.com')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await login('ann@example.com')).status).toBe(200)
  })
})

describe('the sample of the documentation', () => {
  /** As Python's `http.client` sends it: one connection, the whole URL of another host, `bearer`. */
  it('calls with an absolute URL and a lower-case scheme (RFC 9112 §3.2.2)', async () => {
    const token = await getToken('ann@example.com')
    const { hostname, port } = new URL(server.url)
    const get = (target: string, authorization: string) =>
      new Promise<number>((resolve, reject) => {
        httpRequest({
          hostname,
          port,
          path: target,
          headers: { host: 'integration.mapsindoors.com', authorization },
        })
          .on('response', (response) => {
            response.resume()
            resolve(response.statusCode!)
          })
          .on('error', reject)
          .end()
      })
    const path = '/maps/collections/places/items?limit=1'
    for (const base of ['https://integration.mapsindoors.com', server.url, 'HTTP://[::1]:1']) {
      expect(await get(base + path, `bearer ${token}`)).toBe(200)
      expect(await get(base + path, 'bearer x')).toBe(401)
    }
    expect(await get('https://integration.mapsindoors.com', `bearer ${token}`)).toBe(200)
    expect(await get('ftp://elsewhere/maps', `bearer ${token}`)).toBe(404)
  })

  it('counts calls by person, not by the client that all share', async () => {
    const [ann, dev] = [await getToken('ann@example.com'), await getToken('dev@example.com')]
    let status = 0
    for (let count = 0; count < 25 && status !== 429; count++) {
      status = (await fetch(`${server.url}/maps/collections/places`, { headers: bearer(ann) }))
        .status
    }
    expect(status).toBe(429)
    const other = await fetch(`${server.url}/maps/collections/places`, { headers: bearer(dev) })
    expect(other.status).toBe(200)
  })

  it('finds the person signed in nowhere else for it', async () => {
    await getToken('ann@example.com')
    expect((await newPerson(server).open('/account')).url.pathname).toBe('/sign-in')
    await signIn(server, 'ann@example.com')
  })
})
