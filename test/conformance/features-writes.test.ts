import type { Feature, FeatureCollection } from 'geojson'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { mapgate, temporaryFolder } from '../support/server.ts'
import {
  feature,
  idsOf,
  importFeatures,
  type Items,
  type MapServer,
  newToken,
  point,
  square,
  startMapServer,
} from './map-data.ts'
import { bearer, sendRaw } from './requests.ts'

/** OGC API - Features Part 4 (20-002r1): create, replace, update and delete. */

const GEOJSON = 'application/geo+json'
const MERGE_PATCH = 'application/merge-patch+json'

let server: MapServer
/** Of the owner of the collections, who may read and write. */
let owner: string
/** Of the owner, limited to the square from 0,0 to 10,10. */
let limited: string
/** May read only. */
let reader: string
/** Of another customer, who reads what is public. */
let stranger: string

beforeAll(async () => {
  server = await startMapServer()
  const area = join(temporaryFolder(), 'area.geojson')
  await writeFile(area, JSON.stringify(feature(null, square(0, 0, 10))))
  await mapgate(server, 'customers', 'create', 'Other', '--id', 'other')
  owner = (await newToken(server, 'read write')).token
  limited = (await newToken(server, 'read write', '--area', area)).token
  reader = (await newToken(server, 'read')).token
  stranger = (await newToken(server, 'read write', '--customer', 'other')).token
  await importFeatures(server, 'places', starts, '--start', 'built')
  await importFeatures(server, 'zones', [feature('zone', square(0, 0), { name: 'Zone' })])
  await importFeatures(
    server,
    'known',
    [feature('a', point(1, 1), { name: 'A' })],
    '--visibility',
    'public',
  )
})
afterAll(() => server[Symbol.asyncDispose]())

const start = (id: string, longitude: number, latitude: number) =>
  feature(id, point(longitude, latitude), {
    ...{ name: id.toUpperCase(), height: 1.5, floors: 2, listed: true, built: '2001-02-03' },
    tags: { any: [1] },
  })
const starts = [start('near', 5, 5), start('edge', 10, 10), start('far', 50, 50)]

/** As it was, for each test: an import would take seconds. */
beforeEach(async () => {
  for (const { id } of (await all()).features) await send('DELETE', items('places', String(id)))
  await send('POST', items(), { type: 'FeatureCollection', features: starts })
})

const items = (collection = 'places', id?: string) =>
  `${server.url}/maps/collections/${collection}/items${id === undefined ? '' : `/${id}`}`

interface Sent {
  status: number
  headers: Headers
  body: Record<string, unknown>
}

