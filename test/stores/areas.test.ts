import fc from 'fast-check'
import type { Geometry, MultiPolygon, Point, Polygon } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAccessScopes } from '../../server/access/scopes/access-scopes.ts'
import type { AccessScope } from '../../server/access/scopes/access-scope.ts'
import type { Client } from '../../server/access/clients/client.ts'
import type { Caller } from '../../server/access/tokens/access-token.ts'
import type { Box, LonLat } from '../../server/geo/box.ts'
import { distanceMetres } from '../../server/geo/distance.ts'
import { openMapStore } from '../../server/maps/store/open.ts'
import type {
  CollectionDescription,
  MapFeature,
  MapStore,
} from '../../server/maps/store/map-store.ts'
import { describeDatabases } from '../support/databases.ts'
import { gridArea, gridGeometry, gridPosition, placed, roundArea } from '../support/geometries.ts'
import { jstsIntersects } from '../support/jsts.ts'

/**
 * The area property: whatever is asked, what does not intersect every area never appears, and nothing
 * that does is missing. JSTS says what intersects.
 */

const description: CollectionDescription = {
  id: 'things',
  title: 'Things',
  description: 'What the tests look for.',
  attribution: 'Nobody',
  licence: { name: 'CC0', url: 'https://creativecommons.org/publicdomain/zero/1.0/' },
  geometryType: 'Point',
}

type AreaGeometry = Polygon | MultiPolygon

/** As a token says it: areas of its client, and details in layers. */
interface Cut {
  ofClient: AreaGeometry[]
  layers: {
    area: AreaGeometry | null
    collections: readonly string[] | null
    actions: readonly string[]
  }[][]
}

function scopeOf({ ofClient, layers }: Cut): Promise<AccessScope> {
  const stored: AreaGeometry[] = []
  const store = (area: AreaGeometry) => String(stored.push(area) - 1)
  const client = { id: 'c', areaIds: ofClient.map(store) } as unknown as Client
  const details = layers.flatMap((layer, index) =>
    layer.map(({ area, ...rest }) => ({
      type: 'map_data',
      ...rest,
      area: area && store(area),
      ...(index > 0 && { layer: index }),
    })),
  )
  const find = createAccessScopes({
    clients: { known: () => client },
    areas: {
      async find(id) {
        const geometry = stored[Number(id)]
        return geometry ? { id, geometry, name: '', createdAt: 0 } : null
      },
    },
  })
  const claims = details.length > 0 ? { authorization_details: details } : {}
  return Promise.resolve(find({ clientId: 'c', claims } as unknown as Caller))
}

function isPermitted({ ofClient, layers }: Cut, geometry: Geometry): boolean {
  return (
    ofClient.every((area) => jstsIntersects(area, geometry)) &&
    layers.every((layer) =>
      layer.some(
        ({ area, collections, actions }) =>
          actions.includes('read') &&
          (collections === null || collections.includes('things')) &&
          (area === null || jstsIntersects(area, geometry)),
      ),
    )
  )
}

const isCovered = ({ layers }: Cut): boolean =>
  isPermitted(
    { ofClient: [], layers: layers.map((layer) => layer.map((each) => ({ ...each, area: null }))) },
    { type: 'Point', coordinates: [0, 0] },
  )

/** Whole numbers and powers of two, so that grids stay grids: huge, usual, and some metres. */
const place = fc.constantFrom<[number, LonLat]>(
  [5, [-75, -60]],
  [1, [-12, 3]],
  [2 ** -16, [90, 45]],
  // Its east is the antimeridian.
  [1, [156, -12]],
)

const detail = fc.record({
  area: fc.option(gridArea, { freq: 8 }),
  collections: fc.constantFrom(null, null, ['things'], ['others'], ['others', 'things']),
  actions: fc.constantFrom(['read'], ['read'], ['read', 'write'], ['write']),
})

