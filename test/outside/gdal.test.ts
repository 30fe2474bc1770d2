import { readFileSync } from 'node:fs'
import type { FeatureCollection, Feature, Polygon } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generous, withConfig } from '../conformance/config-file.ts'
import { bearer, type Credentials, demoClient, getToken } from '../conformance/requests.ts'
import { jstsIntersects } from '../support/jsts.ts'
import { startSampleServer } from '../support/server.ts'
import { runProgram } from './programs.ts'

/** GDAL, of which nothing is changed, as its users call it. Debian packages it as `gdal-bin`. */

const MADISON = (
  JSON.parse(
    readFileSync(new URL('../../examples/madison.geojson', import.meta.url), 'utf8'),
  ) as Feature<Polygon>
).geometry

let server: Awaited<ReturnType<typeof startSampleServer>>
/** Sees what is open or public. */
let token: string
/** Sees Madison alone. */
let cityToken: string

beforeAll(async () => {
  server = await startSampleServer({ environment: withConfig(generous) })
  token = await getToken(server, demoClient(server))
  cityToken = await getToken(server, cityGov())
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

function cityGov(): Credentials {
  const { citygov_client_id, citygov_client_secret } = server.sample
  return { clientId: citygov_client_id, secret: citygov_client_secret }
}

/** How a token gets to the server: an environment and what the address ends in. */
const WAYS = {
  header: (text: string) => ({
    environment: { GDAL_HTTP_HEADERS: `Authorization: Bearer ${text}` },
    query: '',
  }),
  query: (text: string) => ({ environment: {}, query: `?access_token=${text}` }),
} as const
type Way = keyof typeof WAYS

const PROXYLESS = { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }

/** @returns what it printed; its warnings and errors must be none */
async function gdal(program: 'ogrinfo' | 'ogr2ogr', way: Way, text: string, rest: string[]) {
  const { environment, query } = WAYS[way](text)
  const args = rest.map((each) => each.replace(/^(OAPIF|MVT):.*/, `$&${query}`))
  const ended = await runProgram(program, args, { ...environment, ...PROXYLESS })
  expect({ ...ended, stdout: '' }).toEqual({ code: 0, stdout: '', stderr: '' })
  return ended.stdout
}

const features = () => `OAPIF:${server.url}/maps`

/** What of a layer arrives, as GeoJSON. */
async function read(way: Way, text: string, collection: string, ...options: string[]) {
  const written = ['-f', 'GeoJSON', '/vsistdout/']
  const output = await gdal('ogr2ogr', way, text, [...written, features(), collection, ...options])
  return (JSON.parse(output) as FeatureCollection).features
}

async function get<Body>(path: string, text: string): Promise<Body> {
  const response = await fetch(`${server.url}${path}`, { headers: bearer(text) })
  expect(response.status).toBe(200)
  return (await response.json()) as Body
}

const countOf = async (collection: string, text: string) =>
  (await get<{ featureCount: number }>(`/maps/collections/${collection}`, text)).featureCount

/** The lines `name: type` of a layer. */
function fieldsOf(info: string): Record<string, string> {
  const lines = info.split(/^Data axis.*$/m)[1]!.matchAll(/^(\w+): (\S+) \(/gm)
  return Object.fromEntries([...lines].map(([, name, type]) => [name!, type!]))
}

describe.each(['header', 'query'] as const)('OAPIF with the token in the %s', (way) => {
  it('lists the collections', async () => {
    const listed = await gdal('ogrinfo', way, token, ['-ro', '-q', features()])
    const layers = [...listed.matchAll(/^\d+: (\w+) /gm)].map(([, id]) => id)
    expect(layers).toEqual(['countries', 'images', 'places', 'sequences'])
  })

  it('knows the types of all fields, and the count', async () => {
    const info = await gdal('ogrinfo', way, token, ['-ro', '-so', features(), 'images'])
    expect(fieldsOf(info)).toEqual({
      id: 'String',
      synthetic: 'Integer(Boolean)',
      sequence_id: 'String',
      captured_at: expect.stringMatching(/^Integer(64)?$/) as string,
      compass_angle: 'Real',
      altitude: 'Real',
      camera_type: 'String',
      is_pano: 'Integer(Boolean)',
      width: expect.stringMatching(/^Integer(64)?$/) as string,
      height: expect.stringMatching(/^Integer(64)?$/) as string,
      make: 'String',
      model: 'String',
      creator: 'String(JSON)',
      detections: 'String(JSON)',
    })
    expect(info).toContain(`Feature Count: ${await countOf('images', token)}\n`)
  })

  it('pages through a collection with its own page of 10', async () => {
    const images = await read(way, token, 'images')
    expect(images).toHaveLength(await countOf('images', token))
    expect(new Set(images.map(({ properties }) => properties!['id'] as string)).size).toBe(
      images.length,
    )
  })

  it('cuts a box out', async () => {
    const box = [-90, 42.9, -89, 43.3]
    const found = await read(way, token, 'places', '-spat', ...box.map(String))
    const { features: expected } = await get<FeatureCollection>(
      `/maps/collections/places/items?limit=1000&bbox=${box.join()}`,
      token,
    )
    expect(expected.length).toBeGreaterThan(20)
    expect(found.map(({ properties }) => properties!['id'] as string).toSorted()).toEqual(
      expected.map(({ id }) => String(id)).toSorted(),
    )
  })

  it('sees with CityGov’s token what is in Madison, and nothing else', async () => {
    const places = await read(way, cityToken, 'places')
    const { features: around } = await get<FeatureCollection>(
      '/maps/collections/places/items?limit=1000&bbox=-90.5,42.5,-88.5,43.8',
      token,
    )
    const expected = around.filter(({ geometry }) => jstsIntersects(MADISON, geometry))
    expect(expected.length).toBeGreaterThan(3)
    expect(places.map(({ properties }) => properties!['id'] as string).toSorted()).toEqual(
      expected.map(({ id }) => String(id)).toSorted(),
    )
    const [dane, ...others] = await read(way, cityToken, 'counties')
    expect(dane!.properties).toEqual({ id: '55025', name: 'Dane', state: 'Wisconsin' })
    expect(others).toEqual([])
  })
})

it('OAPIF pages through all places', async () => {
  const places = await read('header', token, 'places', '-oo', 'PAGE_SIZE=1000')
  expect(places).toHaveLength(await countOf('places', token))
  expect(new Set(places.map(({ properties }) => properties!['id'] as string)).size).toBe(
    places.length,
  )
})

it('OAPIF with a wrong token is refused', async () => {
  const { code, stdout, stderr } = await runProgram('ogrinfo', ['-ro', features()], {
    GDAL_HTTP_HEADERS: 'Authorization: Bearer wrong',
    ...PROXYLESS,
  })
  expect(code).not.toBe(0)
  expect(stdout + stderr).toContain('401')
})

describe.each(['header', 'query'] as const)('MVT with the token in the %s', (way) => {
  // Madison at zoom 10.
  const tile = () => `MVT:${server.url}/maps/tiles/places/10/257/375.pbf`
  const named = (info: string) =>
    [...info.matchAll(/^ {2}name \(String\) = (.*)$/gm)].map(([, name]) => name!)

  it('reads a single tile', async () => {
    const all = named(await gdal('ogrinfo', way, token, ['-ro', '-al', tile()]))
    const city = named(await gdal('ogrinfo', way, cityToken, ['-ro', '-al', tile()]))
    expect(all).toContain('Madison')
    expect(all).toContain('Waunakee')
    expect(city).toContain('Madison')
    expect(city).not.toContain('Waunakee')
  })
})

it('MVT reads a zoom of tiles', async () => {
  const zoom = `MVT:${server.url}/maps/tiles/images/3`
  const info = await gdal('ogrinfo', 'header', token, ['-ro', '-so', '-al', zoom])
  expect(info).toContain('Layer name: images')
  expect(info).toMatch(/Feature Count: [1-9]/)
})