async function send(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
  token = owner,
): Promise<Sent> {
  const type = method === 'PATCH' ? MERGE_PATCH : GEOJSON
  const response = await fetch(url, {
    method,
    headers: { ...bearer(token), ...(body !== undefined && { 'content-type': type }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  }
}

async function read(id: string, token = owner, collection = 'places'): Promise<Feature | null> {
  const response = await fetch(items(collection, id), { headers: bearer(token) })
  if (response.status === 404) return null
  const { type, id: own, geometry, properties } = (await response.json()) as Feature
  return { type, id: own!, geometry, properties }
}

async function all(token = owner): Promise<Items> {
  return (await (await fetch(items(), { headers: bearer(token) })).json()) as Items
}

async function etagOf(id: string): Promise<string> {
  return (await fetch(items('places', id), { headers: bearer(owner) })).headers.get('etag')!
}

const properties = {
  name: 'New',
  height: 2.5,
  floors: 3,
  listed: false,
  built: '2020-01-01',
  tags: null,
}
const crsNamed = (name: string) => ({ type: 'name', properties: { name } })
const created = feature('new', point(1, 2), properties)

describe('OPTIONS (/req/create-replace-delete/options-response)', () => {
  const allowOf = async (url: string, token: string) => {
    const { status, headers } = await send('OPTIONS', url, undefined, {}, token)
    expect(status).toBe(200)
    return headers.get('allow')
  }

  it('tells which methods there are for the caller', async () => {
    expect(await allowOf(items(), owner)).toBe('GET, HEAD, OPTIONS, POST')
    expect(await allowOf(items('places', 'near'), owner)).toBe(
      'GET, HEAD, OPTIONS, PUT, PATCH, DELETE',
    )
    expect(await allowOf(items('known'), stranger)).toBe('GET, HEAD, OPTIONS')
    const { headers } = await send('OPTIONS', items())
    expect(headers.get('accept-post')).toContain(GEOJSON)
    const patch = await send('OPTIONS', items('places', 'near'))
    expect(patch.headers.get('accept-patch')).toContain(MERGE_PATCH)
  })
})

describe('POST', () => {
  it('creates a feature, and says where it is', async () => {
    const { status, headers } = await send('POST', items(), created)
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(items('places', 'new'))
    expect(headers.get('etag')).toBe(await etagOf('new'))
    expect(await read('new')).toEqual(created)
    expect(idsOf(await all())).toEqual(['near', 'edge', 'far', 'new'])
  })

  it('makes an id up when there is none, and null of what is left out', async () => {
    const { headers, body } = await send('POST', items(), feature(null, point(1, 2), { name: 'X' }))
    const [{ id }] = body['features'] as [{ id: string }]
    expect(id).toMatch(/^[0-9a-f]{24}$/)
    expect(headers.get('location')).toBe(items('places', id))
    expect(await read(id)).toEqual(
      feature(id, point(1, 2), {
        ...{ name: 'X', height: null, floors: null, listed: null, built: null, tags: null },
      }),
    )
  })

  it('creates a batch wholly', async () => {
    const features = ['p', 'q', 'r'].map((id) => ({ ...created, id }))
    const { status, body } = await send('POST', items(), { type: 'FeatureCollection', features })
    expect(status).toBe(201)
    const listed = body['features'] as { id: string; etag: string; href: string }[]
    expect(listed.map(({ id }) => id)).toEqual(['p', 'q', 'r'])
    expect(listed[1]).toEqual({ id: 'q', etag: await etagOf('q'), href: items('places', 'q') })
    expect((await all()).numberReturned).toBe(6)
  })

  it.each([
    ['an id that is taken', 409, { ...created, id: 'near' }, 'features[1]'],
    ['an id that comes twice', 409, { ...created, id: 'p' }, 'features[1]'],
    ['a wrong type', 400, { ...created, properties: { name: 7 } }, 'features[1].properties.name'],
    ['no geometry', 400, { ...created, geometry: null }, 'features[1].geometry'],
    ['another dimension', 400, { ...created, geometry: square(0, 0) }, 'features[1].geometry.type'],
    ['no feature', 400, 7, 'features[1]'],
  ])('creates nothing of a batch with %s', async (_, status, second, parameter) => {
    const features = [{ ...created, id: 'p' }, second]
    const refused = await send('POST', items(), { type: 'FeatureCollection', features })
    expect([refused.status, refused.body['parameter']]).toEqual([status, parameter])
    expect(await all()).toMatchObject({ numberReturned: 3 })
  })

  const bowTie = [
    [
      [0, 0],
      [2, 2],
      [2, 0],
      [0, 2],
      [0, 0],
    ],
  ]
  it.each([
    ['no JSON', '{"type":', 'body'],
    ['an empty body', '', 'body'],
    ['no object', '[]', 'body'],
    ['deep nesting', '['.repeat(100_000), 'body'],
    [
      'deep nesting in a property',
      JSON.stringify({ ...created, properties: { tags: 0 } }).replace(
        ':0}',
        `:${'['.repeat(500)}${']'.repeat(500)}}`,
      ),
      'body',
    ],
    ['an empty batch', { type: 'FeatureCollection', features: [] }, 'features'],
    ['a batch of nothing', { type: 'FeatureCollection' }, 'features'],
    [
      'a batch that is too large',
      { type: 'FeatureCollection', features: Array<number>(10_001).fill(0) },
      'features',
    ],
    ['another type', { ...created, type: 'Thing' }, 'type'],
    ['an id that is too long', { ...created, id: 'x'.repeat(129) }, 'id'],
    ['an unknown property', { ...created, properties: { nmae: 'A' } }, 'properties.nmae'],
    [
      'a property with a name of 10,000 characters',
      { ...created, properties: { ['x'.repeat(10_000)]: 1 } },
      `properties.${'x'.repeat(100)}…`,
    ],
    ['a fraction for an integer', { ...created, properties: { floors: 1.5 } }, 'properties.floors'],
    ['a text for a number', { ...created, properties: { height: '1' } }, 'properties.height'],
    ['a text for a boolean', { ...created, properties: { listed: 'no' } }, 'properties.listed'],
    ['a crs', { ...created, crs: { type: 'name' } }, 'crs'],
    ['a crs of another system', { ...created, crs: crsNamed('urn:ogc:def:crs:EPSG::3857') }, 'crs'],
    [
      'a crs of a batch',
      {
        type: 'FeatureCollection',
        crs: crsNamed('urn:ogc:def:crs:EPSG::3857'),
        features: [created],
      },
      'crs',
    ],
    [
      'a crs of a feature in a batch',
      { type: 'FeatureCollection', features: [{ ...created, crs: crsNamed('EPSG:3067') }] },
      'features[0].crs',
    ],
    [
      'a position out of range',
      { ...created, geometry: { type: 'Point', coordinates: [181, 0] } },
      'geometry.coordinates',
    ],
    [
      'a position that is none',
      { ...created, geometry: { type: 'Point', coordinates: ['1', 2] } },
      'geometry.coordinates',
    ],
    ['an unknown geometry', { ...created, geometry: { type: 'Circle' } }, 'geometry.type'],
  ])('refuses %s', async (_, body, parameter) => {
    const refused = await send('POST', items(), body)
    expect(refused.status).toBe(400)
    expect(refused.body['parameter']).toBe(parameter)
    expect(String(refused.body['detail']).length).toBeLessThan(500)
  })

  describe('of a number that would become another one', () => {
    const written = (value: string, property: string) =>
      JSON.stringify({ ...created, properties: { [property]: 'NUMBER' } }).replace(
        '"NUMBER"',
        value,
      )

    it.each([
      [written('9007199254740993', 'height'), 'properties.height'],
      [written('-9007199254740993', 'floors'), 'properties.floors'],
      [written('1e400', 'height'), 'properties.height'],
      [written('{"a":[9007199254740993]}', 'tags'), 'properties.tags'],
      [written('[-1e400]', 'tags'), 'properties.tags'],
      [JSON.stringify(created).replace('"new"', '9007199254740993'), 'id'],
      [JSON.stringify(created).replace('"new"', '1e400'), 'id'],
      [JSON.stringify(created).replace('[1,2]', '[1,2,9007199254740993]'), 'geometry.coordinates'],
      [JSON.stringify(created).replace('[1,2]', '[1,2,1e400]'), 'geometry.coordinates'],
    ])('refuses %s', async (body, parameter) => {
      const batch = `{"type":"FeatureCollection","features":[${body}]}`
      const refused = [
        [await send('POST', items(), body), parameter],
        [await send('POST', items(), batch), `features[0].${parameter}`],
        [await send('PUT', items('places', 'near'), body), parameter],
        // A patch does not change ids.
        ...(parameter === 'id'
          ? []
          : [[await send('PATCH', items('places', 'near'), body), parameter] as const]),
      ] as const
      for (const [{ status, body: problem }, at] of refused) {
        expect([status, problem['parameter']]).toEqual([400, at])
      }
      expect(await all()).toMatchObject({ numberReturned: 3 })
    })

    it.each([
      ['9007199254740991', 'floors', 9007199254740991],
      ['100000000000000000000', 'height', 1e20],
      ['0.12345678901234567890123', 'height', 0.12345678901234568],
    ])('takes %s', async (text, property, value) => {
      expect((await send('POST', items(), written(text, property))).status).toBe(201)
      expect((await read('new'))!.properties![property]).toBe(value)
    })

    it('takes the digits of a coordinate that a number can keep', async () => {
      const body = JSON.stringify(created).replace('[1,2]', '[1.12345678901234567890123,2]')
      expect((await send('POST', items(), body)).status).toBe(201)
      expect((await read('new'))!.geometry).toEqual(point(1.1234567890123457, 2))
    })
  })

  it.each([
    ['a polygon that crosses itself', { type: 'Polygon', coordinates: bowTie }],
    [
      'a ring that is not closed',
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 0],
            [1, 1],
          ],
        ],
      },
    ],
    [
      'an edge over 180°',
      {
        type: 'Polygon',
        coordinates: [
          [
            [-170, 0],
            [170, 0],
            [170, 1],
            [-170, 0],
          ],
        ],
      },
    ],
  ])('refuses %s', async (_, geometry) => {
    const refused = await send('POST', items('zones'), { ...created, properties: {}, geometry })
    expect(refused.status).toBe(400)
    expect(refused.body['parameter']).toMatch(/^geometry\.coordinates/)
  })

  it('needs a media type that it knows (/req/create-replace-delete/post-content-type)', async () => {
    const bytes = new Blob([JSON.stringify(created)])
    const without = await fetch(items(), { method: 'POST', headers: bearer(owner), body: bytes })
    expect([without.status, ((await without.json()) as { parameter: string }).parameter]).toEqual([
      400,
      'Content-Type',
    ])
    const wrong = await send('POST', items(), created, { 'content-type': 'text/csv' })
    expect([wrong.status, wrong.body['parameter']]).toEqual([415, 'Content-Type'])
    const json = await send('POST', items(), created, { 'content-type': 'application/json' })
    expect(json.status).toBe(201)
  })

  it('takes CRS84 alone (/req/features/crs-crs84)', async () => {
    const crs = (uri: string) => send('POST', items(), created, { 'content-crs': `<${uri}>` })
    expect((await crs('http://www.opengis.net/def/crs/EPSG/0/3857')).status).toBe(400)
    expect((await crs('http://www.opengis.net/def/crs/OGC/1.3/CRS84')).status).toBe(201)
  })

  it('takes a crs that says so too, as ogr2ogr writes it', async () => {
    for (const name of ['urn:ogc:def:crs:OGC:1.3:CRS84', 'urn:ogc:def:crs:OGC::CRS84']) {
      const crs = crsNamed(name)
      const batch = { type: 'FeatureCollection', crs, features: [{ ...created, crs, id: name }] }
      expect((await send('POST', items(), batch)).status).toBe(201)
      expect((await send('PATCH', items('places', name), { crs })).status).toBe(204)
    }
  })

  it('takes no body over 10 MB', async () => {
    // As the head says: whoever sends it all may be cut off before they read the answer.
    const { status } = await sendRaw(server, [
      'POST /maps/collections/places/items HTTP/1.1',
      `Authorization: Bearer ${owner}`,
      `Content-Type: ${GEOJSON}`,
      `Content-Length: ${10 * 1_024 * 1_024 + 1}`,
    ])
    expect(status).toBe(413)
  })
})

