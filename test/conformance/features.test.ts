import { Validator } from '@seriousme/openapi-schema-validator'
import type { Feature } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  feature,
  idsOf,
  importFeatures,
  type Items,
  type Link,
  linkOf,
  type MapServer,
  newToken,
  point,
  square,
  startMapServer,
} from './map-data.ts'
import { bearer } from './requests.ts'

/** OGC API - Features Part 1 (17-069r4), as far as it is not about writing. */

const CRS84 = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84'

let server: MapServer
let token: string

/** Points along the equator, a degree apart; each second one is without a name and an end. */
const stops = Array.from({ length: 25 }, (_, index) =>
  feature(`stop-${String(index).padStart(2, '0')}`, point(index, 0), {
    name: index % 2 === 0 ? `Stop ${index}` : null,
    platform: index % 3,
    fare: index / 4,
    covered: index % 5 === 0,
    opened: `2020-01-${String(index + 1).padStart(2, '0')}`,
    closed: index % 2 === 0 ? `2020-02-${String(index + 1).padStart(2, '0')}` : null,
    tags: { zone: index },
  }),
)

beforeAll(async () => {
  server = await startMapServer()
  const times = ['--start', 'opened', '--end', 'closed']
  const words = [
    ...['--title', 'Stops', '--description', 'Where buses stop.', '--attribution', 'City of Demo'],
    ...['--licence', 'CC0', '--licence-url', 'https://creativecommons.org/publicdomain/zero/1.0/'],
  ]
  await importFeatures(server, 'stops', stops, '--visibility', 'open', ...times, ...words)
  await importFeatures(server, 'zones', [
    feature('one', square(0, 0)),
    feature('around', square(-1, -1, 5)),
    feature('a/b ä', square(10, 10)),
  ])
  await importFeatures(server, 'fiji', [
    feature('suva', point(178.44, -18.14)),
    feature('apia', point(-171.76, -13.83)),
    feature('nadi', point(177.42, -17.78)),
  ])
  token = (await newToken(server, 'read')).token
})
afterAll(() => server[Symbol.asyncDispose]())

const path = (text: string) => new URL(text, `${server.url}/maps/`)

function request(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(path(url), { headers })
}

async function get<Body = Items>(url: string, headers = bearer(token)): Promise<Body> {
  const response = await request(url, headers)
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as Body
}

/** @returns what is wrong with the request, as the answer says it */
async function refusal(url: string, status = 400): Promise<{ detail: string; parameter: string }> {
  const response = await request(url, bearer(token))
  const body = (await response.json()) as { detail: string; parameter: string; status: number }
  expect([response.status, body.status, response.headers.get('content-type')]).toEqual([
    status,
    status,
    'application/problem+json; charset=utf-8',
  ])
  return body
}

describe('the landing page and what it links to (17-069r4 §7.2 to §7.4)', () => {
  it('leads to the definition, the classes and the collections, without a token', async () => {
    const landing = await get<{ title: string; links: Link[] }>('/maps', {})
    expect(landing.title).not.toBe('')
    for (const rel of ['self', 'alternate', 'service-desc', 'service-doc', 'conformance', 'data']) {
      const link = landing.links.find((each) => each.rel === rel)!
      const answer = await fetch(link.href)
      expect([rel, answer.status]).toEqual([rel, 200])
      expect(answer.headers.get('content-type')).toContain(link.type)
    }
  })

  it('is the same with a slash at its end', async () => {
    const [plain, slash] = await Promise.all(
      ['/maps', '/maps/'].map((path) => get<{ links: Link[] }>(path, {})),
    )
    expect(slash).toEqual(plain)
    const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
      paths: Record<string, object>
    }
    expect(Object.keys(paths).filter((path) => /^\/maps\/?$/.test(path))).toEqual(['/maps'])
  })

  it('declares the classes of Part 1 and Part 4', async () => {
    const { conformsTo } = await get<{ conformsTo: string[] }>('conformance', {})
    const part = (number: number, name: string) =>
      `http://www.opengis.net/spec/ogcapi-features-${number}/1.0/conf/${name}`
    for (const name of ['core', 'oas30', 'html', 'geojson']) {
      expect(conformsTo).toContain(part(1, name))
    }
    for (const name of [
      'create-replace-delete',
      'update',
      'features',
      'optimistic-locking-etags',
    ]) {
      expect(conformsTo).toContain(part(4, name))
    }
  })

  it('is defined by valid OpenAPI 3.0 that names no collection', async () => {
    const response = await request('api')
    expect(response.headers.get('content-type')).toBe(
      'application/vnd.oai.openapi+json;version=3.0',
    )
    const text = await response.text()
    expect(text).not.toMatch(/stops|zones|fiji/)
    const definition = JSON.parse(text) as {
      openapi: string
      servers: { url: string }[]
      paths: Record<string, Record<string, { parameters: { name: string; schema: object }[] }>>
      components: { parameters: object }
    }
    expect(definition.openapi).toMatch(/^3\.0\.\d$/)
    expect(definition.servers).toEqual([{ url: `${server.url}/maps` }])
    const { valid, errors } = await new Validator().validate(structuredClone(definition))
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
    const items = definition.paths['/collections/{collectionId}/items']!
    expect(Object.keys(items)).toEqual(expect.arrayContaining(['get', 'post']))
    const parameters = new Map(items['get']!.parameters.map((each) => [each.name, each]))
    expect(parameters.get('limit')!.schema).toEqual({
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 100,
    })
    expect(definition.components.parameters).toEqual({ limit: parameters.get('limit') })
    expect(parameters.get('bbox')).toMatchObject({ style: 'form', explode: false })
    expect(parameters.get('bbox')!.schema).toMatchObject({
      type: 'array',
      minItems: 4,
      maxItems: 6,
    })
    expect(parameters.get('datetime')!.schema).toMatchObject({ type: 'string' })
  })
})

