import { fileURLToPath } from 'node:url'
import type { FeatureCollection } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generous, withConfig } from '../conformance/config-file.ts'
import { bearer, demoClient, getToken } from '../conformance/requests.ts'
import { startSampleServer } from '../support/server.ts'
import { PYTHON, runProgram } from './programs.ts'

/**
 * OWSLib, of which nothing is changed; Debian packages it as `python3-owslib`. Its headers are global,
 * so that each case has a process of its own.
 */

const SCRIPT = fileURLToPath(new URL('./owslib_script.py', import.meta.url))

let server: Awaited<ReturnType<typeof startSampleServer>>
let token: string
let cityToken: string

beforeAll(async () => {
  server = await startSampleServer({ environment: withConfig(generous) })
  token = await getToken(server, demoClient(server))
  const { citygov_client_id: clientId, citygov_client_secret: secret } = server.sample
  cityToken = await getToken(server, { clientId, secret })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

interface Answer {
  api_paths: string[]
  collections: string[]
  described: string
  pages: number
  ids: string[]
  item: object
  first: object
  in_box: string[]
  refused?: { status: number }
}

/** @param way `header` for the one, `query` for the other */
async function read(way: 'header' | 'query', text: string, collection: string, pageSize: number) {
  const base = `${server.url}/maps/`
  const address = way === 'query' ? `${base}?access_token=${text}` : base
  const { code, stdout, stderr } = await runProgram(
    PYTHON,
    [SCRIPT, address, collection, String(pageSize)],
    { NO_PROXY: '127.0.0.1', ...(way === 'header' && { TOKEN: text }) },
  )
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Answer
}

async function idsOf(path: string, text: string): Promise<string[]> {
  const response = await fetch(`${server.url}/maps/collections/${path}`, { headers: bearer(text) })
  expect(response.status).toBe(200)
  const { features } = (await response.json()) as FeatureCollection
  return features.map(({ id }) => String(id))
}

describe.each(['header', 'query'] as const)('OWSLib with the token in the %s', (way) => {
  it('reads collections, pages and single features', async () => {
    const answer = await read(way, token, 'images', 5)
    const ids = await idsOf('images/items?limit=1000', token)
    expect(answer).toMatchObject({
      collections: ['countries', 'images', 'places', 'sequences'],
      described: 'images',
      pages: Math.ceil(ids.length / 5),
      ids,
      api_paths: expect.arrayContaining(['/', '/collections/{collectionId}/items']) as string[],
      in_box: await idsOf('images/items?bbox=-89.45,43.05,-89.39,43.08&limit=1000', token),
    })
    expect(answer.in_box.length).toBeGreaterThan(0)
    expect(answer.in_box.length).toBeLessThan(ids.length)
    expect(answer.item).toEqual(answer.first)
  })

  it('sees with CityGov’s token the counties of its subscription, and places in Madison', async () => {
    const counties = await read(way, cityToken, 'counties', 100)
    expect(counties.collections).toEqual(['counties', 'countries', 'images', 'places'])
    expect(counties.ids).toEqual(['55025'])
    const places = await read(way, cityToken, 'places', 2)
    expect(places.ids).toEqual(await idsOf('places/items?limit=1000', cityToken))
    expect(places.pages).toBe(Math.ceil(places.ids.length / 2))
  })

  it('is refused with a wrong token', async () => {
    const answer = await read(way, 'wrong', 'places', 10)
    expect(answer.refused).toMatchObject({ status: 401 })
  })
})
