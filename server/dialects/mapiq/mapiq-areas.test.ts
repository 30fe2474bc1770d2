import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Geometry, MultiPolygon, Polygon } from 'geojson'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { commandLine, createDemoClient } from '../../../test/support/access.ts'
import { openTestApp, type TestApp } from '../../../test/support/app.ts'
import { type TestFeature, text } from '../../../test/support/collections.ts'
import { gridArea, gridGeometry } from '../../../test/support/geometries.ts'
import { jstsIntersects } from '../../../test/support/jsts.ts'
import { temporaryFolder } from '../../../test/support/server.ts'
import { systemActor } from '../../access/audit/actor.ts'
import { wholeScope } from '../../access/scopes/whole-scope.ts'
import { importFeatures } from '../../maps/store/import-features.ts'

/** The area property on Mapiq's endpoints, for clients that are limited to random areas. */

/** Stands in every failure. */
const SEED = Date.now() % 2 ** 31

const properties = ['name', 'country', 'admin1', 'admin2']
const named = (id: string, geometry: Geometry): TestFeature => ({
  id,
  geometry,
  properties: { name: id, country: 'DK', admin1: null, admin2: null },
})

const geometries = fc.sample(gridGeometry, { seed: SEED, numRuns: 400 })
const places = geometries
  .filter(({ type }) => type === 'Point')
  .map((each, index) => named(`place-${index}`, each))
const countries = geometries
  .filter((each): each is Polygon => each.type === 'Polygon')
  .map(({ coordinates }, index) =>
    named(`country-${index}`, { type: 'MultiPolygon', coordinates: [coordinates] }),
  )
const areas = fc.sample(gridArea, { seed: SEED, numRuns: 6 })

let app: TestApp

beforeAll(async () => {
  app = await openTestApp({ kind: 'sqlite', file: join(temporaryFolder(), 'mapgate.sqlite') })
  const { collections } = app.access
  const collection = {
    customerId: null,
    visibility: 'public',
    title: '',
    description: '',
    attribution: 'Someone',
    licence: null,
    madeOf: null,
  } as const
  const scope = wholeScope(() => collections.all())
  for (const [id, dimension, features] of [
    ['places', 0, places],
    ['countries', 2, countries],
  ] as const) {
    await collections.create(systemActor, { id, ...collection })
    const schema = properties.map((name) => text(name))
    await importFeatures(app.maps, scope, id, { schema, dimension }, features)
  }
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await rm(app.settings.dataDir, { recursive: true })
})

/** Reads endpoints as a new client that is limited to the area. */
async function readerOf(area: Polygon | MultiPolygon) {
  const { access } = app
  const { clientId, text: secret } = await createDemoClient(access)
  await access.database.write(async (write) => {
    const { id } = await access.areas.createIn(write, area, 'area')
    await access.clients.changeIn(write, commandLine, clientId, { areaIds: [id] })
  })
  const login = await app.http.inject({
    method: 'POST',
    url: '/mapiq/account/api/public/oauth2/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'https://api.mapiq.com/public/.default',
      client_id: clientId,
      client_secret: secret,
    }).toString(),
  })
  const { access_token: token } = login.json<{ access_token: string }>()
  return (path: string) =>
    app.http.inject({
      url: `/mapiq/api/v2/${path}`,
      headers: { authorization: `Bearer ${token}` },
    })
}

it(`lists, finds and nears what the area is touched by, and nothing else (seed ${SEED})`, async () => {
  let count = 0
  for (const area of areas) {
    const get = await readerOf(area)
    const about = `seed ${SEED}, ${JSON.stringify(area)}`
    const seenOf = (features: readonly TestFeature[]) =>
      features.filter(({ geometry }) => jstsIntersects(area, geometry)).map(({ id }) => id)
    for (const [path, features] of [
      ['places', places],
      ['countries', countries],
    ] as const) {
      const seen = seenOf(features)
      const found: string[] = []
      let page: string | null = ''
      while (page !== null) {
        const size: number = Math.ceil(features.length / 3)
        const answer = await get(`${path}?limit=${size}${page && `&page=${page}`}`)
        expect(answer.statusCode, about).toBe(200)
        const body = answer.json<Record<string, { id: string }[]> & { nextPage: string | null }>()
        found.push(...body[path]!.map(({ id }) => id))
        page = body.nextPage
      }
      expect(found, about).toEqual(seen)
      for (const { id } of [features[0]!, features.at(-1)!]) {
        const { statusCode } = await get(`${path}/${id}`)
        expect(statusCode, `${about}, ${id}`).toBe(seen.includes(id) ? 200 : 404)
      }
      count += seen.length
    }
    const near = await get('places/nearest?latitude=5&longitude=5&limit=100')
    const nearest = near.json<{ places: { id: string; distanceMeters: number }[] }>().places
    const ids = seenOf(places)
    expect(nearest, about).toHaveLength(Math.min(100, ids.length))
    expect(nearest.filter(({ id }) => !ids.includes(id))).toEqual([])
    const distances = nearest.map(({ distanceMeters }) => distanceMeters)
    expect(distances, about).toEqual(distances.toSorted((a, b) => a - b))
  }
  expect(count).toBeGreaterThan(0)
})
