import fc from 'fast-check'
import type { Geometry, MultiPolygon, Point, Polygon } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAccessScopes } from '../../server/access/scopes/access-scopes.ts'
import type { AccessScope } from '../../server/access/scopes/access-scope.ts'
import type { Client } from '../../server/access/clients/client.ts'
import type { Caller } from '../../server/access/tokens/access-token.ts'
import type { Box, LonLat } from '../../server/geo/box.ts'
import { distanceMetres } from '../../server/geo/distance.ts'
import { boxOfGeometry } from '../../server/geo/geometry.ts'
import type { Collection } from '../../server/access/collections/collection.ts'
import { systemClock } from '../../server/lib/clock.ts'
import type { GenerationDefinition, WriteOutcome } from '../../server/maps/store/changes.ts'
import { importFeatures } from '../../server/maps/store/import-features.ts'
import type { FeatureFilter, MapStore } from '../../server/maps/store/map-store.ts'
import { openMapStore } from '../../server/maps/store/open.ts'
import { rankOf } from '../../server/maps/store/rank-boxes.ts'
import { scopeOver, type TestFeature, testCollection, text } from '../support/collections.ts'
import { describeDatabases } from '../support/databases.ts'
import { gridArea, gridGeometry, gridPosition, placed, roundArea } from '../support/geometries.ts'
import { jstsCovers, jstsIntersects } from '../support/jsts.ts'

/**
 * The area property: whatever is asked, what does not intersect every area never appears, and nothing
 * that does is missing. JSTS says what intersects.
 */

const definition: GenerationDefinition = {
  schema: [
    text('kind', { search: 'name' }),
    { name: 'from', type: 'integer', role: 'start' },
    { name: 'until', type: 'integer', role: 'end' },
  ],
  dimension: 0,
}
const everything = scopeOver('things', 'lines', 'made')
const things = (changes: Partial<Collection> = {}) =>
  testCollection('things', { customerId: 'owner', ...changes })

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

function accessScopes(options: {
  client: () => unknown
  findArea: (id: string) => AreaGeometry | undefined
  collections?: readonly Collection[]
}) {
  const { client, findArea, collections = [things()] } = options
  return createAccessScopes({
    clients: { known: () => client() as Client },
    areas: {
      async find(id) {
        const geometry = findArea(id)
        return geometry ? { id, geometry, name: '', createdAt: 0 } : null
      },
    },
    collections: {
      known: (id) => collections.find((each) => each.id === id) ?? null,
      all: () => collections,
      revision: () => 1,
    },
    subscriptions: { of: () => [], revision: () => 1 },
    memberships: { known: () => [] },
    clock: systemClock,
  })
}

const callerWith = (claims: object): Caller =>
  ({
    kind: 'client',
    clientId: 'c',
    accountId: null,
    scopes: ['read', 'write'],
    claims,
  }) as unknown as Caller

function scopeOf(
  { ofClient, layers }: Cut,
  collections?: readonly Collection[],
): Promise<AccessScope> {
  const stored: AreaGeometry[] = []
  const store = (area: AreaGeometry) => String(stored.push(area) - 1)
  const client = { id: 'c', customerId: 'owner', scopes: [], areaIds: ofClient.map(store) }
  const details = layers.flatMap((layer, index) =>
    layer.map(({ area, ...rest }) => ({
      type: 'map_data',
      ...rest,
      area: area && store(area),
      ...(index > 0 && { layer: index }),
    })),
  )
  const find = accessScopes({
    client: () => client,
    findArea: (id) => stored[Number(id)],
    ...(collections && { collections }),
  })
  return Promise.resolve(
    find(callerWith(details.length > 0 ? { authorization_details: details } : {})),
  )
}

function isPermitted(
  { ofClient, layers }: Cut,
  geometry: Geometry,
  action: 'read' | 'write' = 'read',
): boolean {
  const holds = action === 'read' ? jstsIntersects : jstsCovers
  return (
    ofClient.every((area) => holds(area, geometry)) &&
    layers.every((layer) =>
      layer.some(
        ({ area, collections, actions }) =>
          actions.includes(action) &&
          (collections === null || collections.includes('things')) &&
          (area === null || holds(area, geometry)),
      ),
    )
  )
}