const cut = fc.oneof(
  gridArea.map((area): Cut => ({ ofClient: [area], layers: [] })),
  fc.record({
    ofClient: fc.array(gridArea, { maxLength: 2 }),
    layers: fc.array(fc.array(detail, { minLength: 1, maxLength: 3 }), { maxLength: 2 }),
  }),
)

const request = fc.record({
  a: gridPosition,
  b: gridPosition,
  limit: fc.integer({ min: 1, max: 6 }),
})

describeDatabases('the area property', (kind, locate) => {
  let store: MapStore

  beforeAll(async () => {
    store = await openMapStore(await locate())
  })
  afterAll(() => store[Symbol.asyncDispose]())

  const numRuns = kind === 'sqlite' ? 150 : 60
  const idOf = (text: string) => (JSON.parse(text) as { id: string }).id

  async function pageThrough(scope: AccessScope, limit: number, boxes?: Box[]): Promise<string[]> {
    const seen: string[] = []
    for (let after: number | null = 0; after !== null;) {
      const page = await store.items(scope, 'things', { limit, after, ...(boxes && { boxes }) })
      expect(page!.features.length).toBe(page!.next === null ? page!.features.length : limit)
      // No page is there only because of what is not seen.
      if (seen.length > 0) expect(page!.features.length).toBeGreaterThan(0)
      seen.push(...page!.features.map(idOf))
      after = page!.next
    }
    return seen
  }

  function placedCut({ ofClient, layers }: Cut, scale: number, origin: LonLat): Cut {
    const at = <Shape extends Geometry>(shape: Shape) => placed(shape, scale, origin)
    return {
      ofClient: ofClient.map(at),
      layers: layers.map((layer) =>
        layer.map((each) => ({ ...each, area: each.area && at(each.area) })),
      ),
    }
  }

  const boxOf = (geometry: [number[], number[]], scale: number, origin: LonLat): Box => {
    const [[x1, y1], [x2, y2]] = geometry as [[number, number], [number, number]]
    return {
      west: Math.min(x1, x2) * scale + origin[0],
      south: Math.min(y1, y2) * scale + origin[1],
      east: Math.max(x1, x2) * scale + origin[0],
      north: Math.max(y1, y2) * scale + origin[1],
    }
  }

  const boundary = ({ west, south, east, north }: Box): Geometry =>
    west === east && south === north
      ? { type: 'Point', coordinates: [west, south] }
      : west === east || south === north
        ? {
            type: 'LineString',
            coordinates: [
              [west, south],
              [east, north],
            ],
          }
        : {
            type: 'Polygon',
            coordinates: [
              [
                [west, south],
                [east, south],
                [east, north],
                [west, north],
                [west, south],
              ],
            ],
          }

  it('holds for features of all kinds, by page, box and id', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(gridGeometry, { maxLength: 25 }),
        cut,
        fc.array(request, { minLength: 3, maxLength: 3 }),
        place,
        async (geometries, grid, requests, [scale, origin]) => {
          const features = geometries
            .filter((each) => each.type !== 'GeometryCollection' || each.geometries.length > 0)
            .map((each, index): MapFeature => ({
              id: `f${index}`,
              geometry: placed(each, scale, origin),
              properties: {},
            }))
          await store.replaceCollection(description, features)
          const limits = placedCut(grid, scale, origin)
          const scope = await scopeOf(limits)
          const seen = features.filter(({ geometry }) => isPermitted(limits, geometry))
          const ids = seen.map(({ id }) => id)

          const told = await store.collection(scope, 'things')
          expect(told !== null).toBe(isCovered(limits))
          expect(await store.collections(scope)).toEqual(told ? [told] : [])
          for (const { id } of features) {
            const item = await store.item(scope, 'things', id)
            expect(item && idOf(item)).toBe(ids.includes(id) ? id : null)
          }
          if (!told) {
            expect(await store.items(scope, 'things', { limit: 1 })).toBeNull()
            return
          }
          if (told.featureCount !== null) expect(told.featureCount).toBe(seen.length)
          for (const { a, b, limit } of requests) {
            expect(await pageThrough(scope, limit)).toEqual(ids)
            const box = boxOf([a, b], scale, origin)
            const inBox = seen.filter(({ geometry }) => jstsIntersects(boundary(box), geometry))
            expect(await pageThrough(scope, limit, [box])).toEqual(inBox.map(({ id }) => id))
          }
        },
      ),
      { numRuns },
    )
  })

  it('holds for points, by nearness and in the extent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(gridPosition, { maxLength: 30 }),
        cut,
        fc.array(request, { minLength: 2, maxLength: 2 }),
        place,
        async (positions, grid, requests, [scale, origin]) => {
          const features = positions.map((coordinates, index) => ({
            id: `f${index}`,
            geometry: placed<Point>({ type: 'Point', coordinates }, scale, origin),
            properties: {},
          }))
          await store.replaceCollection(description, features)
          const limits = placedCut(grid, scale, origin)
          const scope = await scopeOf(limits)
          const seen = features.filter(({ geometry }) => isPermitted(limits, geometry))
          for (const { a, limit } of requests) {
            const { west, south } = boxOf([a, a], scale, origin)
            const expected = seen
              .map(({ id, geometry }) => ({
                id,
                metres: distanceMetres([west, south], geometry.coordinates as [number, number]),
              }))
              .toSorted((one, other) => one.metres - other.metres)
              .slice(0, limit)
            const found = await store.nearest(scope, 'things', [west, south], limit)
            if (!isCovered(limits)) expect(found).toBeNull()
            else
              expect(found!.map(({ feature, metres }) => ({ id: idOf(feature), metres }))).toEqual(
                expected,
              )
          }
          const extent = (await store.collection(scope, 'things'))?.extent
          for (const { geometry } of seen) {
            const [x, y] = geometry.coordinates as [number, number]
            expect(extent!.west <= x && extent!.east >= x).toBe(true)
            expect(extent!.south <= y && extent!.north >= y).toBe(true)
          }
        },
      ),
      { numRuns },
    )
  })
})

