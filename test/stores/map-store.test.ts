import fc from 'fast-check'
import type { Geometry } from 'geojson'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { AccessScope } from '../../server/access/scopes/access-scope.ts'
import { publicAccessScope as everything } from '../../server/access/scopes/access-scope.ts'
import { NewerSchemaError } from '../../server/database/migrate.ts'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { createPool } from '../../server/database/postgres.ts'
import { openSqliteFile } from '../../server/database/sqlite.ts'
import { type Box, type LonLat, parseBoxes, snapToZero } from '../../server/geo/box.ts'
import { distanceMetres } from '../../server/geo/distance.ts'
import { geometryIntersectsBox } from '../../server/geo/geometry.ts'
import { openMapStore } from '../../server/maps/store/open.ts'
import type {
  CollectionDescription,
  MapFeature,
  MapStore,
} from '../../server/maps/store/map-store.ts'
import { describeDatabases } from '../support/databases.ts'

const description: CollectionDescription = {
  id: 'things',
  title: 'Things',
  description: 'What the tests look for.',
  attribution: 'Nobody',
  licence: { name: 'CC0', url: 'https://creativecommons.org/publicdomain/zero/1.0/' },
  geometryType: 'Point',
}

const nothing: AccessScope = { read: () => 'none' }

function points(...positions: LonLat[]): MapFeature[] {
  return positions.map((position, index) => ({
    id: `p${index}`,
    geometry: { type: 'Point', coordinates: [...position] },
    properties: { name: `“Punkt” \\ ${index}` },
  }))
}

function idOf(feature: string): string {
  return (JSON.parse(feature) as { id: string }).id
}