describe('PUT', () => {
  it('replaces a feature where it is, whatever id the body has', async () => {
    const { status, headers } = await send('PUT', items('places', 'near'), created)
    expect(status).toBe(204)
    expect(headers.get('etag')).toBe(await etagOf('near'))
    expect(await read('near')).toEqual({ ...created, id: 'near' })
    expect(await read('new')).toBeNull()
    expect(idsOf(await all())).toEqual(['near', 'edge', 'far'])
  })

  it('creates nothing (/req/create-replace-delete/put-rid-exception)', async () => {
    expect((await send('PUT', items('places', 'new'), created)).status).toBe(404)
    for (const tag of ['"xyz"', '*']) {
      const guarded = await send('PUT', items('places', 'new'), created, { 'if-match': tag })
      expect(guarded.status).toBe(412)
    }
    expect((await all()).numberReturned).toBe(3)
  })

  it('is judged by the schema', async () => {
    const refused = await send('PUT', items('places', 'near'), feature(null, point(1, 2), { x: 1 }))
    expect([refused.status, refused.body['parameter']]).toEqual([400, 'properties.x'])
    expect((await read('near'))!.properties!['name']).toBe('NEAR')
  })
})

describe('PATCH (RFC 7396)', () => {
  it('changes what it names, unsets what is null, and keeps the rest', async () => {
    const patch = {
      id: 'other',
      geometry: point(6, 7),
      properties: { name: 'Changed', height: null, tags: { more: true } },
    }
    const { status, headers } = await send('PATCH', items('places', 'near'), patch)
    expect(status).toBe(204)
    expect(headers.get('etag')).toBe(await etagOf('near'))
    expect(await read('near')).toEqual(
      feature('near', point(6, 7), {
        ...{ name: 'Changed', height: null, floors: 2, listed: true, built: '2001-02-03' },
        tags: { any: [1], more: true },
      }),
    )
  })

  it('may come as GeoJSON, and be empty', async () => {
    const type = { 'content-type': GEOJSON }
    expect((await send('PATCH', items('places', 'near'), {}, type)).status).toBe(204)
    expect((await read('near'))!.properties!['name']).toBe('NEAR')
  })

  it.each([
    [{ properties: { name: 7 } }, 'properties.name'],
    [{ properties: { x: 1 } }, 'properties.x'],
    [{ properties: 7 }, 'properties'],
    [{ geometry: null }, 'geometry'],
    [{ geometry: square(0, 0) }, 'geometry.type'],
    [{ type: 'Thing' }, 'type'],
    [{ crs: crsNamed('urn:ogc:def:crs:EPSG::3857') }, 'crs'],
    [[], 'body'],
  ])('is refused: %j', async (patch, parameter) => {
    const refused = await send('PATCH', items('places', 'near'), patch)
    expect([refused.status, refused.body['parameter']]).toEqual([400, parameter])
  })

  it('loses nobody’s change when several come at once', async () => {
    const patches = [{ name: 'Two' }, { height: 9 }, { floors: 9 }]
    const answers = await Promise.all(
      patches.map((each) => send('PATCH', items('places', 'near'), { properties: each })),
    )
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204])
    expect((await read('near'))!.properties).toMatchObject({ name: 'Two', height: 9, floors: 9 })
  })
})