describe('collections (17-069r4 §7.13, §7.14)', () => {
  it('are told with their extents, and links that work', async () => {
    const { collections } = await get<{ collections: ({ id: string } & Items)[] }>('collections')
    expect(collections.map(({ id }) => id)).toEqual(['fiji', 'stops', 'zones'])
    const [, found] = collections
    expect(found).toMatchObject({
      id: 'stops',
      title: 'Stops',
      description: 'Where buses stop.',
      attribution: 'City of Demo',
      itemType: 'feature',
      crs: [CRS84],
      geometryDimension: 0,
      featureCount: 25,
      extent: {
        spatial: { bbox: [[0, 0, 24, 0]], crs: CRS84 },
        temporal: { interval: [['2020-01-01T00:00:00.000Z', null]] },
      },
    })
    expect(await get('collections/stops')).toEqual(found)
    for (const { rel, href, type } of found!.links.filter((link) => link.href.includes('/maps/'))) {
      const answer = await fetch(href, { headers: bearer(token) })
      expect([rel, answer.status]).toEqual([rel, 200])
      expect([rel, answer.headers.get('content-type')]).toEqual([
        rel,
        expect.stringContaining(type!),
      ])
    }
    expect(linkOf(found!, 'license')).toBe('https://creativecommons.org/publicdomain/zero/1.0/')
  })

  it('are open to all only when they are open', async () => {
    const { collections } = await get<{ collections: { id: string }[] }>('collections', {})
    expect(collections.map(({ id }) => id)).toEqual(['stops'])
    expect((await get('collections/stops/items', {})).numberReturned).toBe(25)
    // What there is not, and what one may not see, is the same to nobody.
    for (const id of ['zones', 'none']) {
      for (const rest of ['', '/items', '/items/one', '/schema', '/nearest?point=0,0']) {
        const response = await request(`collections/${id}${rest}`)
        expect(response.status).toBe(401)
        expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /)
      }
    }
  })

  it('that a token may not see are not there for it', async () => {
    await expect(refusal('collections/none', 404)).resolves.toBeDefined()
    await expect(refusal('collections/none/items', 404)).resolves.toBeDefined()
    await expect(refusal(`collections/${'x'.repeat(150)}`, 404)).resolves.toBeDefined()
  })

  it('tell their properties as JSON Schema with roles', async () => {
    const schema = await get<{ properties: Record<string, object>; $id: string }>(
      'collections/stops/schema',
    )
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: `${server.url}/maps/collections/stops/schema`,
      type: 'object',
      additionalProperties: false,
    })
    expect(Object.keys(schema.properties)).toEqual([
      ...['geometry', 'name', 'platform', 'fare', 'covered', 'opened', 'closed', 'tags'],
    ])
    expect(schema.properties).toMatchObject({
      geometry: { 'x-ogc-role': 'primary-geometry', format: 'geometry-point-or-multipoint' },
      name: { type: 'string' },
      platform: { type: 'integer' },
      fare: { type: 'number' },
      covered: { type: 'boolean' },
      opened: { 'x-ogc-role': 'primary-interval-start' },
      closed: { 'x-ogc-role': 'primary-interval-end' },
    })
    for (const type of ['create', 'replace']) {
      const sent = await get<typeof schema>(`collections/stops/schema?type=${type}`)
      expect(sent).toMatchObject({
        required: ['type', 'geometry', 'properties'],
        properties: { type: { const: 'Feature' }, properties: { additionalProperties: false } },
      })
    }
    expect((await refusal('collections/stops/schema?type=delete')).parameter).toBe('type')
    const queryables = await get<typeof schema>('collections/stops/queryables')
    expect(Object.keys(queryables.properties)).toEqual([
      ...['name', 'platform', 'fare', 'covered', 'opened', 'closed'],
    ])
  })
})