describeDatabases('an area', (_kind, locate) => {
  let store: MapStore

  /** 40,000 points, a degree or less apart, in an order that has nothing to do with their places. */
  beforeAll(async () => {
    store = await openMapStore(await locate())
    const points = Array.from({ length: 40_000 }, (_, index): MapFeature => {
      const at = (index * 7_919) % 40_000
      return {
        id: String(index),
        geometry: {
          type: 'Point',
          coordinates: [(at % 200) / 2 - 50, Math.floor(at / 200) / 2 - 50],
        },
        properties: {},
      }
    })
    await store.replaceCollection(description, points)
  })
  afterAll(() => store[Symbol.asyncDispose]())

  const limitedTo = (...ofClient: AreaGeometry[]) => scopeOf({ ofClient, layers: [] })

  it('as thin as a ring around the world is paged through to the end', async () => {
    const outer = roundArea([0, 0], 1_000, () => 45).coordinates[0]!
    const inner = roundArea([0, 0], 1_000, () => 44.2).coordinates[0]!
    const ring: Polygon = { type: 'Polygon', coordinates: [outer, inner] }
    const scope = await limitedTo(ring)
    const ids: string[] = []
    for (let after: number | null = 0; after !== null;) {
      const page = await store.items(scope, 'things', { limit: 100, after })
      for (const text of page!.features) {
        const { id, geometry } = JSON.parse(text) as { id: string; geometry: Point }
        const distance = Math.hypot(...geometry.coordinates)
        expect(distance).toBeGreaterThan(44.1)
        expect(distance).toBeLessThanOrEqual(45)
        ids.push(id)
      }
      after = page!.next
    }
    expect(new Set(ids).size).toBe(ids.length)
    // So many points of the grid, less those that the corners of the two outlines cut off.
    expect(Math.abs(ids.length - 4 * Math.PI * (45 ** 2 - 44.2 ** 2))).toBeLessThan(60)
  })

  it('far from the point leaves the nearest within it', async () => {
    const scope = await limitedTo(roundArea([40, 40], 100, () => 1))
    const found = await store.nearest(scope, 'things', [-50, -50], 3)
    expect(found).toHaveLength(3)
    for (const { feature } of found!) {
      const { geometry } = JSON.parse(feature) as { geometry: Point }
      expect(
        Math.hypot(geometry.coordinates[0]! - 40, geometry.coordinates[1]! - 40),
      ).toBeLessThanOrEqual(1)
    }
    expect(await store.nearest(scope, 'things', [-50, -50], 3, 1_000_000)).toEqual([])
  })

  it('and another with nothing in common leave nothing of a point', async () => {
    const scope = await limitedTo(
      roundArea([40, 40], 100, () => 1),
      roundArea([-40, 40], 100, () => 1),
    )
    expect(await store.items(scope, 'things', { limit: 10 })).toEqual({ features: [], next: null })
    expect(await store.collection(scope, 'things')).toMatchObject({
      featureCount: null,
      extent: null,
    })
    const wide: MapFeature = {
      id: 'wide',
      geometry: {
        type: 'LineString',
        coordinates: [
          [-45, 40],
          [45, 40],
        ],
      },
      properties: {},
    }
    await store.replaceCollection({ ...description, id: 'lines' }, [wide])
    expect(
      (await store.items(scope, 'lines', { limit: 10 }))!.features.map(
        (text) => (JSON.parse(text) as MapFeature).id,
      ),
    ).toEqual(['wide'])
  })

  it('that cannot be found permits nothing', async () => {
    const find = createAccessScopes({
      clients: { known: () => ({ areaIds: ['gone'] }) as unknown as Client },
      areas: { find: async () => null },
    })
    const scope = await find({ clientId: 'c', claims: {} } as unknown as Caller)
    expect(await store.collections(scope)).toEqual([])
    expect(await store.item(scope, 'things', '1')).toBeNull()
  })

  it('of what a feature is made of hides the feature from those who see a part', async () => {
    const made = { ...description, id: 'made', madeOf: 'things' }
    await store.replaceCollection(made, [
      { id: 'm', geometry: { type: 'Point', coordinates: [40, 40] }, properties: {} },
    ])
    const scope = await limitedTo(roundArea([40, 40], 100, () => 1))
    expect(await store.item(scope, 'made', 'm')).toBeNull()
    expect(await store.items(scope, 'made', { limit: 1 })).toBeNull()
    expect(await store.collection(scope, 'made')).toBeNull()
    expect(await store.item({ read: () => 'all' }, 'made', 'm')).not.toBeNull()
  })

  it('of 10,000 vertices does not keep others waiting', async () => {
    const scope = await limitedTo(
      roundArea([0, 0], 10_000, (angle) => 40 + 5 * Math.sin(500 * angle)),
    )
    let turns = 0
    let reading = true
    const others = (async () => {
      while (reading) {
        turns++
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    await store.items(scope, 'things', { limit: 10_000 })
    reading = false
    await others
    expect(turns).toBeGreaterThan(3)
  })
})

describe('what a token says', () => {
  it('is prepared once, and again when the client’s areas change', async () => {
    let areaIds = ['1']
    const asked: string[] = []
    const find = createAccessScopes({
      clients: { known: () => ({ areaIds }) as unknown as Client },
      areas: {
        async find(id) {
          asked.push(id)
          return { id, geometry: roundArea([Number(id), 0], 10, () => 1), name: '', createdAt: 0 }
        },
      },
    })
    const caller = { clientId: 'c', claims: {} } as unknown as Caller
    const [first, second] = await Promise.all([find(caller), find(caller)])
    expect(second).toBe(first)
    expect(await find({ ...caller })).toBe(first)
    expect(asked).toEqual(['1'])
    areaIds = ['1', '2']
    expect(await find(caller)).not.toBe(first)
    expect(asked).toEqual(['1', '2'])
    areaIds = []
    expect((await find(caller)).read('things')).toBe('all')
  })
})
