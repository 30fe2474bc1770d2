import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { VectorTile } from '@mapbox/vector-tile'
import type { Feature, Point, Polygon } from 'geojson'
import { PbfReader } from 'pbf'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { jstsIntersects } from '../support/jsts.ts'
import { mapgate, startSampleServer, temporaryFolder } from '../support/server.ts'
import { generous, withConfig } from './config-file.ts'
import { bearer, createClient, type Credentials, demoClient, getToken } from './requests.ts'

const MADISON: Polygon = boxArea(-89.56, 43.0, -89.25, 43.17)

function boxArea(west: number, south: number, east: number, north: number): Polygon {
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ]
  return { type: 'Polygon', coordinates: [ring] }
}

let server: Awaited<ReturnType<typeof startSampleServer>>
let folder: string
let token: string
let city: Credentials
let cityToken: string

beforeAll(async () => {
  server = await startSampleServer({ environment: withConfig(generous) })
  folder = temporaryFolder()
  token = await getToken(server, demoClient(server))
  city = await createClient(server)
  await limit(city.clientId, MADISON)
  cityToken = await getToken(server, city)
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

async function areaFile(area: Polygon): Promise<string> {
  const file = join(folder, 'area.geojson')
  await writeFile(file, JSON.stringify(area))
  return file
}

async function limit(clientId: string, area: Polygon | null): Promise<void> {
  const value = area ? await areaFile(area) : ''
  await mapgate(server, 'clients', 'change', clientId, '--area', value)
}

function get(path: string, by: string | null = token, headers: Record<string, string> = {}) {
  return fetch(`${server.url}/maps${path}`, { headers: { ...(by && bearer(by)), ...headers } })
}

async function json(path: string, by: string | null = token): Promise<Body> {
  const answer = await get(path, by)
  expect(answer.status, path).toBe(200)
  return (await answer.json()) as Body
}

/** Of what these tests look at in answers. */
interface Body extends Record<string, unknown> {
  bounds: number[]
  conformsTo: string[]
  features: Feature<Point>[]
  json: string
  layers: Record<string, unknown>[]
  links: Link[]
  tileMatrices: unknown[]
  tiles: string[]
  tilesets: { links: Link[] }[]
}

interface Link {
  rel: string
  href: string
  templated?: boolean
}

const linkOf = ({ links }: { links: Link[] }, rel: string): Link =>
  links.find((link) => link.rel === rel)!

interface Place {
  id: number
  name: string
  position: number[]
}

async function placesIn(answer: Response, z: number, x: number, y: number): Promise<Place[]> {
  if (answer.status === 204) return []
  expect(answer.status).toBe(200)
  const tile = new VectorTile(new PbfReader(new Uint8Array(await answer.arrayBuffer())))
  const [layer] = Object.values(tile.layers)
  return Array.from({ length: layer!.length }, (_, index) => {
    const feature = layer!.feature(index)
    const { geometry } = feature.toGeoJSON(x, y, z) as Feature<Point>
    return {
      id: feature.id!,
      name: String(feature.properties['name']),
      position: geometry.coordinates,
    }
  })
}

/** Around Madison, Wisconsin. */
const [z, x, y] = [8, 64, 93]
const TILE = `/tiles/places/${z}/${x}/${y}.pbf`
const OGC_TILE = `/collections/places/tiles/WebMercatorQuad/${z}/${y}/${x}`

const around = (tile: { z: number; x: number; y: number }) => {
  const longitude = (column: number) => (column / 2 ** tile.z) * 360 - 180
  const latitude = (row: number) =>
    (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / 2 ** tile.z))) * 180) / Math.PI
  return boxArea(longitude(tile.x), latitude(tile.y + 1), longitude(tile.x + 1), latitude(tile.y))
}

async function storedPlaces(area: Polygon, by = token): Promise<Feature<Point>[]> {
  const [southWest, , northEast] = area.coordinates[0]!
  const bbox = [...southWest!, ...northEast!].join()
  const { features } = await json(`/collections/places/items?limit=10000&bbox=${bbox}`, by)
  return features
}

const filled = (template: string, values: Record<string, number>): string =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name]))

const nameOf = ({ properties }: Feature) => String(properties!['name'])