describeDatabases('the map store', (kind, locate) => {
  let location: DatabaseLocation
  let store: MapStore

  beforeAll(async () => {
    location = await locate()
    store = await openMapStore(location)
  })
  afterAll(() => store[Symbol.asyncDispose]())

  async function idsIn(box: string, limit = 100): Promise<string[]> {
    const parsed = parseBoxes(box)
    if (parsed.kind === 'invalid') throw new Error(parsed.detail)
    const page = await store.items(everything, 'things', { boxes: parsed.boxes, limit })
    return page!.features.map(idOf)
  }

  it('describes a collection with its count and extent', async () => {
    await store.replaceCollection(description, points([1.5, 2], [-3, 4.25]))
    const expected = {
      ...description,
      featureCount: 2,
      extent: { west: -3, south: 2, east: 1.5, north: 4.25 },
    }
    expect(await store.collection(everything, 'things')).toEqual(expected)
    expect(await store.collections(everything)).toEqual([expected])
  })

  it('gives features back as they came', async () => {
    const [feature] = points([1.1, 2.2])
    await store.replaceCollection(description, [feature!])
    const text = await store.item(everything, 'things', 'p0')
    expect(JSON.parse(text!)).toEqual({ type: 'Feature', ...feature })
  })

  it('knows no other collections and features', async () => {
    await store.replaceCollection(description, points([1, 2]))
    expect(await store.collection(everything, 'others')).toBeNull()
    expect(await store.collection(everything, 'things\0')).toBeNull()
    expect(await store.items(everything, 'others', { limit: 1 })).toBeNull()
    expect(await store.item(everything, 'others', 'p0')).toBeNull()
    expect(await store.item(everything, 'things', 'p1')).toBeNull()
    expect(await store.item(everything, 'things', 'p0\0')).toBeNull()
    expect(await store.nearest(everything, 'others', [0, 0], 1)).toBeNull()
  })

  it('shows nothing that the scope does not cover', async () => {
    await store.replaceCollection(description, points([1, 2]))
    expect(await store.collections(nothing)).toEqual([])
    expect(await store.collection(nothing, 'things')).toBeNull()
    expect(await store.items(nothing, 'things', { limit: 1 })).toBeNull()
    expect(await store.item(nothing, 'things', 'p0')).toBeNull()
    expect(await store.nearest(nothing, 'things', [1, 2], 1)).toBeNull()
  })

  it('pages through everything once, in the order of the import', async () => {
    const all = points(...Array.from({ length: 25 }, (_, index): LonLat => [25 - index, 1]))
    await store.replaceCollection(description, all)
    for (const boxes of [undefined, [{ west: 0, south: 0, east: 20, north: 2 }]]) {
      const seen: string[] = []
      let after: number | null = 0
      while (after !== null) {
        const page = await store.items(everything, 'things', {
          ...(boxes && { boxes }),
          limit: 5,
          after,
        })
        seen.push(...page!.features.map(idOf))
        after = page!.next
      }
      expect(seen).toEqual(all.map(({ id }) => id).slice(boxes ? 5 : 0))
    }
  })

  it('judges exactly what is on the edge of a box', async () => {
    // 0.1 is no float32, and Postgres compares boxes with a tolerance.
    await store.replaceCollection(description, points([0.1, 0.1], [0.1000000001, 0.1], [5, 5]))
    expect(await idsIn('0,0,0.1,0.1')).toEqual(['p0'])
    expect(await idsIn('0.1,0.1,0.1,0.1')).toEqual(['p0'])
    expect(await idsIn('0.10000000005,0,1,1')).toEqual(['p1'])
  })

  it('takes numbers too small for an index as zero', async () => {
    await store.replaceCollection(description, points([5e-324, -1e-310]))
    expect(await idsIn('0,0,1,1')).toEqual(['p0'])
    expect(await idsIn('-5e-324,0,1e-310,1')).toEqual(['p0'])
    const nearest = await store.nearest(everything, 'things', [5e-324, 1e-320], 1)
    expect(nearest!.map(({ feature }) => idOf(feature))).toEqual(['p0'])
  })

  it('finds features on both sides of the antimeridian, each once', async () => {
    await store.replaceCollection(description, points([179.9, 1], [0, 1], [-179.9, 1]))
    expect(await idsIn('179,0,-179,2')).toEqual(['p0', 'p2'])
    expect(await idsIn('179,0,-179,2', 1)).toEqual(['p0'])
    await store.replaceCollection(description, [
      {
        id: 'wide',
        geometry: {
          type: 'LineString',
          coordinates: [
            [-180, 1],
            [180, 1],
          ],
        },
        properties: {},
      },
    ])
    expect(await idsIn('179,0,-179,2')).toEqual(['wide'])
  })

  it('finds the nearest across the antimeridian and over the pole', async () => {
    await store.replaceCollection(description, points([179.9, 1], [170, 1], [10, 89.9], [0, 0]))
    const nearest = async (point: LonLat, limit = 1, maximumMetres?: number) =>
      (await store.nearest(everything, 'things', point, limit, maximumMetres))!.map((found) =>
        idOf(found.feature),
      )
    expect(await nearest([-179.9, 1])).toEqual(['p0'])
    expect(await nearest([-170, 89.5])).toEqual(['p2'])
    expect(await nearest([-180, 1], 9)).toEqual(['p0', 'p1', 'p2', 'p3'])
    expect(await nearest([0, 0.5], 9, 60_000)).toEqual(['p3'])
    expect(await nearest([0, 0.5], 9, 50_000)).toEqual([])
  })

  it('keeps the old collection when a replacement fails', async () => {
    await store.replaceCollection(description, points([1, 2], [3, 4]))
    const twice = [...points([5, 6]), ...points([7, 8])]
    await expect(store.replaceCollection(description, twice)).rejects.toThrow(/unique/i)
    expect(await idsIn('0,0,10,10')).toEqual(['p0', 'p1'])
    const failing = (function* () {
      yield* points([5, 6])
      throw new Error('the source broke')
    })()
    await expect(store.replaceCollection(description, failing)).rejects.toThrow('source broke')
    expect((await store.collection(everything, 'things'))!.featureCount).toBe(2)
  })

  it('shows other nodes the old collection until the new one is whole', async () => {
    await using other = await openMapStore(location)
    await store.replaceCollection(description, points([1, 1]))
    const seen: number[] = []
    const look = async () => {
      const page = await other.items(everything, 'things', { limit: 10_000 })
      const collection = await other.collection(everything, 'things')
      expect(page!.features.length).toBe(collection!.featureCount)
      seen.push(page!.features.length)
    }
    const many = (async function* () {
      for (let index = 0; index < 2_500; index++) {
        if (index % 500 === 0) await look()
        yield { ...points([index / 100, 1])[0]!, id: `n${index}` }
      }
    })()
    const progress: number[] = []
    await store.replaceCollection(description, many, (done) => progress.push(done))
    // Another node may describe the old collection for a moment longer than it serves its features.
    await vi.waitFor(look)
    expect(seen).toEqual([1, 1, 1, 1, 1, 2_500])
    expect(progress).toEqual([1_000, 2_000, 2_500])
  })

  it('may be opened and filled by several at once', async () => {
    const fresh = await locate()
    const stores = await Promise.all([1, 2, 3].map(() => openMapStore(fresh)))
    await Promise.all(
      stores.map((each, index) =>
        each.replaceCollection(
          description,
          points(...Array.from({ length: index + 1 }, (): LonLat => [0, 0])),
        ),
      ),
    )
    await vi.waitFor(async () => {
      const count = (await stores[0]!.collection(everything, 'things'))!.featureCount
      const page = await stores[1]!.items(everything, 'things', { limit: 10 })
      expect(page!.features.length).toBe(count)
    })
    for (const each of stores) await each[Symbol.asyncDispose]()
  })

  it('refuses tables of a newer version', async () => {
    const newer = await locate()
    await (await openMapStore(newer))[Symbol.asyncDispose]()
    if (newer.kind === 'sqlite') {
      const connection = openSqliteFile(newer.file)
      connection.exec('pragma user_version = 999')
      connection.close()
    } else {
      const pool = createPool(newer)
      await pool.query('update map_store set version = 999')
      await pool.end()
    }
    await expect(openMapStore(newer)).rejects.toThrow(NewerSchemaError)
  })

  describe('compared with looking at every feature', () => {
    const longitude = fc.oneof(
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.double({ min: 179.9, max: 180, noNaN: true }),
      fc.double({ min: -180, max: -179.9, noNaN: true }),
      fc.constantFrom(-180, 0, 0.1, 180),
    )
    const latitude = fc.oneof(
      fc.double({ min: -90, max: 90, noNaN: true }),
      fc.double({ min: 89.9, max: 90, noNaN: true }),
      fc.constantFrom(-90, 0, 0.1, 90),
    )
    const position = fc.tuple(longitude.map(snapToZero), latitude.map(snapToZero))
    const triangle = fc
      .tuple(position, fc.double({ min: -5, max: 5, noNaN: true }), fc.nat(5))
      .map(([[x, y], dx, dy]): Geometry => {
        const ring = [
          [x, y],
          [Math.max(-180, Math.min(180, x + dx)), y],
          [x, Math.max(-90, y - dy)],
          [x, y],
        ]
        return { type: 'Polygon', coordinates: [ring] }
      })
    const geometry = fc.oneof(
      position.map((coordinates): Geometry => ({ type: 'Point', coordinates })),
      fc
        .array(position, { minLength: 2, maxLength: 4 })
        .map((coordinates): Geometry => ({ type: 'LineString', coordinates })),
      triangle,
    )
    const box = fc.tuple(position, position).map(([[west, y1], [east, y2]]): Box[] => {
      const parsed = parseBoxes([west, Math.min(y1, y2), east, Math.max(y1, y2)].join())
      return parsed.kind === 'boxes' ? parsed.boxes : []
    })
    const numRuns = kind === 'sqlite' ? 60 : 30

    it('boxes find the same', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(geometry, { maxLength: 30 }),
          fc.array(box, { minLength: 5, maxLength: 5 }),
          fc.integer({ min: 1, max: 10 }),
          async (geometries, queries, limit) => {
            const features = geometries.map((each, index) => ({
              id: String(index),
              geometry: each,
              properties: {},
            }))
            await store.replaceCollection({ ...description, id: 'random' }, features)
            for (const boxes of queries) {
              const matching = features.filter((feature) =>
                boxes.some((each) => geometryIntersectsBox(feature.geometry, each)),
              )
              const page = await store.items(everything, 'random', { boxes, limit })
              const ids = matching.map(({ id }) => id)
              expect(page!.features.map(idOf)).toEqual(ids.slice(0, limit))
              expect(page!.next !== null).toBe(ids.length > limit)
            }
          },
        ),
        { numRuns },
      )
    })

    it('the nearest are the same', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(position, { maxLength: 30 }),
          fc.array(position, { minLength: 5, maxLength: 5 }),
          fc.integer({ min: 1, max: 5 }),
          fc.option(fc.double({ min: 0, max: 20_100_000, noNaN: true }), { nil: undefined }),
          async (positions, queries, limit, maximum) => {
            const features = points(...positions)
            await store.replaceCollection({ ...description, id: 'random' }, features)
            for (const from of queries) {
              const expected = positions
                .map((to, index) => ({ id: `p${index}`, metres: distanceMetres(from, to) }))
                .filter(({ metres }) => metres <= (maximum ?? Infinity))
                .toSorted((a, b) => a.metres - b.metres)
                .slice(0, limit)
              const found = await store.nearest(everything, 'random', from, limit, maximum)
              expect(found!.map(({ feature, metres }) => ({ id: idOf(feature), metres }))).toEqual(
                expected,
              )
            }
          },
        ),
        { numRuns },
      )
    })
  })
})
