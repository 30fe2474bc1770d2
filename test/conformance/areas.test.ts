import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Feature, Point, Polygon } from 'geojson'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { jstsIntersects } from '../support/jsts.ts'
import { mapgate, startSampleServer, temporaryFolder } from '../support/server.ts'
import { asked, CALLBACK, redeem } from './authorization.ts'
import { generous, withConfig } from './config-file.ts'
import { authorizationUrl, authorize, createAccount, signIn } from './person.ts'
import {
  answerOf,
  bearer,
  createClient,
  type Credentials,
  demoClient,
  getToken,
  postForm,
} from './requests.ts'

/** A concave outline of Madison, Wisconsin, whose lake is left out. */
const MADISON: Polygon = {
  type: 'Polygon',
  coordinates: [
    [
      [-89.56, 43.0],
      [-89.25, 43.0],
      [-89.25, 43.17],
      [-89.4, 43.17],
      [-89.41, 43.11],
      [-89.56, 43.13],
      [-89.56, 43.0],
    ],
    [
      [-89.42, 43.085],
      [-89.4, 43.1],
      [-89.44, 43.1],
      [-89.42, 43.085],
    ],
  ],
}

/** The west half of the drive along State Street, and nothing of the other two. */
const WEST = boxArea(-89.42, 43.05, -89.39, 43.1)

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
/** Sees Madison alone. */
let city: Credentials
let cityToken: string
/** Sees all. */
let wholeToken: string
/** Of people, and for exchanges. */
let web: Credentials

async function limit(clientId: string, ...areas: Polygon[]): Promise<void> {
  const options: string[] = []
  for (const [index, area] of areas.entries()) {
    const file = join(folder, `area-${index}.geojson`)
    await writeFile(file, JSON.stringify({ type: 'Feature', properties: {}, geometry: area }))
    options.push('--area', file)
  }
  if (areas.length === 0) options.push('--area', '')
  await mapgate(server, 'clients', 'change', clientId, ...options)
}