describe('a tile', () => {
  it('has the places that are in it', async () => {
    const drawn = await placesIn(await get(TILE), z, x, y)
    const stored = (await storedPlaces(around({ z, x, y }))).map(nameOf)
    expect(stored.length).toBeGreaterThan(50)
    const names = drawn.map(({ name }) => name)
    // Those that share a pixel with another one are left out.
    expect(names.length).toBeGreaterThan(0.8 * stored.length)
    const missing = stored.filter((name) => !names.includes(name))
    expect(missing.length).toBeLessThan(0.2 * stored.length)
    expect(drawn.every(({ id }) => Number.isSafeInteger(id))).toBe(true)
  })

  it('has the places of the area alone, and at the highest zoom each of them', async () => {
    const drawn = await placesIn(await get(TILE, cityToken), z, x, y)
    expect(drawn.length).toBeGreaterThan(1)
    const stored = await storedPlaces(MADISON)
    const names = stored.map(nameOf)
    expect(drawn.filter(({ name }) => !names.includes(name))).toEqual([])
    for (const place of stored) {
      expect(jstsIntersects(MADISON, place.geometry)).toBe(true)
      const [longitude, latitude] = place.geometry.coordinates as [number, number]
      const share = Math.asinh(Math.tan((latitude * Math.PI) / 180)) / Math.PI
      const column = Math.floor((longitude / 360 + 0.5) * 2 ** 24)
      const row = Math.floor(((1 - share) / 2) * 2 ** 24)
      const answer = await get(`/tiles/places/24/${column}/${row}.pbf`, cityToken)
      const found = await placesIn(answer, 24, column, row)
      expect(found.map(({ name }) => name)).toContain(nameOf(place))
    }
  })

  it('outside of the area is empty', async () => {
    const answer = await get('/tiles/places/8/130/88.pbf', cityToken)
    expect(answer.status).toBe(204)
    expect(await answer.text()).toBe('')
    expect((await get('/tiles/places/8/130/88.pbf')).status).toBe(200)
    expect((await get('/tiles/places/8/0/255.pbf')).status).toBe(204)
  })

  it('is the same by row and column', async () => {
    const [xyz, ogc] = await Promise.all([get(TILE), get(OGC_TILE)])
    expect(Buffer.from(await ogc.arrayBuffer()).equals(Buffer.from(await xyz.arrayBuffer()))).toBe(
      true,
    )
    expect(ogc.headers.get('content-type')).toBe('application/vnd.mapbox-vector-tile')
  })

  it('has the attributes that were asked for', async () => {
    const attributes = async (query: string) => {
      const answer = await get(`${TILE}${query}`)
      const tile = new VectorTile(new PbfReader(new Uint8Array(await answer.arrayBuffer())))
      return Object.keys(tile.layers['places']!.feature(0).properties)
    }
    expect(await attributes('')).toEqual(['name', 'country', 'admin1', 'admin2'])
    expect(await attributes('?fields=admin1,name')).toEqual(['name', 'admin1'])
    expect(await attributes('?fields=')).toEqual([])
  })

  it.each([0, 1, 2, 3, 4])('of zoom %i has 500 kB at most', async (zoom) => {
    // Europe.
    const [column, row] = [Math.floor(0.53 * 2 ** zoom), Math.floor(0.34 * 2 ** zoom)]
    const answer = await get(`/tiles/places/${zoom}/${column}/${row}.pbf`)
    expect(answer.headers.get('mapgate-thinned')).toBe('features')
    const { byteLength } = await answer.arrayBuffer()
    expect(byteLength).toBeLessThanOrEqual(500_000)
    expect(byteLength).toBeGreaterThan(50_000)
  })
})

describe('who may keep a tile', () => {
  it('a private cache that asks again, when a token was needed', async () => {
    const answer = await get(TILE)
    expect(answer.headers.get('cache-control')).toBe('private, no-cache')
    expect(answer.headers.get('vary')).toBe('Authorization, Accept-Encoding')
    const etag = answer.headers.get('etag')!
    const again = await get(TILE, token, { 'if-none-match': `"other", ${etag}` })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
    expect((await get(TILE, cityToken, { 'if-none-match': etag })).status).toBe(200)
  })

  it('any cache for a minute, when it is open and nobody called', async () => {
    const open = await get('/tiles/countries/2/2/1.pbf', null)
    expect(open.status).toBe(200)
    expect(open.headers.get('cache-control')).toBe('public, max-age=60')
    const known = await get('/tiles/countries/2/2/1.pbf')
    expect(known.headers.get('cache-control')).toBe('private, no-cache')
  })

  it('compressed for those who take that', async () => {
    const headers = { ...bearer(token), 'accept-encoding': 'identity' }
    const plain = await fetch(`${server.url}/maps${TILE}`, { headers })
    expect(plain.headers.get('content-encoding')).toBeNull()
    const bytes = Buffer.from(await plain.arrayBuffer())
    const packed = await fetch(`${server.url}/maps${TILE}`, {
      headers: { ...headers, 'accept-encoding': 'br;q=0, gzip' },
    })
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(Number(packed.headers.get('content-length'))).toBeLessThan(bytes.length)
    // `fetch` unpacks it.
    expect(Buffer.from(await packed.arrayBuffer()).equals(bytes)).toBe(true)
    expect(() => gunzipSync(bytes)).toThrow()
  })
})