const isCovered = ({ layers }: Cut, action: 'read' | 'write' = 'read'): boolean =>
  isPermitted(
    { ofClient: [], layers: layers.map((layer) => layer.map((each) => ({ ...each, area: null }))) },
    { type: 'Point', coordinates: [0, 0] },
    action,
  )

/** Whole numbers and powers of two, so that grids stay grids: huge, usual, and some metres. */
const place = fc.constantFrom<[number, LonLat]>(
  [5, [-75, -60]],
  [1, [-12, 3]],
  [2 ** -16, [90, 45]],
  // Its east is the antimeridian.
  [1, [156, -12]],
  // Corners of the world.
  [0.25, [174, 84]],
  [1, [-180, -90]],
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
  let now = Date.now()

  beforeAll(async () => {
    store = await openMapStore(await locate(), { clock: { ...systemClock, now: () => now } })
  })
  afterAll(() => store[Symbol.asyncDispose]())

  const numRuns = kind === 'sqlite' ? 150 : 60
  const idOf = (text: string) => (JSON.parse(text) as { id: string }).id

  const replace = (features: TestFeature[]) => {
    // So that the tables of the run before last go.
    now += 61_000
    return importFeatures(store, everything, 'things', definition, features)
  }

  async function pageThrough(
    scope: AccessScope,
    limit: number,
    filter: FeatureFilter = {},
  ): Promise<string[]> {
    const seen: string[] = []
    for (let after: number | null = 0; after !== null;) {
      const page = await store.items(scope, 'things', { limit, after, ...filter })
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

  const reasonOf = (outcome: WriteOutcome) =>
    outcome.kind === 'refused' ? outcome.reason : outcome.kind

  const sizeOf = (geometry: Geometry) => {
    const { west, south, east, north } = boxOfGeometry(geometry)!
    return (east - west) * (north - south)
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

  const property = fc.record({
    kind: fc.constantFrom('one', 'two', null),
    from: fc.option(fc.integer({ min: 0, max: 4 })),
    until: fc.option(fc.integer({ min: 4, max: 8 })),
  })
  const filter = fc.record({
    kind: fc.option(fc.constantFrom('one', 'two'), { freq: 2 }),
    time: fc.option(
      fc.record({
        from: fc.option(fc.integer({ min: 0, max: 8 })),
        to: fc.option(fc.integer({ min: 0, max: 8 })),
      }),
      { freq: 2 },
    ),
  })

  it('holds for features of all kinds, by page, filter, count, id, place and tile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(gridGeometry, property), { maxLength: 25 }),
        cut,
        fc.array(fc.tuple(request, filter), { minLength: 3, maxLength: 3 }),
        place,
        async (geometries, grid, requests, [scale, origin]) => {
          const features = geometries
            .filter(([each]) => each.type !== 'GeometryCollection' || each.geometries.length > 0)
            .map(([each, properties], index) => ({
              id: `f${index}`,
              geometry: placed(each, scale, origin),
              properties,
            }))
          // As they come, or all keys would be those of the run before.
          await store.drop(everything, 'things')
          await replace(features)
          const limits = placedCut(grid, scale, origin)
          const scope = await scopeOf(limits)
          const seen = features.filter(({ geometry }) => isPermitted(limits, geometry))
          const idsOf = (some: readonly { id: string }[]) => some.map(({ id }) => id)
          const ids = idsOf(seen)

          const told = await store.state(scope, 'things')
          expect(told !== null).toBe(isCovered(limits))
          expect(scope.collections()).toEqual(told ? [told.collection] : [])
          for (const { id } of features) {
            const item = await store.item(scope, 'things', id)
            expect(item && idOf(item.feature)).toBe(ids.includes(id) ? id : null)
          }
          if (!told) {
            expect(await store.items(scope, 'things', { limit: 1 })).toBeNull()
            expect(await store.count(scope, 'things', {}, 1_000)).toBeNull()
            return
          }
          if (told.featureCount !== null) expect(told.featureCount).toBe(seen.length)
          expect(await store.count(scope, 'things', {}, 1e9)).toBe(seen.length)
          for (const [{ a, b, limit }, { kind: wanted, time }] of requests) {
            expect(await pageThrough(scope, limit)).toEqual(ids)
            const box = boxOf([a, b], scale, origin)
            const inBox = seen.filter(({ geometry }) => jstsIntersects(boundary(box), geometry))
            expect(await pageThrough(scope, limit, { boxes: [box] })).toEqual(idsOf(inBox))
            const filtered = inBox.filter(
              ({ properties: { kind: has, from, until } }) =>
                (wanted === null || has === wanted) &&
                (time === null ||
                  ((from === null || time.to === null || from <= time.to) &&
                    (until === null || time.from === null || until >= time.from))),
            )
            const query: FeatureFilter = {
              boxes: [box],
              ...(time && { time }),
              ...(wanted !== null && { properties: new Map([['kind', wanted]]) }),
            }
            expect(await pageThrough(scope, limit, query)).toEqual(idsOf(filtered))
            expect(await store.count(scope, 'things', query, 1e9)).toBe(filtered.length)
            const members = await store.members(scope, 'things', [box], { maximum: limit })
            const rank = (geometry: Geometry) => rankOf(boxOfGeometry(geometry)!)
            const largest = new Set(
              inBox
                .toSorted((one, other) => rank(other.geometry) - rank(one.geometry))
                .slice(0, limit),
            )
            expect(members!.features.map(({ feature }) => idOf(feature))).toEqual(
              idsOf(inBox.filter((each) => largest.has(each))),
            )
            expect(members!.more).toBe(inBox.length > limit)
            const point: Point = { type: 'Point', coordinates: [box.west, box.south] }
            const around = seen
              .filter(({ geometry }) => jstsIntersects(point, geometry))
              .map(({ id, geometry }) => ({ id, size: sizeOf(geometry) }))
              .toSorted((one, other) => one.size - other.size)
            const containing = await store.containing(scope, 'things', [box.west, box.south], limit)
            expect(containing!.map(idOf)).toEqual(idsOf(around).slice(0, limit))
            const words = { text: 'one', collectionIds: ['things'], boxes: [box], limit: 100 }
            const { hits } = await store.search(scope, words)
            expect(hits.map(({ feature }) => idOf(feature)).toSorted()).toEqual(
              idsOf(inBox.filter(({ properties }) => properties.kind === 'one')).toSorted(),
            )
          }
        },
      ),
      { numRuns },
    )
  })

  it('holds for changes: what is not seen is not there, what is not covered stays', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(gridGeometry, { minLength: 1, maxLength: 8 }),
        fc.array(gridGeometry, { minLength: 4, maxLength: 4 }),
        cut,
        place,
        async (geometries, others, grid, [scale, origin]) => {
          const isEmpty = (each: Geometry) =>
            each.type === 'GeometryCollection' && each.geometries.length === 0
          const at = (each: Geometry, index: number): TestFeature => ({
            id: `f${index}`,
            geometry: placed(each, scale, origin),
            properties: {},
          })
          const features = geometries.filter((each) => !isEmpty(each)).map(at)
          const changed = others.filter((each) => !isEmpty(each)).map(at)
          await replace(features)
          const limits = placedCut(grid, scale, origin)
          const scope = await scopeOf(limits)
          const [reads, writes] = [isCovered(limits), isCovered(limits, 'write')]
          const covers = ({ geometry }: TestFeature) => isPermitted(limits, geometry, 'write')
          for (const { id, ...feature } of changed) {
            const old = features.find((each) => each.id === id)
            const outcome = await store.write(scope, 'things', [
              old
                ? { kind: 'replace', id, feature: { ...feature, id }, ifMatch: null }
                : { kind: 'create', feature: { ...feature, id } },
            ])
            const isSeen = !old || isPermitted(limits, old.geometry)
            const expected = !reads
              ? 'unknown'
              : !writes
                ? 'forbidden'
                : !isSeen
                  ? 'unknown'
                  : (old && !covers(old)) || !covers({ ...feature, id })
                    ? 'outside'
                    : 'written'
            expect(reasonOf(outcome)).toBe(expected)
            // What is new is called otherwise, unless all is seen.
            const [made] = outcome.kind === 'written' ? outcome.features : []
            if (!old && made && scope.read('things') !== 'all') expect(made.id).not.toBe(id)
            const stored = await store.item(everything, 'things', made?.id ?? id)
            const isNow = expected === 'written' ? feature : old
            expect(stored && (JSON.parse(stored.feature) as TestFeature).geometry).toEqual(
              isNow ? isNow.geometry : null,
            )
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
          await store.drop(everything, 'things')
          await replace(features)
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
          for (const { a, b, limit } of isCovered(limits) ? requests : []) {
            const box = boxOf([a, b], scale, origin)
            const placeOf = (longitude: number, latitude: number) =>
              Math.round((longitude - latitude) / scale) % limit
            const placesTaken = new Set<number>()
            const chosen = seen.filter(({ geometry }) => {
              const [x, y] = geometry.coordinates as [number, number]
              if (!jstsIntersects(boundary(box), geometry) || placesTaken.has(placeOf(x, y)))
                return false
              placesTaken.add(placeOf(x, y))
              return true
            })
            // Few are read at once, of more than the maximum those to be read are chosen first.
            for (const maximum of [100, Math.max(1, chosen.length)]) {
              const members = await store.members(scope, 'things', [box], { maximum, placeOf })
              expect(members!.features.map(({ feature }) => idOf(feature))).toEqual(
                chosen.map(({ id }) => id),
              )
              expect(members!.more).toBe(false)
            }
          }
          const extent = (await store.state(scope, 'things'))?.extent
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
    const points = Array.from({ length: 40_000 }, (_, index): TestFeature => {
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
    await importFeatures(store, everything, 'things', definition, points)
  })
  afterAll(() => store[Symbol.asyncDispose]())

  const limitedTo = (...ofClient: AreaGeometry[]) =>
    scopeOf({ ofClient, layers: [] }, [
      things(),
      things({ id: 'lines' }),
      things({ id: 'made', madeOf: 'things' }),
    ])

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
    expect(await store.items(scope, 'things', { limit: 10 })).toMatchObject({
      features: [],
      next: null,
    })
    expect(await store.state(scope, 'things')).toMatchObject({
      featureCount: null,
      extent: null,
    })
    const wide: TestFeature = {
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
    await importFeatures(store, everything, 'lines', definition, [wide])
    expect(
      (await store.items(scope, 'lines', { limit: 10 }))!.features.map(
        (feature) => (JSON.parse(feature) as TestFeature).id,
      ),
    ).toEqual(['wide'])
  })

  it('that cannot be found permits nothing', async () => {
    const find = accessScopes({
      client: () => ({ customerId: 'owner', scopes: [], areaIds: ['gone'] }),
      findArea: () => undefined,
    })
    const scope = await find(callerWith({}))
    expect(scope.collections()).toEqual([])
    expect(await store.item(scope, 'things', '1')).toBeNull()
  })

  it('of what a feature is made of hides the feature from those who see a part', async () => {
    const made: TestFeature = {
      id: 'm',
      geometry: { type: 'Point', coordinates: [40, 40] },
      properties: {},
    }
    await importFeatures(store, everything, 'made', definition, [made])
    const scope = await limitedTo(roundArea([40, 40], 100, () => 1))
    expect(await store.item(scope, 'made', 'm')).toBeNull()
    expect(await store.items(scope, 'made', { limit: 1 })).toBeNull()
    expect(await store.state(scope, 'made')).toBeNull()
    expect(await store.item(everything, 'made', 'm')).not.toBeNull()
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
    let client = { customerId: 'owner', scopes: [], areaIds: ['1'] }
    const asked: string[] = []
    const find = accessScopes({
      client: () => client,
      findArea(id) {
        asked.push(id)
        return roundArea([Number(id), 0], 10, () => 1)
      },
    })
    const caller = callerWith({})
    const first = await find(caller)
    expect(await find(caller)).toBe(first)
    expect(await find({ ...caller })).toBe(first)
    expect(asked).toEqual(['1'])
    client = { ...client, areaIds: ['1', '2'] }
    expect(await find(caller)).not.toBe(first)
    expect(asked).toEqual(['1', '2'])
    client = { ...client, areaIds: [] }
    expect((await find(caller)).read('things')).toBe('all')
  })
})
