import type { Feature, FeatureCollection } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSampleServer } from '../support/server.ts'
import { generous, withConfig } from './config-file.ts'
import { bearer, demoClient, getToken } from './requests.ts'

/** `GET /maps/search` on the sample data. What is found and in which order: `test/stores/search.test.ts`. */

interface Found extends FeatureCollection {
  numberReturned: number
  attribution: string
  links: { rel: string; href: string }[]
  features: (Feature & { collection: string; match: string; distanceMeters?: number })[]
}

let server: Awaited<ReturnType<typeof startSampleServer>>
let token: string
/** Sees Madison, Wisconsin alone. */
let city: string

beforeAll(async () => {
  server = await startSampleServer({ environment: withConfig(generous) })
  token = await getToken(server, demoClient(server))
  const { citygov_client_id: clientId, citygov_client_secret: secret } = server.sample
  city = await getToken(server, { clientId, secret })
})
afterAll(() => server[Symbol.asyncDispose]())

function request(
  query: Record<string, string> | string,
  by: string | null = token,
  headers: Record<string, string> = {},
): Promise<Response> {
  const parameters = new URLSearchParams(query)
  return fetch(`${server.url}/maps/search?${parameters.toString()}`, {
    headers: { ...(by !== null && bearer(by)), ...headers },
  })
}

async function search(query: Record<string, string>, by: string | null = token): Promise<Found> {
  const response = await request(query, by)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/geo+json')
  return (await response.json()) as Found
}

const namesOf = ({ features }: Found) => features.map(({ properties }) => properties!['name'])

describe('GET /maps/search', () => {
  it('finds features by name, the nearest first', async () => {
    const near = '-89.4,43.07'
    const found = await search({ q: 'MÁDISON', collections: 'places', near, limit: '3' })
    expect(found).toMatchObject({
      type: 'FeatureCollection',
      numberReturned: 3,
      allSearched: true,
    })
    expect(found.attribution).toMatch(/GeoNames/)
    const [first] = found.features
    expect(first).toMatchObject({
      type: 'Feature',
      collection: 'places',
      match: 'exact',
      properties: { name: 'Madison', admin1: 'Wisconsin' },
    })
    expect(first!.distanceMeters).toBeLessThan(1_000)
    const distances = found.features.map(({ distanceMeters }) => distanceMeters!)
    expect(distances).toEqual(distances.toSorted((a, b) => a - b))
    const link = found.links.find(({ rel }) => rel === 'collection')!
    expect(link.href).toBe(`${server.url}/maps/collections/places`)
    const self = found.links.find(({ rel }) => rel === 'self')!
    const again = await fetch(self.href, { headers: bearer(token) })
    expect(await again.json()).toEqual(found)
  })

  it('finds what has only been begun, in all that may be seen', async () => {
    const found = await search({ q: 'denm' })
    expect(found.features.some(({ collection }) => collection === 'countries')).toBe(true)
    expect(found.features.some(({ collection }) => collection === 'places')).toBe(true)
    expect(found.features[0]!.distanceMeters).toBeUndefined()
    expect(namesOf(found)[0]).toMatch(/^Denm/)
  })

  it('finds only what intersects the box, across the antimeridian too', async () => {
    const found = await search({ q: 'su', collections: 'places', bbox: '178,-19,-179,-18' })
    expect(namesOf(found)).toContain('Suva')
    for (const { geometry } of found.features) {
      const [longitude, latitude] = (geometry as { coordinates: number[] }).coordinates
      expect(Math.abs(longitude!)).toBeGreaterThanOrEqual(178)
      expect(Math.round(latitude!)).toBeLessThanOrEqual(-18)
    }
  })

  it('shows a city its own features alone, though others rank higher', async () => {
    const everywhere = await search({ q: 'madison', collections: 'places', limit: '100' })
    expect(everywhere.features.length).toBeGreaterThan(20)
    const own = await search({ q: 'madison', collections: 'places', limit: '1' }, city)
    expect(own.features.map(({ properties }) => properties!['admin1'])).toEqual(['Wisconsin'])
    expect((await search({ q: 'chicago' }, city)).features).toEqual([])
  })

  it('needs no token for open collections, and names no other', async () => {
    const found = await search({ q: 'denmark' }, null)
    expect(found.features.map(({ collection }) => collection)).toEqual(['countries'])
    for (const collections of ['places', 'countries,places', 'nowhere']) {
      const refused = await request({ q: 'denmark', collections }, null)
      expect(refused.status).toBe(401)
      expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer /)
    }
  })

  it('says who may keep an answer, and does not send it again', async () => {
    const first = await request({ q: 'denmark' })
    expect(first.headers.get('cache-control')).toBe('private, no-cache')
    const etag = first.headers.get('etag')!
    const second = await request({ q: 'denmark' }, token, { 'if-none-match': etag })
    expect([second.status, await second.text()]).toEqual([304, ''])
  })

  it('keeps the token of the query in its links', async () => {
    const query = { q: 'denmark', collections: 'countries', access_token: token }
    const answer = await request(query, null)
    const { links } = (await answer.json()) as Found
    const ours = links.filter(({ href }) => href.startsWith(server.url))
    expect(ours.map(({ href }) => new URL(href).searchParams.get('access_token'))).toEqual([
      token,
      token,
    ])
  })

  it.each([
    ['', 'q'],
    ['q=', 'q'],
    ['q=%22*%22', 'q'],
    ['q=%00', 'q'],
    ['q=a%00b', 'q'],
    [`q=${'x'.repeat(201)}`, 'q'],
    ['q=a&q=b', 'q'],
    ['q=a&limit=0', 'limit'],
    ['q=a&limit=101', 'limit'],
    ['q=a&limit=x', 'limit'],
    ['q=a&near=1', 'near'],
    ['q=a&near=181,0', 'near'],
    ['q=a&bbox=1,2,3', 'bbox'],
    ['q=a&bbox=0,2,0,1', 'bbox'],
    ['q=a&collections=', 'collections'],
    ['q=a&collections=places,nowhere', 'collections'],
    ['q=a&collections=%00', 'collections'],
    [
      `q=a&collections=${Array.from({ length: 101 }, (_, index) => `c${index}`).join()}`,
      'collections',
    ],
    ['q=a&name=b', 'name'],
  ])('refuses %j', async (query, parameter) => {
    const response = await request(query)
    const problem = (await response.json()) as { detail: string }
    expect(response.status, problem.detail).toBe(400)
    expect(problem.detail).toContain(parameter)
  })

  it('takes the syntax of databases for text', async () => {
    for (const q of ["san' | 'a", 'NEAR(san a)', 'san":*', 'x\\', "';drop table x--"]) {
      expect((await request({ q })).status, q).toBe(200)
    }
  })

  it('stands in the API reference', async () => {
    const answer = await fetch(`${server.url}/openapi.json`)
    const { paths } = (await answer.json()) as {
      paths: Record<string, { get: { operationId: string } }>
    }
    expect(paths['/maps/search']!.get.operationId).toBe('maps.search')
  })
})