describe('what tiles there are', () => {
  it('TileJSON says, cut to the area', async () => {
    const all = await json('/tiles/places/tilejson.json')
    expect(all).toMatchObject({
      tilejson: '3.0.0',
      name: 'Places',
      attribution: expect.stringContaining('GeoNames'),
      tiles: [`${server.url}/maps/tiles/places/{z}/{x}/{y}.pbf`],
      minzoom: 0,
      maxzoom: 24,
      vector_layers: [{ id: 'places', fields: { name: 'String', country: 'String' } }],
    })
    const { bounds } = await json('/tiles/places/tilejson.json', cityToken)
    expect(bounds).toEqual([-89.56, 43.0, -89.25, 43.17])
  })

  it('URLs have the token only when it came in one', async () => {
    const asked = `?access_token=${token}`
    const { tiles } = await json(`/tiles/places/tilejson.json${asked}`, null)
    expect(tiles).toEqual([`${server.url}/maps/tiles/places/{z}/{x}/{y}.pbf${asked}`])
    const url = filled(tiles[0]!, { z, x, y })
    expect((await fetch(url)).status).toBe(200)
    const style = await json(`/tiles/places/style.json${asked}`, null)
    expect(style['sources']).toEqual({
      places: { type: 'vector', url: `${server.url}/maps/tiles/places/tilejson.json${asked}` },
    })
    for (const path of ['tilejson', 'style', 'metadata']) {
      expect(JSON.stringify(await json(`/tiles/places/${path}.json`))).not.toContain('access_token')
    }
    const { tiles: some } = await json('/tiles/places/tilejson.json?fields=name')
    expect(some[0]).toBe(`${server.url}/maps/tiles/places/{z}/{x}/{y}.pbf?fields=name`)
  })

  it('a style shows each kind of geometry', async () => {
    const layers = async (id: string) =>
      (await json(`/tiles/${id}/style.json`)).layers.map((layer) =>
        [layer['type'], layer['source-layer']].join(' '),
      )
    expect(await layers('places')).toEqual(['circle places'])
    expect(await layers('countries')).toEqual(['fill countries', 'line countries'])
    expect(await layers('sequences')).toEqual(['line sequences'])
  })

  it('metadata.json says what GDAL asks', async () => {
    const metadata = await json('/tiles/places/metadata.json')
    expect(metadata).toMatchObject({ format: 'pbf', minzoom: '0', maxzoom: '24' })
    const { vector_layers: layers } = JSON.parse(metadata.json) as { vector_layers: unknown[] }
    expect(layers[0]).toMatchObject({ id: 'places', fields: { name: 'String' } })
  })

  it('OGC API - Tiles says (20-057)', async () => {
    const { conformsTo } = await json('/conformance', null)
    for (const name of ['core', 'tileset', 'tilesets-list', 'geodata-tilesets', 'mvt']) {
      expect(conformsTo).toContain(`http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/${name}`)
    }
    const collection = await json('/collections/places')
    const link = linkOf(collection, 'http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector')
    expect(link.href).toBe(`${server.url}/maps/collections/places/tiles`)

    const { tilesets } = await json('/collections/places/tiles')
    expect(tilesets).toHaveLength(1)
    expect(tilesets[0]).toMatchObject({ dataType: 'vector', tileMatrixSetId: 'WebMercatorQuad' })
    const self = linkOf(tilesets[0]!, 'self')
    const tileset = await json(self.href.slice(`${server.url}/maps`.length))
    expect(tileset.layers[0]).toMatchObject({ id: 'places', geometryDimension: 0 })
    expect(tileset['boundingBox']).toMatchObject({ lowerLeft: expect.anything() })
    // 20-057, /req/core/tc-error: beyond limits that are told, an empty tile would be an error.
    expect(tileset).not.toHaveProperty('tileMatrixSetLimits')
    const item = linkOf(tileset, 'item')
    expect(item.templated).toBe(true)
    const url = filled(item.href, { tileMatrix: z, tileRow: y, tileCol: x })
    expect((await fetch(url, { headers: bearer(token) })).status).toBe(200)

    const sets = await json('/tileMatrixSets', null)
    expect(sets['tileMatrixSets']).toMatchObject([{ id: 'WebMercatorQuad' }])
    const set = await json('/tileMatrixSets/WebMercatorQuad', null)
    expect(set.tileMatrices[24]).toMatchObject({ id: '24', matrixWidth: 2 ** 24 })
  })
})

