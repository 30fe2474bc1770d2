import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mapgate, startSampleServer } from '../support/server.ts'
import { withConfig } from './config-file.ts'
import { basic, bearer, demoClient, getToken } from './requests.ts'

/** Open collections are there for anybody; nothing else is. */

let server: Awaited<ReturnType<typeof startSampleServer>>
beforeAll(async () => {
  server = await startSampleServer({
    environment: withConfig({
      limits: {
        default: { quota: 10_000, windowSeconds: 60 },
        endpoints: { 'maps.queryables': { quota: 3, windowSeconds: 60 } },
      },
    }),
  })
})
afterAll(() => server[Symbol.asyncDispose]())

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/maps${path}`, { headers })

describe('without a token', () => {
  it('open collections are listed, and read', async () => {
    const answer = await get('/collections')
    expect(answer.status).toBe(200)
    const { collections } = (await answer.json()) as { collections: { id: string }[] }
    expect(collections.map(({ id }) => id)).toEqual(['countries'])
    for (const path of ['', '/items?limit=2', '/items/208', '/schema', '/queryables']) {
      const found = await get(`/collections/countries${path}`)
      expect([path, found.status]).toEqual([path, 200])
    }
  })

  it('anything else needs one, and what there is not is no different', async () => {
    const challenges = new Set<string>()
    for (const id of ['places', 'counties', 'nothing', 'x'.repeat(63)]) {
      for (const path of ['', '/items', '/items/1', '/schema']) {
        const refused = await get(`/collections/${id}${path}`)
        expect([id, path, refused.status]).toEqual([id, path, 401])
        expect(await refused.json()).toMatchObject({ detail: 'An access token is needed.' })
        challenges.add(refused.headers.get('www-authenticate')!)
      }
    }
    // RFC 6750 §3.1: no error code, because there was no credential.
    expect([...challenges]).toEqual([
      `Bearer realm="mapgate", scope="read", resource_metadata="${server.url}/.well-known/oauth-protected-resource/maps"`,
    ])
  })

  it('caches learn that answers differ by the token', async () => {
    for (const headers of [{}, bearer(await getToken(server, demoClient(server)))]) {
      for (const path of ['/collections', '/collections/countries/items?limit=1']) {
        const answer = await get(path, headers)
        expect(answer.headers.get('vary')).toMatch(/\bAuthorization\b/)
        const isShared = /public|s-maxage/.test(answer.headers.get('cache-control') ?? '')
        expect(isShared && 'authorization' in headers).toBe(false)
      }
    }
  })

  it('nothing is managed, and nothing written', async () => {
    for (const path of ['/admin/collections', '/admin/subscriptions']) {
      expect((await fetch(server.url + path)).status).toBe(401)
    }
    const feature = {
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [0, 0] },
      properties: {},
    }
    const written = await fetch(`${server.url}/maps/collections/countries/items`, {
      method: 'POST',
      headers: { 'content-type': 'application/geo+json' },
      body: JSON.stringify(feature),
    })
    expect(written.status).toBe(401)
  })
})

describe('a wrong credential', () => {
  it.each<[string, Record<string, string>, string, number]>([
    ['is no token', bearer('nonsense'), '', 401],
    ['is of another kind', basic({ clientId: 'a', secret: 'b' }), '', 401],
    ['is empty', { authorization: '' }, '', 401],
    ['stands in the query', {}, '?access_token=nonsense', 401],
    ['is malformed', { authorization: 'Bearer ' }, '', 400],
    ['is empty in the query', {}, '?access_token=', 400],
  ])(
    'is refused, also where none is needed: one that %s',
    async (_name, headers, query, status) => {
      const refused = await get(`/collections/countries${query}`, headers)
      expect(refused.status).toBe(status)
      expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer /)
    },
  )
})

describe('calls without a token', () => {
  it('are limited by their network, apart from those of clients', async () => {
    const token = await getToken(server, demoClient(server))
    const statuses: number[] = []
    for (let count = 0; count < 5; count++) {
      statuses.push((await get('/collections/countries/queryables')).status)
    }
    // One was spent above.
    expect(statuses).toEqual([200, 200, 429, 429, 429])
    const refused = await get('/collections/countries/queryables')
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect((await get('/collections/countries/queryables', bearer(token))).status).toBe(200)
  })

  it('are counted as nobody’s', async () => {
    await expect
      .poll(
        async () => {
          const { usage } = await mapgate<{ usage: { clientId: string; requests: number }[] }>(
            server,
            ...['usage', '--client', '', '--endpoint', 'maps.queryables'],
          )
          return usage.reduce((sum, { requests }) => sum + requests, 0)
        },
        { timeout: 5_000 },
      )
      .toBe(7)
  })
})