describe('DELETE', () => {
  it('removes a feature', async () => {
    const { status, headers } = await send('DELETE', items('places', 'near'))
    expect([status, headers.get('etag')]).toEqual([204, null])
    expect(await read('near')).toBeNull()
    expect((await send('DELETE', items('places', 'near'))).status).toBe(404)
    expect(idsOf(await all())).toEqual(['edge', 'far'])
  })
})

describe('If-Match (/req/optimistic-locking-etags)', () => {
  const bodies: [method: string, body: unknown][] = [
    ['PUT', created],
    ['PATCH', { properties: { name: 'Changed' } }],
    ['DELETE', undefined],
  ]

  it.each(bodies)('guards %s', async (method, body) => {
    const etag = await etagOf('near')
    expect(etag).toMatch(/^"[\w-]{22}\.[\w-]{8}"$/)
    const guarded = (tags: string) =>
      send(method, items('places', 'near'), body, { 'if-match': tags })
    const before = await read('near')
    expect((await guarded('"0"')).status).toBe(412)
    // Weak ones are never the same (RFC 9110 §13.1.1).
    expect((await guarded(`W/${etag}`)).status).toBe(412)
    const malformed = await guarded('0')
    expect([malformed.status, malformed.body['parameter']]).toEqual([400, 'If-Match'])
    expect(await read('near')).toEqual(before)
    const done = await guarded(`"0", ${etag}`)
    expect(done.status).toBe(204)
    if (method !== 'DELETE') expect(done.headers.get('etag')).not.toBe(etag)
    expect((await guarded(etag)).status).toBe(method === 'DELETE' ? 404 : 412)
  })

  it('takes a tag of any representation of the feature', async () => {
    const { headers } = await fetch(`${items('places', 'near')}?fields=name`, {
      headers: bearer(owner),
    })
    const etag = headers.get('etag')!
    expect(etag).not.toBe(await etagOf('near'))
    const put = await send('PUT', items('places', 'near'), created, { 'if-match': etag })
    expect(put.status).toBe(204)
  })

  it('takes a tag from before the attribution changed, which needs to be sent again', async () => {
    const etag = await etagOf('near')
    const fresh = () =>
      fetch(items('places', 'near'), { headers: { ...bearer(owner), 'if-none-match': etag } })
    expect((await fresh()).status).toBe(304)
    await mapgate(server, 'collections', 'change', 'places', '--attribution', 'Somebody else')
    const again = await vi.waitFor(async () => {
      const response = await fresh()
      expect(response.status).toBe(200)
      return response
    })
    expect(await again.json()).toMatchObject({ attribution: 'Somebody else' })
    const patch = { properties: { name: 'Changed' } }
    const done = await send('PATCH', items('places', 'near'), patch, { 'if-match': etag })
    expect(done.status).toBe(204)
  })

  it.each(bodies)('guards %s by If-None-Match too (RFC 9110 §13.1.2)', async (method, body) => {
    const etag = await etagOf('near')
    const before = await read('near')
    const guarded = (tags: string) =>
      send(method, items('places', 'near'), body, { 'if-none-match': tags })
    for (const tags of ['*', etag, `"0", W/${etag}`]) {
      expect((await guarded(tags)).status).toBe(412)
    }
    const malformed = await guarded('0')
    expect([malformed.status, malformed.body['parameter']]).toEqual([400, 'If-None-Match'])
    expect(await read('near')).toEqual(before)
    expect((await guarded('"0"')).status).toBe(204)
  })

  it('lets one of two writers win', async () => {
    const etag = await etagOf('near')
    const statuses = await Promise.all(
      ['One', 'Two'].map(async (name) => {
        const patch = { properties: { name } }
        return (await send('PATCH', items('places', 'near'), patch, { 'if-match': etag })).status
      }),
    )
    expect(statuses.toSorted((one, other) => one - other)).toEqual([204, 412])
    expect(
      (await send('DELETE', items('places', 'near'), undefined, { 'if-match': '*' })).status,
    ).toBe(204)
  })
})

