import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSampleServer, startServer } from '../support/server.ts'
import {
  answerOf,
  bearer,
  createClient,
  type Credentials,
  demoClient,
  getToken,
  postForm,
} from './requests.ts'

let server: Awaited<ReturnType<typeof startSampleServer>>
let demo: Credentials
let other: Credentials

beforeAll(async () => {
  server = await startSampleServer({ environment: { MAPGATE_LIMITS_STORE: 'shared' } })
  demo = demoClient(server)
  other = await createClient(server, '--scope', 'read manage')
})
afterAll(() => server[Symbol.asyncDispose]())

const about = ({ clientId, secret }: Credentials, token: string) => ({
  client_id: clientId,
  client_secret: secret,
  token,
})

const introspect = (client: Credentials, token: string) =>
  answerOf(postForm(`${server.url}/oauth2/introspect`, about(client, token)))

const revoke = (client: Credentials, token: string) =>
  postForm(`${server.url}/oauth2/revoke`, about(client, token))

const call = async (token: string, url = server.url) =>
  (await fetch(`${url}/maps/collections`, { headers: bearer(token) })).status

const inactive = { status: 200, body: { active: false } }

describe('RFC 7662', () => {
  it('tells a client of its own token', async () => {
    const token = await getToken(server, demo)
    expect(await introspect(demo, token)).toEqual({
      status: 200,
      body: { active: true, token_type: 'Bearer', ...decodeJwt(token) },
    })
  })

  it('§2.2: says nothing of another client’s token but that it is not active', async () => {
    expect(await introspect(other, await getToken(server, demo))).toEqual(inactive)
  })

  it('tells an API’s own client of all tokens for it, and of no others', async () => {
    const gatekeeper = await createClient(server, '--api', 'maps')
    const forMaps = await getToken(server, demo)
    const forBoth = await getToken(server, other)
    const forManagement = await getToken(server, other, { scope: 'manage' })
    expect((await introspect(gatekeeper, forMaps)).body.active).toBe(true)
    expect((await introspect(gatekeeper, forBoth)).body.active).toBe(true)
    expect(await introspect(gatekeeper, forManagement)).toEqual(inactive)
    expect((await introspect(other, forManagement)).body.active).toBe(true)
  })

  it('§2.2: calls what is no token of ours inactive', async () => {
    const token = await getToken(server, demo)
    const [header, payload, signature] = token.split('.') as [string, string, string]
    for (const garbage of [
      'garbage',
      `${header}.${payload}.`,
      `${header}.${payload}.${signature.slice(2)}AA`,
      `${token}x`,
      'x'.repeat(20_000),
    ]) {
      expect(await introspect(demo, garbage)).toEqual(inactive)
    }
  })

  it('forbids caches to keep the answer', async () => {
    const token = await getToken(server, demo)
    const response = await postForm(`${server.url}/oauth2/introspect`, about(demo, token))
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

describe('RFC 7009', () => {
  it('ends a token, and only that one', async () => {
    const token = await getToken(server, demo)
    const spared = await getToken(server, demo)
    expect(await call(token)).toBe(200)
    const response = await revoke(demo, token)
    expect([response.status, await response.text()]).toEqual([200, '{}'])
    expect(await call(token)).toBe(401)
    expect(await introspect(demo, token)).toEqual(inactive)
    expect(await call(spared)).toBe(200)
  })

  it('§2.2: answers 200 for a token that is revoked already, or none', async () => {
    const token = await getToken(server, demo)
    for (const presented of [token, token, 'garbage']) {
      expect((await revoke(demo, presented)).status).toBe(200)
    }
  })

  it('§2.1: refuses to end another client’s token', async () => {
    const token = await getToken(server, demo)
    const { status, body } = await answerOf(revoke(other, token))
    expect([status, body.error]).toEqual([400, 'unauthorized_client'])
    expect(await call(token)).toBe(200)
  })

  it('§2.2.1: does not mind a token_type_hint that it does not know', async () => {
    const token = await getToken(server, demo)
    const fields = { ...about(demo, token), token_type_hint: 'pixie_dust' }
    expect((await postForm(`${server.url}/oauth2/revoke`, fields)).status).toBe(200)
    expect(await call(token)).toBe(401)
  })

  it('ends a token on a second server on the same data within a second', async () => {
    await using second = await startServer({
      dataDir: server.dataDir,
      environment: {
        MAPGATE_LIMITS_STORE: 'shared',
        // One installation has one issuer, however many servers.
        MAPGATE_PUBLIC_URL: server.url,
      },
    })
    const token = await getToken(server, demo)
    expect(await call(token, second.url)).toBe(200)
    await revoke(demo, token)
    await expect.poll(() => call(token, second.url), { timeout: 1_000, interval: 20 }).toBe(401)
  })
})