describe('items (17-069r4 §7.15)', () => {
  it('are GeoJSON with all that is known, null included', async () => {
    const response = await request('collections/stops/items?limit=2', bearer(token))
    expect(response.headers.get('content-type')).toBe('application/geo+json')
    const page = (await response.json()) as Items
    expect(page).toMatchObject({
      type: 'FeatureCollection',
      numberReturned: 2,
      numberMatched: 25,
      attribution: 'City of Demo',
      features: stops.slice(0, 2),
    })
    expect(page.features[1]!.properties).toMatchObject({ name: null, closed: null })
    expect(Math.abs(Date.parse(page.timeStamp) - Date.now())).toBeLessThan(60_000)
    expect(linkOf(page, 'collection')).toBe(`${server.url}/maps/collections/stops`)
  })

  it('are paged by links that repeat the query, and tell how many there are once', async () => {
    const seen: string[] = []
    let next: string | undefined = 'collections/stops/items?limit=4&bbox=3,-1,20,1'
    let pages = 0
    while (next !== undefined) {
      const page: Items = await get(next)
      expect(page.numberMatched).toBe(pages++ === 0 ? 18 : undefined)
      seen.push(...idsOf(page))
      next = linkOf(page, 'next')
      if (next !== undefined) {
        const { searchParams } = new URL(next)
        expect([searchParams.get('limit'), searchParams.get('bbox')]).toEqual(['4', '3,-1,20,1'])
        expect(searchParams.get('after')).toMatch(/^[\w-]{22}$/)
      }
    }
    expect(seen).toEqual(stops.slice(3, 21).map(({ id }) => id))
    expect(pages).toBe(5)
  })

  it('carry a token on only if it came in the query', async () => {
    const inQuery = await get(`collections/zones/items?limit=1&access_token=${token}`, {})
    const followed = await get(linkOf(inQuery, 'next')!, {})
    expect(followed.numberReturned).toBe(1)
    const inHeader = await request('collections/zones/items?limit=1', bearer(token))
    expect(await inHeader.text()).not.toContain('access_token')
  })

  it('are found by a box, also with heights and across the antimeridian', async () => {
    expect(idsOf(await get('collections/stops/items?bbox=4,0,5,0'))).toEqual(['stop-04', 'stop-05'])
    expect(idsOf(await get('collections/stops/items?bbox=4,0,-9,5,0,9'))).toHaveLength(2)
    expect(idsOf(await get(`collections/stops/items?bbox=4,0,5,0&bbox-crs=${CRS84}`))).toHaveLength(
      2,
    )
    expect(idsOf(await get('collections/fiji/items?bbox=178,-20,-170,0'))).toEqual(['suva', 'apia'])
    expect(idsOf(await get('collections/zones/items?bbox=0.5,0.5,0.6,0.6'))).toEqual([
      'one',
      'around',
    ])
  })

  it.each([
    // Those with an open end, and those that had not closed yet.
    ['2020-02-20T00:00:00Z', 12 + 3],
    ['2020-01-02', 2],
    ['2020-01-02/2020-01-03', 3],
    ['../2020-01-01', 1],
    ['/2020-01-01', 1],
    ['2020-02-25T23:59:59Z/..', 12 + 1],
    ['2019-12-31T23:59:59-01:00', 1],
    ['2030-01-01/', 12],
    ['../..', 25],
  ])('are found by the time %s', async (datetime, count) => {
    const query = `datetime=${encodeURIComponent(datetime)}`
    expect((await get(`collections/stops/items?${query}`)).numberReturned).toBe(count)
  })

  it.each([
    ['name=Stop%204', ['stop-04']],
    ['platform=2&covered=true', ['stop-05', 'stop-20']],
    ['fare=1.5', ['stop-06']],
    ['fare=15e-1', ['stop-06']],
    ['opened=2020-01-03', ['stop-02']],
    ['name=nothing', []],
    ['name=', []],
    ['platform=2&bbox=0,0,6,0', ['stop-02', 'stop-05']],
  ])('are found by properties: %s', async (query, ids) => {
    const page = await get(`collections/stops/items?${query}`)
    expect(idsOf(page)).toEqual(ids)
    expect(page.numberMatched).toBe(ids.length)
  })

  it('have only the fields that were asked for', async () => {
    const { features } = await get('collections/stops/items?limit=1&fields=platform,name')
    expect(features[0]).toEqual({ ...stops[0], properties: { name: 'Stop 0', platform: 0 } })
    const one = await get<Feature>('collections/stops/items/stop-01?fields=name')
    expect(one.properties).toEqual({ name: null })
  })

  it('take a limit above the maximum for the maximum (17-069r4 §7.15.2)', async () => {
    expect((await get('collections/stops/items?limit=99999')).numberReturned).toBe(25)
  })

  const LONG = 'x'.repeat(10_000)
  it.each([
    ['limit=0', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=many', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['bbox=1,2,3', 'bbox'],
    ['bbox=1,2,3,4,5', 'bbox'],
    ['bbox=1,2,3,x', 'bbox'],
    ['bbox=1,5,3,4', 'bbox'],
    ['bbox=1,2,9,3,4,0', 'bbox'],
    ['bbox=181,0,182,1', 'bbox'],
    ['bbox=0,-91,1,0', 'bbox'],
    ['bbox=', 'bbox'],
    ['bbox=1,2,3,4&bbox=1,2,3,4', 'bbox'],
    ['bbox-crs=http://www.opengis.net/def/crs/EPSG/0/3857', 'bbox-crs'],
    ['datetime=yesterday', 'datetime'],
    ['datetime=2020-02-30', 'datetime'],
    ['datetime=2020-01-02/2020-01-01', 'datetime'],
    ['datetime=2020-01-02T00:00:00', 'datetime'],
    ['after=1', 'after'],
    ['after=', 'after'],
    [`after=${'z'.repeat(22)}`, 'after'],
    ['colour=red', 'colour'],
    ['tags=1', 'tags'],
    ['platform=two', 'platform'],
    ['covered=yes', 'covered'],
    ['fare=Infinity', 'fare'],
    ['name=a&name=b', 'name'],
    ['fields=nope', 'fields'],
    [`fields=${LONG}`, 'fields'],
    [`${LONG}=1`, `${'x'.repeat(100)}…`],
    ['__proto__=1', '__proto__'],
    ['f=xml', 'f'],
  ])('are refused with %.40s', async (query, parameter) => {
    const fault = await refusal(`collections/stops/items?${query}`)
    expect(fault.parameter).toBe(parameter)
    expect(fault.detail).toMatch(/: ./)
    expect(fault.detail.length).toBeLessThan(600)
  })

  it('say what can be asked for', async () => {
    const { detail } = await refusal('collections/stops/items?colour=red')
    expect(detail).toContain('limit, bbox')
    expect(detail).toContain('name, platform, fare')
  })

  it('take no cursor of another collection', async () => {
    const next = linkOf(await get('collections/stops/items?limit=1'), 'next')!
    const after = new URL(next).searchParams.get('after')!
    expect((await refusal(`collections/zones/items?after=${after}`)).parameter).toBe('after')
  })
})

describe('a feature (17-069r4 §7.16)', () => {
  it('is shown with its links, whatever its id', async () => {
    const one = await get<Feature & Items>(`collections/zones/items/${encodeURIComponent('a/b ä')}`)
    expect(one).toMatchObject({ type: 'Feature', id: 'a/b ä', geometry: square(10, 10) })
    expect(linkOf(one, 'self')).toBe(`${server.url}/maps/collections/zones/items/a%2Fb%20%C3%A4`)
    expect(await get(linkOf(one, 'self')!)).toEqual(one)
    await refusal('collections/zones/items/none', 404)
    await refusal('collections/zones/items/%00', 400)
    await refusal('collections/zones/items/one?colour=red')
    expect((await refusal('collections/stops/items/stop-00?fields=nope')).parameter).toBe('fields')
  })

  it('is found by what is nearest to a point, and by a point in it', async () => {
    const nearest = await get('collections/stops/nearest?point=3.2,0.1&limit=2')
    expect(idsOf(nearest)).toEqual(['stop-03', 'stop-04'])
    const [first] = nearest.features as (Feature & { distanceMeters: number })[]
    expect(first!.distanceMeters).toBeCloseTo(24_862, -3)
    expect(idsOf(await get('collections/zones/containing?point=0.5,0.5'))).toEqual([
      'one',
      'around',
    ])
    expect(idsOf(await get('collections/zones/containing?point=1,1&limit=1'))).toEqual(['one'])
    expect(idsOf(await get('collections/zones/containing?point=50,50'))).toEqual([])
    expect((await refusal('collections/stops/nearest')).parameter).toBe('point')
    expect((await refusal('collections/stops/nearest?point=24')).parameter).toBe('point')
    expect((await refusal('collections/stops/nearest?point=0,91')).parameter).toBe('point')
    expect((await refusal('collections/stops/nearest?point=0,0&limit=101')).parameter).toBe('limit')
    expect((await refusal('collections/zones/nearest?point=0,0')).parameter).toBe('collectionId')
    expect((await refusal('collections/zones/containing?point=x')).parameter).toBe('point')
  })
})

describe('caches', () => {
  it('may keep what is open to all, and nothing of a token’s', async () => {
    const open = await request('collections/stops/items?limit=1')
    expect(open.headers.get('cache-control')).toBe('public, max-age=60')
    expect(open.headers.get('vary')).toBe('Accept, Authorization')
    for (const url of ['collections/stops/items', 'collections/zones/items/one', 'collections']) {
      const scoped = await request(url, bearer(token))
      expect(scoped.headers.get('cache-control')).toBe('private, no-cache')
      expect(scoped.headers.get('vary')).toBe('Accept, Authorization')
    }
  })

  it.each([
    'collections',
    'collections/stops',
    'collections/stops/schema',
    'collections/stops/items?limit=3',
    'collections/stops/items/stop-00',
    'collections/stops/nearest?point=0,0',
  ])('need not be sent %s again (RFC 9110 §13.1.2)', async (url) => {
    const etag = (await request(url, bearer(token))).headers.get('etag')!
    expect(etag).toMatch(/^(W\/)?"[\w-]{22}(\.[\w-]{8})?"$/)
    for (const tags of [etag, `"other", ${etag}`, '*']) {
      const again = await request(url, { ...bearer(token), 'if-none-match': tags })
      expect([again.status, await again.text()]).toEqual([304, ''])
      expect(again.headers.get('etag')).toBe(etag)
    }
    const other = await request(url, { ...bearer(token), 'if-none-match': '"other"' })
    expect(other.status).toBe(200)
  })

  it('find the same by HEAD', async () => {
    const init = { method: 'HEAD', headers: bearer(token) }
    const head = await fetch(path('collections/stops/items/stop-00'), init)
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(head.headers.get('etag')).not.toBeNull()
  })
})

describe('the form of an answer', () => {
  const formOf = async (url: string, accept?: string) => {
    const response = await request(url, {
      ...bearer(token),
      ...(accept !== undefined && { accept }),
    })
    return response.headers.get('content-type')
  }
  const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

  it('is as `f` or `Accept` says, and JSON for all others', async () => {
    const url = 'collections/stops/items?limit=1'
    const html = 'text/html; charset=utf-8'
    expect(await formOf(url)).toBe('application/geo+json')
    expect(await formOf(url, '*/*')).toBe('application/geo+json')
    expect(await formOf(url, 'application/geo+json, text/html;q=0.5')).toBe('application/geo+json')
    expect(await formOf(url, BROWSER)).toBe(html)
    expect(await formOf(`${url}&f=html`)).toBe(html)
    expect(await formOf(`${url}&f=json`, BROWSER)).toBe('application/geo+json')
    expect(await formOf('collections/none?f=html', BROWSER)).toBe(html)
    expect(await formOf('collections/none')).toBe('application/problem+json; charset=utf-8')
  })
})