describe('bad input', () => {
  it.each([
    ['/tiles/places/31/0/0.pbf', 400, 'z'],
    ['/tiles/places/-1/0/0.pbf', 400, 'z'],
    ['/tiles/places/1.5/0/0.pbf', 400, 'z'],
    ['/tiles/places/3/8/0.pbf', 400, 'x'],
    ['/tiles/places/3/0/-1.pbf', 400, 'y'],
    ['/tiles/places/3/0/a.pbf', 400, 'y'],
    ['/collections/places/tiles/WebMercatorQuad/3/8/0', 400, 'tileRow'],
    ['/collections/places/tiles/WebMercatorQuad/3/0/8', 400, 'tileCol'],
    ['/collections/places/tiles/WebMercatorQuad/25/0/0', 400, 'tileMatrix'],
    [`${TILE}?fields=nothing`, 400, 'fields'],
    [`${TILE}?colour=red`, 400, 'colour'],
    [`${TILE}?f=png`, 400, 'f'],
    ['/tiles/places/tilejson.json?fields=nothing', 400, 'fields'],
  ])('%s is %i and names %s', async (path, status, parameter) => {
    const answer = await get(path)
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ status, parameter })
  })

  it.each([
    '/collections/places/tiles/WorldCRS84Quad',
    '/collections/places/tiles/WorldCRS84Quad/0/0/0',
    '/tileMatrixSets/WorldCRS84Quad',
    '/tiles/nothing/0/0/0.pbf',
    '/tiles/nothing/tilejson.json',
    '/collections/nothing/tiles',
    '/tiles/places/0/0/0.png',
  ])('%s is 404', async (path) => {
    expect((await get(path)).status).toBe(404)
  })

  it('without a token, what is not open and what is not there are the same', async () => {
    for (const id of ['places', 'nothing']) {
      const answer = await get(`/tiles/${id}/0/0/0.pbf`, null)
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toContain('Bearer')
      expect((await get(`/tiles/${id}/tilejson.json`, null)).status).toBe(401)
    }
  })
})

describe('at once', () => {
  const within = { timeout: 5_000, interval: 20 }

  it('an area that changes counts, for tiles that were drawn before', async () => {
    const client = await createClient(server)
    const by = await getToken(server, client)
    const count = async () => (await placesIn(await get(TILE, by), z, x, y)).length
    const all = await count()
    await limit(client.clientId, MADISON)
    await vi.waitFor(async () => expect(await count()).toBeLessThan(all), within)
    const inMadison = await count()
    expect(inMadison).toBeGreaterThan(0)
    await limit(client.clientId, boxArea(-89.56, 43.0, -89.555, 43.005))
    await vi.waitFor(async () => expect(await count()).toBe(0), within)
    await limit(client.clientId, null)
    await vi.waitFor(async () => expect(await count()).toBe(all), within)
  })

  it('a subscription begins and ends', async () => {
    await mapgate(server, 'customers', 'create', 'Other', '--id', 'other')
    const client = await createClient(server, '--customer', 'other')
    const by = await getToken(server, client)
    const path = '/tiles/counties/6/16/23.pbf'
    const status = async () => (await get(path, by)).status
    expect(await status()).toBe(404)
    const subscription = await mapgate<{ id: string }>(
      server,
      ...['subscriptions', 'create', '--customer', 'other', '--collection', 'counties'],
    )
    await vi.waitFor(async () => expect(await status()).toBe(200), within)
    const whole = await (await get(path, by)).arrayBuffer()
    const file = await areaFile(MADISON)
    await mapgate(server, 'subscriptions', 'change', subscription.id, '--area', file)
    const size = async () => (await (await get(path, by)).arrayBuffer()).byteLength
    await vi.waitFor(async () => expect(await size()).toBeLessThan(whole.byteLength), within)
    await mapgate(server, 'subscriptions', 'end', subscription.id)
    await vi.waitFor(async () => expect(await status()).toBe(404), within)
  })
})