describe('who may write', () => {
  const everything: [method: string, url: () => string, body: unknown][] = [
    ['POST', () => items(), created],
    ['PUT', () => items('places', 'near'), created],
    ['PATCH', () => items('places', 'near'), { properties: { name: 'X' } }],
    ['DELETE', () => items('places', 'near'), undefined],
  ]

  it.each(everything)(
    '%s needs a token in the header, with the scope',
    async (method, url, body) => {
      const before = await all()
      const type = method === 'PATCH' ? MERGE_PATCH : GEOJSON
      const init = {
        method,
        ...(body !== undefined && {
          body: JSON.stringify(body),
          headers: { 'content-type': type },
        }),
      }
      expect((await fetch(url(), init)).status).toBe(401)
      expect((await fetch(`${url()}?access_token=${owner}`, init)).status).toBe(401)
      const lacking = await send(method, url(), body, {}, reader)
      expect(lacking.status).toBe(403)
      expect(lacking.headers.get('www-authenticate')).toContain('insufficient_scope')
      // Of another customer: the collection is not there.
      expect((await send(method, url(), body, {}, stranger)).status).toBe(404)
      expect((await all()).features).toEqual(before.features)
    },
  )

  it.each(everything)('%s takes no parameter in the query', async (method, url, body) => {
    const before = await all()
    for (const query of ['dry_run=true', 'f=json&dry_run=1', 'dry_run=']) {
      const refused = await send(method, `${url()}?${query}`, body)
      const [[parameter]] = [...new URLSearchParams(query)] as [[string, string]]
      expect([refused.status, refused.body['parameter']]).toEqual([400, parameter])
    }
    // Before the body, of which it may say what to do.
    const broken = await send(method, `${url()}?dry_run=true`, '{')
    expect([broken.status, broken.body['parameter']]).toEqual([400, 'dry_run'])
    expect((await all()).features).toEqual(before.features)
  })

  it('is refused where one may read only', async () => {
    for (const [method, id] of [['POST'], ['PUT', 'a'], ['PATCH', 'a'], ['DELETE', 'a']] as const) {
      const body = method === 'DELETE' ? undefined : feature(null, point(1, 1))
      expect((await send(method, items('known', id), body, {}, stranger)).status).toBe(403)
    }
    expect((await send('POST', items('none'), created)).status).toBe(404)
  })

  it('is bound to the area: old place and new', async () => {
    const put = (id: string, longitude: number, latitude: number) =>
      send('PUT', items('places', id), feature(null, point(longitude, latitude)), {}, limited)
    expect(idsOf(await all(limited))).toEqual(['near', 'edge'])
    // What is not seen is not there.
    expect((await put('far', 5, 5)).status).toBe(404)
    const any = { 'if-match': '*' }
    expect((await send('PUT', items('places', 'far'), created, any, limited)).status).toBe(412)
    expect((await send('DELETE', items('places', 'far'), undefined, {}, limited)).status).toBe(404)
    const patch = { properties: { name: 'X' } }
    expect((await send('PATCH', items('places', 'far'), patch, {}, limited)).status).toBe(404)
    // What is seen must not leave, and nothing is created outside.
    expect((await put('near', 11, 5)).status).toBe(403)
    const outside = { ...created, geometry: point(11, 11) }
    expect((await send('POST', items(), outside, {}, limited)).status).toBe(403)
    const batch: FeatureCollection = { type: 'FeatureCollection', features: [created, outside] }
    const refused = await send(
      'POST',
      items(),
      { ...batch, features: [created, { ...outside, id: 'x' }] },
      {},
      limited,
    )
    expect([refused.status, refused.body['parameter']]).toEqual([403, 'features[1]'])
    expect(await read('new')).toBeNull()
    // The boundary belongs to it.
    expect((await put('near', 10, 10)).status).toBe(204)
    expect((await send('POST', items(), created, {}, limited)).status).toBe(201)
  })

  it('tells nothing of the ids of what is not seen', async () => {
    const before = idsOf(await all())
    const outside = feature(null, point(50, 50), properties)
    for (const id of ['far', 'nobody']) {
      const single = await send('POST', items(), { ...created, id }, {}, limited)
      expect(single.status).toBe(201)
      const [{ id: made }] = single.body['features'] as [{ id: string }]
      expect(made).toMatch(/^[0-9a-f]{24}$/)
      expect((await send('DELETE', items('places', made), undefined, {}, limited)).status).toBe(204)
      const features = [{ ...created, id }, outside]
      const batch = { type: 'FeatureCollection', features }
      const refused = await send('POST', items(), batch, {}, limited)
      expect([refused.status, refused.body['parameter']]).toEqual([403, 'features[1]'])
    }
    expect(idsOf(await all())).toEqual(before)
  })

  it('is refused for what is seen and reaches beyond the area', async () => {
    const half = feature('half', square(9, 9, 2), { name: 'Half' })
    expect((await send('POST', items('zones'), half)).status).toBe(201)
    expect(await read('half', limited, 'zones')).not.toBeNull()
    const inside = feature(null, square(5, 5), { name: 'Half' })
    expect((await send('PUT', items('zones', 'half'), inside, {}, limited)).status).toBe(403)
    expect((await send('DELETE', items('zones', 'half'), undefined, {}, limited)).status).toBe(403)
    expect((await send('POST', items('zones'), { ...half, id: 'other' }, {}, limited)).status).toBe(
      403,
    )
    expect((await send('DELETE', items('zones', 'half'))).status).toBe(204)
  })
})
