import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { answerOf, bearer, createClient, type Credentials, postForm } from './requests.ts'

const ORIGIN = 'https://maps.example.com'

let server: Awaited<ReturnType<typeof startSampleServer>>
let client: Credentials
let limited: Credentials
let token: string
let limitedToken: string

const tokenOf = async ({ clientId }: Credentials) =>
  (
    await mapgate<{ clientToken: string }>(
      server,
      ...['client-token', 'show', '--client', clientId],
    )
  ).clientToken

beforeAll(async () => {
  server = await startSampleServer()
  client = await createClient(server, '--scope', 'read manage')
  limited = await createClient(server, '--web-origin', ORIGIN)
  token = await tokenOf(client)
  limitedToken = await tokenOf(limited)
})
afterAll(() => server[Symbol.asyncDispose]())

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(server.url + path, { headers })

const inQuery = (text: string) => `/maps/collections?access_token=${encodeURIComponent(text)}`

describe('a client token', () => {
  it('reads map data, from the header and from the query', async () => {
    expect(token).toMatch(/^MG\|\d+\|[0-9a-f]{32}$/)
    expect((await get('/maps/collections', bearer(token))).status).toBe(200)
    expect((await get('/maps/collections', { authorization: `OAuth ${token}` })).status).toBe(200)
    expect((await get(inQuery(token))).status).toBe(200)
  })

  it('is worth nothing when it is changed or cut', async () => {
    const [, id, hex] = token.split('|') as [string, string, string]
    const turned = (hex.startsWith('0') ? '1' : '0') + hex.slice(1)
    for (const text of [
      token.slice(0, -1),
      `${token}0`,
      `MG|${id}|${turned}`,
      `MG|${limited.clientId}|${hex}`,
      `MG|${id}|`,
      `MG|${id}|${hex.toUpperCase()}g`,
      'MG||',
      `MLY|${id}|${hex}`,
    ]) {
      expect((await get('/maps/collections', bearer(text))).status).toBe(401)
    }
  })

  it('manages nothing, and is no key to other things', async () => {
    for (const path of ['/admin/clients', `/admin/clients/${client.clientId}/secrets`]) {
      expect([401, 403]).toContain((await get(path, bearer(token))).status)
    }
    const login = postForm(`${server.url}/oauth2/token`, {
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: token,
    })
    expect((await login).status).toBe(401)
    const dpop = await get('/maps/collections', { authorization: `DPoP ${token}` })
    expect(dpop.status).toBe(401)
  })

  it('limited to web origins: an unlisted or absent Origin is 403', async () => {
    const headers = bearer(limitedToken)
    expect((await get('/maps/collections', { ...headers, origin: ORIGIN })).status).toBe(200)
    expect((await get(inQuery(limitedToken), { origin: ORIGIN })).status).toBe(200)
    for (const origin of [
      undefined,
      'null',
      'https://evil.example',
      'http://maps.example.com',
      `${ORIGIN}:8443`,
      `${ORIGIN}.evil.example`,
    ]) {
      const response = await get('/maps/collections', { ...headers, ...(origin && { origin }) })
      expect(response.status).toBe(403)
      const { detail } = (await response.json()) as { detail: string }
      expect(detail).toContain('web origin')
    }
  })

  it('RFC 7009, RFC 7662: is shown to its client alone, and revoked by nobody', async () => {
    const by = ({ clientId, secret }: Credentials) => ({
      client_id: clientId,
      client_secret: secret,
      token,
    })
    const introspect = (who: Credentials) =>
      answerOf(postForm(`${server.url}/oauth2/introspect`, by(who)))
    expect((await introspect(client)).body).toMatchObject({
      active: true,
      client_id: client.clientId,
      scope: 'read',
    })
    expect((await introspect(limited)).body).toEqual({ active: false })
    expect(await answerOf(postForm(`${server.url}/oauth2/revoke`, by(client)))).toMatchObject({
      status: 400,
      body: { error: 'unsupported_token_type' },
    })
    expect((await get('/maps/collections', bearer(token))).status).toBe(200)
  })

  it('dies with its regeneration', async () => {
    await mapgate(server, 'client-token', 'regenerate', '--client', limited.clientId)
    const status = async () =>
      (await get('/maps/collections', { ...bearer(limitedToken), origin: ORIGIN })).status
    await expect.poll(status, { timeout: 2_000, interval: 50 }).toBe(401)
  })
})
