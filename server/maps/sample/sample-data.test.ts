import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Feature, MultiPolygon } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Collection } from '../../access/collections/collection.ts'
import { wholeScope } from '../../access/scopes/whole-scope.ts'
import { boxOfGeometry } from '../../geo/geometry.ts'
import { faultOfRings } from '../../geo/simple-rings.ts'
import { openMapStore } from '../store/open.ts'
import { type ImportProgress, importSampleData, sampleCollections } from './sample-data.ts'
import type { MapStore } from '../store/map-store.ts'

const collections = sampleCollections.map(({ collection }): Collection => ({
  ...collection,
  createdAt: 0,
  updatedAt: 0,
}))
const everything = wholeScope(() => collections)

describe('the sample data', () => {
  let folder: string
  let store: MapStore
  const progress: ImportProgress[] = []
  const importHere = () =>
    importSampleData({
      store,
      location: { kind: 'sqlite', file: join(folder, 'maps.sqlite') },
      collections,
      onProgress: (line) => progress.push(line),
    })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mapgate-test-'))
    store = await openMapStore({ kind: 'sqlite', file: join(folder, 'maps.sqlite') })
    await importHere()
  })
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  it('is all there, and said so on the way', async () => {
    const counts = await Promise.all(
      collections.map(async ({ id }) => [id, (await store.state(everything, id))!.featureCount]),
    )
    expect(counts).toEqual([
      ['countries', 241],
      ['counties', 3_230],
      ['places', 171_075],
      ['images', 42],
      ['sequences', 3],
    ])
    expect(progress[0]).toEqual({ collection: 'countries', done: 241, total: 241 })
    expect(progress).toContainEqual({ collection: 'places', done: 171_075, total: 171_075 })
    expect(progress.at(-1)).toEqual({ collection: 'sequences', done: 3, total: 3 })
  })

  it('is imported once', async () => {
    const lines = progress.length
    await importHere()
    expect(progress.length).toBe(lines)
  })

  it('knows places with the names of their divisions', async () => {
    const [nearest] = (await store.nearest(everything, 'places', [4.84, 45.75], 1))!
    expect(JSON.parse(nearest!.feature)).toMatchObject({
      id: expect.stringMatching(/^fr-[0-9a-f]{16}$/) as string,
      properties: { country: 'FR', admin1: 'Auvergne-Rhône-Alpes', admin2: 'Rhône' },
    })
  })

  it('knows countries by their codes, or names where they have none', async () => {
    for (const [id, name] of [
      ['250', 'France'],
      ['036', 'Australia'],
      ['kosovo', 'Kosovo'],
      ['ashmore-and-cartier-is', 'Ashmore and Cartier Is.'],
    ] as const) {
      const found = await store.item(everything, 'countries', id)
      expect(JSON.parse(found!.feature)).toMatchObject({ id, properties: { name } })
    }
  })

  it('knows counties by their FIPS codes, with their states', async () => {
    const found = await store.item(everything, 'counties', '55025')
    expect(JSON.parse(found!.feature)).toMatchObject({
      id: '55025',
      properties: { name: 'Dane', state: 'Wisconsin' },
    })
  })

  it('has sound shapes only', async () => {
    for (const id of ['countries', 'counties']) {
      const page = await store.items(everything, id, { limit: 10_000 })
      const faulty = page!.features
        .map((text) => JSON.parse(text) as Feature<MultiPolygon>)
        .filter(({ geometry }) => faultOfRings(geometry.coordinates.flat()) !== null)
      expect(faulty.map((feature) => feature.id)).toEqual([])
    }
  })

  it.each([
    ['Moscow', [37.6, 55.7], ['643']],
    ['Chukotka, beyond the antimeridian', [-175, 66.5], ['643']],
    ['the South Pole', [0, -90], ['010']],
    ['Antarctica', [60, -75], ['010']],
    ['the Atlantic, between the two halves of Russia’s longitudes', [-30, 66.5], []],
  ] as const)('has the right country at %s', async (_name, [x, y], expected) => {
    const page = await store.items(everything, 'countries', {
      boxes: [{ west: x, south: y, east: x, north: y }],
      limit: 10,
    })
    expect(page!.features.map((text) => (JSON.parse(text) as Feature).id)).toEqual(expected)
  })

  it('has no edge across the map but the one along the pole', async () => {
    const page = await store.items(everything, 'countries', { limit: 1_000 })
    const longEdges = page!.features.flatMap((text) => {
      const { geometry } = JSON.parse(text) as Feature<MultiPolygon>
      return geometry.coordinates.flat().flatMap((ring) =>
        ring
          .slice(1)
          .map((end, index) =>
            boxOfGeometry({ type: 'LineString', coordinates: [ring[index]!, end] }),
          )
          .filter((edge) => edge!.east - edge!.west >= 180),
      )
    })
    expect(longEdges).toEqual([{ west: -180, south: -90, east: 180, north: -90 }])
  })
})