beforeAll(async () => {
  server = await startSampleServer({ environment: withConfig(generous) })
  folder = temporaryFolder()
  city = await createClient(server)
  await limit(city.clientId, MADISON)
  cityToken = await getToken(server, city)
  wholeToken = await getToken(server, demoClient(server))
  web = await createClient(
    server,
    ...['--grant', 'authorization_code client_credentials token_exchange'],
    ...['--redirect-uri', CALLBACK],
  )
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

function get(path: string, token: string): Promise<{ status: number; body: Body }> {
  return answerOf(fetch(`${server.url}${path}`, { headers: bearer(token) })) as Promise<{
    status: number
    body: Body
  }>
}

/** Of what these tests look at in answers. */
interface Body extends Record<string, unknown> {
  collections: {
    id: string
    featureCount?: number
    extent: { spatial: { bbox: number[][] } }
  }[]
  featureCount: number
  features: Feature[]
  places: { id: string }[]
}

/** All pages of a list of features. */
async function featuresOf(path: string, token: string): Promise<Feature[]> {
  const features: Feature[] = []
  for (let next: string | undefined = `${server.url}/maps/collections/${path}`; next;) {
    const { status, body } = await answerOf(fetch(next, { headers: bearer(token) }))
    expect(status).toBe(200)
    features.push(...(body.features as Feature[]))
    next = (body.links as { rel: string; href: string }[]).find(({ rel }) => rel === 'next')?.href
  }
  return features
}

const AROUND = 'bbox=-90.5,42.5,-88.5,43.8'
const idsOf = (features: Feature[]) => features.map(({ id }) => id)

async function placesWithin(area: Polygon): Promise<Feature[]> {
  const around = await featuresOf(`places/items?${AROUND}&limit=1000`, wholeToken)
  return around.filter(({ geometry }) => jstsIntersects(area, geometry))
}

describe('a client limited to an area', () => {
  it('pages through what is in it, with a box and without', async () => {
    const inside = idsOf(await placesWithin(MADISON))
    expect(inside.length).toBeGreaterThan(3)
    for (const query of ['limit=2', 'limit=1000', `limit=2&${AROUND}`]) {
      expect(idsOf(await featuresOf(`places/items?${query}`, cityToken))).toEqual(inside)
    }
    const elsewhere = await get('/maps/collections/places/items?bbox=12,55,13,56', cityToken)
    expect(elsewhere).toMatchObject({ status: 200, body: { features: [], numberReturned: 0 } })
  })

  it('sees shapes whole that reach into it', async () => {
    const countries = await featuresOf('countries/items?limit=300', cityToken)
    expect(countries.map(({ properties }) => properties!['name'])).toEqual([
      'United States of America',
    ])
  })

  it('is told nothing of what is outside', async () => {
    const [inside] = await placesWithin(MADISON)
    const [outside] = await featuresOf('places/items?bbox=12,55,13,56&limit=1000', wholeToken)
    const path = (id: unknown) => `/maps/collections/places/items/${String(id)}`
    expect((await get(path(inside!.id), cityToken)).status).toBe(200)
    const refused = await get(path(outside!.id), cityToken)
    const unknown = await get(path('no-such-place'), cityToken)
    expect(refused.status).toBe(404)
    expect({ ...refused.body, detail: null }).toEqual({ ...unknown.body, detail: null })
    expect(refused.body.detail).toBe(
      String(unknown.body.detail).replace('no-such-place', String(outside!.id)),
    )
  })

  it('is told no count, and an extent within the box of its area', async () => {
    const { body } = await get('/maps/collections', cityToken)
    const { collections } = body
    expect(collections.map(({ id }) => id)).toEqual(['countries', 'images', 'places'])
    for (const collection of collections) {
      expect(collection.featureCount).toBeUndefined()
      const [west, south, east, north] = collection.extent.spatial.bbox[0] as [
        number,
        number,
        number,
        number,
      ]
      expect(west).toBeGreaterThanOrEqual(-89.56)
      expect(south).toBeGreaterThanOrEqual(43)
      expect(east).toBeLessThanOrEqual(-89.25)
      expect(north).toBeLessThanOrEqual(43.17)
    }
    const whole = await get('/maps/collections/places', wholeToken)
    expect(whole.body.featureCount).toBeGreaterThan(100_000)
  })

  it('finds the nearest of what is in it', async () => {
    const inside = idsOf(await placesWithin(MADISON))
    const { body } = await get(
      '/maps/collections/places/nearest?point=12.57,55.68&limit=100',
      cityToken,
    )
    expect(new Set(idsOf(body.features))).toEqual(new Set(inside))
  })

  it('sees the same through Mapiq', async () => {
    const inside = await placesWithin(MADISON)
    const list = await get('/mapiq/api/v2/places?limit=1000', cityToken)
    expect(list.body.places.map(({ id }) => id)).toEqual(idsOf(inside))
    const near = await get(
      '/mapiq/api/v2/places/nearest?latitude=55.68&longitude=12.57&limit=1',
      cityToken,
    )
    expect(idsOf(inside)).toContain(near.body.places[0]!.id)
    const [outside] = await featuresOf('places/items?bbox=12,55,13,56&limit=1000', wholeToken)
    const one = await get(`/mapiq/api/v2/places/${String(outside!.id)}`, cityToken)
    expect(one).toEqual({ status: 404, body: { statusCode: 404, message: 'Resource not found' } })
    const countries = await get('/mapiq/api/v2/countries', cityToken)
    expect(countries.body.countries).toEqual([{ id: '840', name: 'United States of America' }])
    expect((await get('/mapiq/api/v2/countries/208', cityToken)).status).toBe(404)
  })
})

describe('street images', () => {
  it('are seen one by one; detections and sequences follow them', async () => {
    const all = (await featuresOf('images/items?limit=1000', wholeToken)) as Feature<
      Point,
      { sequence_id: string }
    >[]
    const client = await createClient(server)
    await limit(client.clientId, WEST)
    const { clientToken } = await mapgate<{ clientToken: string }>(
      server,
      ...['client-token', 'show', '--client', client.clientId],
    )
    const read = (path: string) =>
      answerOf(
        fetch(`${server.url}/mapillary/graph${path}`, {
          headers: { authorization: `OAuth ${clientToken}` },
        }),
      )
    const listed = async (path: string) => {
      const { status, body } = await read(path)
      expect(status).toBe(200)
      return (body.data as { id: string }[]).map(({ id }) => id)
    }
    const seen = all.filter(({ geometry }) => jstsIntersects(WEST, geometry))
    const hidden = all.filter((image) => !seen.includes(image))
    const [sequence] = new Set(seen.map(({ properties }) => properties.sequence_id))
    const half = hidden.filter(({ properties }) => properties.sequence_id === sequence)
    expect([seen.length, half.length].every((count) => count > 2)).toBe(true)

    expect(await listed('/images?bbox=-89.42,43.05,-89.36,43.1')).toEqual(idsOf(seen))
    const named = [...seen.slice(0, 2), ...half.slice(0, 2)]
    expect(await listed(`/images?image_ids=${idsOf(named).join()}`)).toEqual(
      idsOf(seen.slice(0, 2)),
    )
    expect(new Set(await listed(`/image_ids?sequence_id=${sequence!}`))).toEqual(
      new Set(idsOf(seen)),
    )
    expect(await listed(`/images?sequence_ids=${sequence!}`)).toHaveLength(seen.length)
    expect((await listed(`/${String(seen[0]!.id)}/detections`)).length).toBeGreaterThan(0)
    const unknown = await read('/123456789')
    for (const path of [`/${String(half[0]!.id)}`, `/${String(half[0]!.id)}/detections`]) {
      const refused = await read(path)
      expect(refused.status).toBe(unknown.status)
      expect((refused.body.error as { code: number }).code).toBe(
        (unknown.body.error as { code: number }).code,
      )
    }
    const elsewhere = hidden.find(({ properties }) => properties.sequence_id !== sequence)!
    const other = await read(`/image_ids?sequence_id=${elsewhere.properties.sequence_id}`)
    expect(other.status).toBe(unknown.status)
    // A drive as a feature names images that are not seen.
    expect((await get('/maps/collections/sequences/items', cityToken)).status).toBe(404)
    expect((await get('/maps/collections/sequences/items', wholeToken)).status).toBe(200)
    // Not in a tile either, though the area holds all of that.
    const [longitude, latitude] = seen[0]!.geometry.coordinates
    const column = Math.floor(((longitude! + 180) / 360) * 2 ** 18)
    const north = Math.asinh(Math.tan((latitude! * Math.PI) / 180)) / Math.PI
    const row = Math.floor(((1 - north) / 2) * 2 ** 18)
    for (const path of [
      `/maps/tiles/sequences/18/${column}/${row}.pbf`,
      `/maps/collections/sequences/tiles/WebMercatorQuad/18/${row}/${column}`,
    ]) {
      const statusOf = async (token: string) =>
        (await fetch(`${server.url}${path}`, { headers: bearer(token) })).status
      expect(await statusOf(cityToken)).toBe(404)
      expect(await statusOf(wholeToken)).toBe(200)
    }
  })
})

describe('authorization_details', () => {
  const details = (area?: Polygon, collections?: string[]) =>
    JSON.stringify([
      {
        type: 'map_data',
        actions: ['read'],
        ...(area && { area }),
        ...(collections && { collections }),
      },
    ])

  async function exchange(subject: string, text: string): Promise<string> {
    const { status, body } = await answerOf(
      postForm(`${server.url}/oauth2/token`, {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        client_id: web.clientId,
        client_secret: web.secret,
        subject_token: subject,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        authorization_details: text,
      }),
    )
    expect(status).toBe(200)
    return String(body.access_token)
  }

  it('that a person allowed limit the token, and each exchange limits it further', async () => {
    await createAccount(server, 'ann@demo.example')
    const ann = await signIn(server, 'ann@demo.example')
    const request = asked(web, { authorization_details: details(MADISON, ['places', 'images']) })
    const code = (await authorize(ann, authorizationUrl(server, request))).get('code')
    const { body } = await answerOf(redeem(server, web, code!))
    const token = String(body.access_token)
    const inside = await placesWithin(MADISON)
    expect(idsOf(await featuresOf('places/items', token))).toEqual(idsOf(inside))
    expect((await get('/maps/collections/countries', token)).status).toBe(404)

    const smaller = boxArea(-89.45, 42.9, -89.3, 43.3)
    const narrowed = await exchange(token, details(smaller))
    const both = inside.filter(({ geometry }) => jstsIntersects(smaller, geometry))
    expect(both.length).toBeGreaterThan(0)
    expect(both.length).toBeLessThan(inside.length)
    expect(idsOf(await featuresOf('places/items', narrowed))).toEqual(idsOf(both))
    const nothing = await exchange(narrowed, details(boxArea(12, 55, 13, 56)))
    expect(await featuresOf('places/items', nothing)).toEqual([])
    const gone = await exchange(narrowed, details(undefined, ['countries']))
    expect((await get('/maps/collections', gone)).body.collections).toEqual([])
  })

  it('add up within one request', async () => {
    const [east, west] = [boxArea(-89.45, 43, -89.25, 43.2), boxArea(-89.6, 43, -89.5, 43.2)]
    const text = JSON.stringify([...JSON.parse(details(east)), ...JSON.parse(details(west))])
    const token = await exchange(await getToken(server, web), text)
    const around = await featuresOf(`places/items?${AROUND}&limit=1000`, wholeToken)
    const expected = around.filter(({ geometry }) =>
      [east, west].some((area) => jstsIntersects(area, geometry)),
    )
    expect(idsOf(await featuresOf('places/items', token))).toEqual(idsOf(expected))
  })
})

it('an area that is changed or taken away counts at once, for tokens that are out too', async () => {
  const client = await createClient(server)
  const token = await getToken(server, client)
  const count = async () => (await featuresOf(`places/items?${AROUND}&limit=1000`, token)).length
  const all = await count()
  await limit(client.clientId, MADISON)
  const inMadison = (await placesWithin(MADISON)).length
  await vi.waitFor(async () => expect(await count()).toBe(inMadison), 1_000)
  await limit(client.clientId, MADISON, boxArea(12, 55, 13, 56))
  await vi.waitFor(async () => expect(await count()).toBe(0), 1_000)
  await limit(client.clientId)
  await vi.waitFor(async () => expect(await count()).toBe(all), 1_000)
})
