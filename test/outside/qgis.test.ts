import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FeatureCollection } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generous, withConfig } from '../conformance/config-file.ts'
import { bearer, demoClient, getToken } from '../conformance/requests.ts'
import { startSampleServer, temporaryFolder } from '../support/server.ts'
import { PYTHON, runProgram } from './programs.ts'

/** QGIS, of which nothing is changed; Debian packages it as `python3-qgis` and `qgis-providers`. */

const SCRIPT = fileURLToPath(new URL('./qgis_script.py', import.meta.url))

/** For the settings and the cache of QGIS. */
const home = temporaryFolder()
let server: Awaited<ReturnType<typeof startSampleServer>>
/** Sees what is open or public. */
let token: string
/** Sees Madison alone. */
let cityToken: string
/** null: QGIS is there; otherwise why nothing can be tried. */
let hindrance: string | null

beforeAll(async () => {
  const { code, stderr } = await runProgram(PYTHON, ['-c', 'import qgis.core'])
  hindrance = code === 0 ? null : `QGIS cannot be loaded: ${stderr.trim().split('\n').at(-1)}`
  if (hindrance !== null) return console.warn(`Skipped: ${hindrance}`)
  server = await startSampleServer({ environment: withConfig(generous) })
  token = await getToken(server, demoClient(server))
  const { citygov_client_id: clientId, citygov_client_secret: secret } = server.sample
  cityToken = await getToken(server, { clientId, secret })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  rmSync(home, { recursive: true, force: true })
})

type Way = 'header' | 'query'

async function qgis<Answer>(way: Way, text: string | null, args: string[]): Promise<Answer> {
  const { code, stdout, stderr } = await runProgram(PYTHON, [SCRIPT, ...args], {
    HOME: home,
    NO_PROXY: '127.0.0.1',
    QT_QPA_PLATFORM: 'offscreen',
    ...(way === 'header' && text !== null && { TOKEN: text }),
  })
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Answer
}

const queryOf = (way: Way, text: string | null) =>
  way === 'query' && text !== null ? `?access_token=${text}` : ''

interface Layer {
  valid: boolean
  ids: string[]
  count: number
  fields: Record<string, string>
  /** How many features each page was to have, the first to learn the schema from. */
  limits: number[]
}

/** Adds a layer of features, and reads it to its end. */
async function read(way: Way, text: string | null, ...options: string[]): Promise<Layer> {
  const address = `${server.url}/maps${queryOf(way, text)}`
  const args = ['features', address, ...options]
  const answer = await qgis<Layer & { asked: string[] }>(way, text, args)
  const pages = answer.asked
    .map((url) => new URL(url))
    .filter((url) => url.pathname.endsWith('/items'))
  return { ...answer, limits: pages.map(({ searchParams }) => Number(searchParams.get('limit'))) }
}

/** Draws the surroundings of Madison. @returns the number of pixels with a place */
async function draw(way: Way, text: string | null): Promise<number> {
  const template = `${server.url}/maps/tiles/places/{z}/{x}/{y}.pbf${queryOf(way, text)}`
  const { valid, red } = await qgis<{ valid: boolean; red: number }>(way, text, ['tiles', template])
  expect(valid).toBe(true)
  return red
}

async function get<Body>(path: string, text: string): Promise<Body> {
  const url = `${server.url}/maps/collections/${path}`
  const response = await fetch(url, { headers: bearer(text) })
  expect(response.status).toBe(200)
  return (await response.json()) as Body
}

async function idsOf(collection: string, text: string): Promise<string[]> {
  const { features } = await get<FeatureCollection>(`${collection}/items?limit=1000`, text)
  return features.map(({ id }) => String(id))
}

describe.each(['header', 'query'] as const)('QGIS with the token in the %s', (way) => {
  it('pages through a collection to its end', async ({ skip }) => {
    if (hindrance !== null) skip(hindrance)
    const { featureCount } = await get<{ featureCount: number }>('images', token)
    const layer = await read(way, token, 'images', '4')
    expect(layer.ids).toEqual(await idsOf('images', token))
    expect(layer.ids).toHaveLength(featureCount)
    expect(layer.count).toBe(featureCount)
    expect(layer.limits.filter((limit) => limit === 4).length).toBeGreaterThan(featureCount / 4)
    expect(layer.fields).toMatchObject({ id: 'String', is_pano: 'Boolean', altitude: 'Real' })
  })

  it('sees with CityGov’s token what is in Madison, and nothing else', async ({ skip }) => {
    if (hindrance !== null) skip(hindrance)
    const places = await read(way, cityToken, 'places')
    expect(places.ids.length).toBeGreaterThan(3)
    expect(places.ids).toEqual(await idsOf('places', cityToken))
    expect(places.count).toBe(places.ids.length)
    const counties = await read(way, cityToken, 'counties')
    expect(counties.ids).toEqual(['55025'])
  })

  it('draws tiles, and fewer of them with CityGov’s token', async ({ skip }) => {
    if (hindrance !== null) skip(hindrance)
    const city = await draw(way, cityToken)
    expect(city).toBeGreaterThan(0)
    expect(await draw(way, token)).toBeGreaterThan(city)
  })

  it('gets nothing with a wrong token', async ({ skip }) => {
    if (hindrance !== null) skip(hindrance)
    expect(await read(way, 'wrong', 'places')).toMatchObject({ valid: false })
    expect(await draw(way, 'wrong')).toBe(0)
  })
})

it('QGIS gets nothing without a token but what is open', async ({ skip }) => {
  if (hindrance !== null) skip(hindrance)
  expect(await read('header', null, 'places')).toMatchObject({ valid: false })
  expect(await draw('header', null)).toBe(0)
  const countries = await read('header', null, 'countries')
  expect(countries.ids).toHaveLength(241)
})

it('QGIS takes pages of 1,000 unless it is told otherwise', async ({ skip }) => {
  if (hindrance !== null) skip(hindrance)
  const { limits } = await read('query', token, 'countries')
  expect(limits).toContain(1000)
})
