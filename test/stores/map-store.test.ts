import fc from 'fast-check'
import type { Geometry } from 'geojson'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccessScope, Limits } from '../../server/access/scopes/access-scope.ts'
import { limitsOf } from '../../server/access/scopes/limits.ts'
import { NewerSchemaError } from '../../server/database/migrate.ts'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { createPool } from '../../server/database/postgres.ts'
import { openSqliteFile } from '../../server/database/sqlite.ts'
import { prepareArea } from '../../server/geo/area.ts'
import { type Box, type LonLat, parseBoxes, snapToZero } from '../../server/geo/box.ts'
import { distanceMetres } from '../../server/geo/distance.ts'
import { geometryIntersectsBox } from '../../server/geo/geometry.ts'
import type { GenerationDefinition } from '../../server/maps/store/changes.ts'
import type { CollectionState } from '../../server/maps/store/collection-state.ts'
import { importFeatures } from '../../server/maps/store/import-features.ts'
import type { ItemsPage, ItemsQuery, MapStore } from '../../server/maps/store/map-store.ts'
import { openMapStore } from '../../server/maps/store/open.ts'
import {
  rectangle,
  scopeOver,
  type TestFeature,
  testCollection,
  text,
} from '../support/collections.ts'
import { describeDatabases } from '../support/databases.ts'

const definition: GenerationDefinition = { schema: [text('name')], dimension: 0 }
const everything = scopeOver('things', 'random')
const nothing = scopeOver()

function points(...positions: LonLat[]): TestFeature[] {
  return positions.map((position, index) => ({
    id: `p${index}`,
    geometry: { type: 'Point', coordinates: [...position] },
    properties: { name: `“Punkt” \\ ${index}` },
  }))
}

function viewOf({ west, south, east, north }: Box): Limits {
  const geometry = rectangle(west, south, east, north)
  return limitsOf([[{ id: 'area', geometry, area: prepareArea(geometry) }]])
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

  const replace = (
    features: Iterable<TestFeature> | AsyncIterable<TestFeature>,
    id = 'things',
    onProgress?: (done: number) => void,
  ) => importFeatures(store, everything, id, definition, features, onProgress)

  async function idsIn(box: string, limit = 100): Promise<string[]> {
    const parsed = parseBoxes(box)
    if (parsed.kind === 'invalid') throw new Error(parsed.detail)
    const page = await store.items(everything, 'things', { boxes: parsed.boxes, limit })
    return page!.features.map(idOf)
  }

  it('tells of a collection how many features it has, and where', async () => {
    await replace(points([1.5, 2], [-3, 4.25]))
    const expected: Partial<CollectionState> = {
      collection: testCollection('things'),
      ...definition,
      featureCount: 2,
      extent: { west: -3, south: 2, east: 1.5, north: 4.25 },
      interval: null,
    }
    const state = await store.state(everything, 'things')
    expect(state).toMatchObject(expected)
    await replace([])
    expect(await store.state(everything, 'things')).toMatchObject({
      generation: state!.generation + 1,
      featureCount: 0,
      extent: null,
    })
  })

  it('has no features of a registered collection without data', async () => {
    const scope = scopeOver('empty')
    expect(await store.state(scope, 'empty')).toEqual({
      collection: testCollection('empty'),
      generation: 0,
      schema: [],
      dimension: null,
      featureCount: 0,
      extent: null,
      interval: null,
    })
    expect(await store.items(scope, 'empty', { limit: 1 })).toMatchObject({
      features: [],
      next: null,
    })
    expect(await store.count(scope, 'empty', {}, 1_000)).toBe(0)
    expect(await store.item(scope, 'empty', 'p0')).toBeNull()
    expect(await store.nearest(scope, 'empty', [0, 0], 1)).toEqual([])
    expect(await store.containing(scope, 'empty', [0, 0], 1)).toEqual([])
    expect(await store.light.items(scope, 'empty', { limit: 10_000 })).toMatchObject({ next: null })
    const search = { text: 'p', collectionIds: ['empty'], limit: 1 }
    expect((await store.search(scope, search)).hits).toEqual([])
    const box = { west: 0, south: 0, east: 1, north: 1 }
    const members = await store.members(scope, 'empty', [box], { maximum: 1 })
    expect(members).toMatchObject({ features: [], more: false, generation: 0 })
  })

  it('gives features back with all properties of the schema, in its order', async () => {
    const schema = [text('b'), text('2'), text('a'), text('1'), text('__proto__')]
    const properties = JSON.parse('{"1":"one","a":"A","__proto__":"p","unknown":1}') as object
    const feature = { ...points([1.1, 2.2])[0]!, properties: { ...properties } }
    Object.defineProperty(feature.properties, '__proto__', { value: 'p', enumerable: true })
    await importFeatures(store, everything, 'things', { schema, dimension: 0 }, [feature])
    const found = await store.item(everything, 'things', 'p0')
    expect(found!.feature).toBe(
      '{"type":"Feature","id":"p0","geometry":{"type":"Point","coordinates":[1.1,2.2]},' +
        '"properties":{"b":null,"2":null,"a":"A","1":"one","__proto__":"p"}}',
    )
    expect(found!.etag).toMatch(/^[\w-]{22}$/)
  })

  it('knows no other collections and features', async () => {
    await replace(points([1, 2]))
    expect(await store.state(everything, 'others')).toBeNull()
    expect(await store.state(everything, 'things\0')).toBeNull()
    expect(await store.items(everything, 'others', { limit: 1 })).toBeNull()
    expect(await store.item(everything, 'others', 'p0')).toBeNull()
    expect(await store.item(everything, 'things', 'p1')).toBeNull()
    expect(await store.item(everything, 'things', 'p0\0')).toBeNull()
    expect(await store.nearest(everything, 'others', [0, 0], 1)).toBeNull()
  })

  it('shows nothing that the scope does not cover', async () => {
    await replace(points([1, 2]))
    const box = { west: 0, south: 0, east: 9, north: 9 }
    expect(await store.state(nothing, 'things')).toBeNull()
    expect(await store.items(nothing, 'things', { limit: 1 })).toBeNull()
    expect(await store.count(nothing, 'things', {}, 1_000)).toBeNull()
    expect(await store.item(nothing, 'things', 'p0')).toBeNull()
    expect(await store.nearest(nothing, 'things', [1, 2], 1)).toBeNull()
    expect(await store.containing(nothing, 'things', [1, 2], 1)).toBeNull()
    expect(await store.members(nothing, 'things', [box], { maximum: 1 })).toBeNull()
    expect(await store.light.items(nothing, 'things', { limit: 1 })).toBeNull()
    const search = { text: 'punkt', collectionIds: ['things'], limit: 1 }
    expect((await store.search(nothing, search)).hits).toEqual([])
  })

  it('pages through everything once, in the order of the import', async () => {
    const all = points(...Array.from({ length: 25 }, (_, index): LonLat => [25 - index, 1]))
    await replace(all)
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
    await replace(points([0.1, 0.1], [0.1000000001, 0.1], [5, 5]))
    expect(await idsIn('0,0,0.1,0.1')).toEqual(['p0'])
    expect(await idsIn('0.1,0.1,0.1,0.1')).toEqual(['p0'])
    expect(await idsIn('0.10000000005,0,1,1')).toEqual(['p1'])
  })

  it('takes numbers too small for an index as zero', async () => {
    await replace(points([5e-324, -1e-310]))
    expect(await idsIn('0,0,1,1')).toEqual(['p0'])
    expect(await idsIn('-5e-324,0,1e-310,1')).toEqual(['p0'])
    const nearest = await store.nearest(everything, 'things', [5e-324, 1e-320], 1)
    expect(nearest!.map(({ feature }) => idOf(feature))).toEqual(['p0'])
  })

  it('finds features on both sides of the antimeridian, each once', async () => {
    await replace(points([179.9, 1], [0, 1], [-179.9, 1]))
    expect(await idsIn('179,0,-179,2')).toEqual(['p0', 'p2'])
    expect(await idsIn('179,0,-179,2', 1)).toEqual(['p0'])
    await replace([
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
    await replace(points([179.9, 1], [170, 1], [10, 89.9], [0, 0]))
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

  it('finds the nearest of points in several places, by the nearest of these', async () => {
    const places = (id: string, ...coordinates: LonLat[]): TestFeature => ({
      id,
      geometry: { type: 'MultiPoint', coordinates: coordinates.map((each) => [...each]) },
      properties: {},
    })
    await replace([
      places('chain', [0, 0], [40, 40], [179.9, -10]),
      { ...points([1, 0])[0]!, id: 'single' },
      places('same', [2, 0], [2, 0]),
      places('east', [41, 40], [60, 40]),
    ])
    const nearest = async (scope: AccessScope, point: LonLat, maximumMetres?: number) =>
      (await store.nearest(scope, 'things', point, 9, maximumMetres))!.map(
        ({ feature, metres }) => [idOf(feature), Math.round(metres / 1_000)],
      )
    expect(await nearest(everything, [0, 0], 300_000)).toEqual([
      ['chain', 0],
      ['single', 111],
      ['same', 222],
    ])
    expect(await nearest(everything, [40, 40], 200_000)).toEqual([
      ['chain', 0],
      ['east', 85],
    ])
    expect(await nearest(everything, [-179.9, -10], 50_000)).toEqual([['chain', 22]])
    // Within its box, but far from its places.
    expect(await nearest(everything, [20, 20], 100_000)).toEqual([])
    const limits = limitsOf([
      [
        {
          id: 'area',
          geometry: rectangle(30, 30, 45, 45),
          area: prepareArea(rectangle(30, 30, 45, 45)),
        },
      ],
    ])
    const limited: AccessScope = { ...everything, read: () => limits }
    expect(await nearest(limited, [0, 0], 300_000)).toEqual([['chain', 0]])
    expect(await nearest(limited, [60, 40], 1_000)).toEqual([['east', 0]])
    expect((await nearest(limited, [0, 0])).map(([id]) => id)).toEqual(['chain', 'east'])
  })

  it('filters by valid time, open ends and whole days included', async () => {
    const schema = [
      text('from', { format: 'date', role: 'start' }),
      text('until', { format: 'date-time', role: 'end' }),
    ]
    const timed = (id: string, from: string | null, until: string | null): TestFeature => ({
      ...points([1, 1])[0]!,
      id,
      properties: { from, until },
    })
    await importFeatures(store, everything, 'things', { schema, dimension: 0 }, [
      timed('always', null, null),
      timed('until', null, '2020-06-01T12:00:00Z'),
      timed('since', '2020-06-01', null),
      timed('june', '2020-06-01', '2020-06-30T23:59:59Z'),
    ])
    const matching = async (from: string | null, to: string | null) => {
      const at = (time: string | null) => (time === null ? null : Date.parse(time))
      const time = { from: at(from), to: at(to) }
      const page = await store.items(everything, 'things', { limit: 9, time })
      const ids = page!.features.map(idOf)
      expect(await store.count(everything, 'things', { time }, 1e9)).toBe(ids.length)
      return ids
    }
    expect(await matching(null, null)).toEqual(['always', 'until', 'since', 'june'])
    expect(await matching('2020-06-01T12:00:00Z', '2020-06-01T12:00:00Z')).toHaveLength(4)
    expect(await matching('2020-06-01T12:00:01Z', null)).toEqual(['always', 'since', 'june'])
    expect(await matching(null, '2020-05-31T23:59:59Z')).toEqual(['always', 'until'])
    expect(await matching('2020-07-01', null)).toEqual(['always', 'since'])
    expect((await store.state(everything, 'things'))!.interval).toEqual([null, null])
    const days = [text('day', { format: 'date', role: 'instant' })]
    await importFeatures(store, everything, 'things', { schema: days, dimension: 0 }, [
      { ...points([1, 1])[0]!, properties: { day: '2020-06-01' } },
    ])
    expect(await matching('2020-06-01T23:00:00Z', null)).toEqual(['p0'])
    expect(await matching('2020-06-02', null)).toEqual([])
  })

  it('filters by properties of every type', async () => {
    const schema = [
      text('name'),
      { name: 'size', type: 'number' },
      { name: 'floor', type: 'integer' },
      { name: 'open', type: 'boolean' },
      { name: 'tags', type: 'object' },
    ] as const
    const of = (id: string, properties: object): TestFeature => ({
      ...points([1, 1])[0]!,
      id,
      properties: { ...properties },
    })
    await importFeatures(store, everything, 'things', { schema, dimension: 0 }, [
      of('a', { name: 'Café "1" \\ %', size: 1.5, floor: -1, open: true }),
      of('b', { name: '1.5', size: 1e21, floor: 0, open: false, tags: { name: 'inner' } }),
      of('c', { name: null, tags: { floor: 0, open: true } }),
    ])
    const matching = async (...values: [string, string | number | boolean][]) => {
      const properties = new Map(values)
      const page = await store.items(everything, 'things', { limit: 9, properties })
      const ids = page!.features.map(idOf)
      expect(await store.count(everything, 'things', { properties }, 1e9)).toBe(ids.length)
      return ids
    }
    expect(await matching(['name', 'Café "1" \\ %'])).toEqual(['a'])
    expect(await matching(['name', '1.5'])).toEqual(['b'])
    expect(await matching(['size', 1.5])).toEqual(['a'])
    expect(await matching(['size', 1e21])).toEqual(['b'])
    expect(await matching(['floor', 0])).toEqual(['b'])
    expect(await matching(['floor', -1], ['open', true])).toEqual(['a'])
    expect(await matching(['floor', -1], ['open', false])).toEqual([])
    expect(await matching(['open', true])).toEqual(['a'])
    expect(await matching(['name', 'inner'])).toEqual([])
    expect(await matching(['unknown', 'x'])).toEqual([])
    expect(await matching(['constructor', 'x'])).toEqual([])
  })

  it('finds what contains a point, with boundaries and without holes, smallest first', async () => {
    const hollow = rectangle(0, 0, 10, 10)
    hollow.coordinates.push(rectangle(4, 4, 6, 6).coordinates[0]!)
    const area = (id: string, geometry: Geometry): TestFeature => ({ id, geometry, properties: {} })
    await importFeatures(store, everything, 'things', { ...definition, dimension: 2 }, [
      area('hollow', hollow),
      area('large', rectangle(-20, -20, 20, 20)),
      area('twice', rectangle(-20, -20, 20, 20)),
      area('small', rectangle(1, 1, 2, 2)),
    ])
    const containing = async (x: number, y: number, limit = 9) =>
      (await store.containing(everything, 'things', [x, y], limit))!.map(idOf)
    expect(await containing(1.5, 1.5)).toEqual(['small', 'hollow', 'large', 'twice'])
    expect(await containing(1.5, 1.5, 2)).toEqual(['small', 'hollow'])
    expect(await containing(5, 5)).toEqual(['large', 'twice'])
    expect(await containing(4, 5)).toEqual(['hollow', 'large', 'twice'])
    expect(await containing(2, 2)).toEqual(['small', 'hollow', 'large', 'twice'])
    expect(await containing(20, 20)).toEqual(['large', 'twice'])
    expect(await containing(20.0000001, 20)).toEqual([])
  })

  it('pages, counts and draws the same from large and small windows', async () => {
    // More than a scan goes through at a time, with gaps among the keys.
    const many = Array.from({ length: 12_000 }, (_, index): LonLat => [
      (index % 120) - 60,
      Math.floor(index / 120) / 2,
    ])
    await replace(points(...many))
    await store.write(
      everything,
      'things',
      [3, 4, 5, 5_000, 11_999].map((index) => ({
        kind: 'delete',
        id: `p${index}`,
        ifMatch: null,
      })),
    )
    for (const box of [
      { west: -60, south: 0, east: 60, north: 49 },
      { west: -55.5, south: 3, east: 50, north: 45 },
      { west: 0, south: 0, east: 1, north: 1 },
      { west: 100, south: 0, east: 101, north: 1 },
    ]) {
      const boxes = [box]
      const ids: string[] = []
      for (let after: number | null = 0; after !== null;) {
        const page = await store.items(everything, 'things', { boxes, limit: 700, after })
        ids.push(...page!.features.map(idOf))
        after = page!.next
      }
      const inside = many.flatMap(([x, y], index) =>
        x >= box.west && x <= box.east && y >= box.south && y <= box.north ? [`p${index}`] : [],
      )
      const gone = new Set(['p3', 'p4', 'p5', 'p5000', 'p11999'])
      const expected = inside.filter((id) => !gone.has(id))
      expect(ids).toEqual(expected)
      expect(await store.count(everything, 'things', { boxes }, 1e9)).toBe(expected.length)
      const members = await store.members(everything, 'things', [box], { maximum: 20_000 })
      expect(members!.features.map(({ feature }) => idOf(feature))).toEqual(expected)
      const isHeavy = expected.length > 1_000
      const lightly = await store.light.count(everything, 'things', { boxes }, 1e9)
      expect(lightly).toBe(isHeavy ? 'heavy' : expected.length)
      for (let after: number | null = 0; after !== null;) {
        const query: ItemsQuery = { boxes, limit: 70, after }
        const light = await store.light.items(everything, 'things', query)
        const page = await store.items(everything, 'things', query)
        expect(light).toEqual(isHeavy ? 'heavy' : page)
        after = isHeavy ? null : page!.next
      }
    }
    const { light } = store
    expect(await light.items(everything, 'things', { limit: 1_000 })).not.toBe('heavy')
    expect(await light.items(everything, 'things', { limit: 1_001 })).toBe('heavy')
    expect(await light.count(everything, 'things', {}, 1e9)).toBe(many.length - 5)
    expect(await light.nearest(everything, 'things', [0, 0], 100)).not.toBe('heavy')
    expect(await light.nearest(everything, 'things', [0, 0], 101)).toBe('heavy')
    const named = new Map([['name', '“Punkt” \\ 11998']])
    expect(await store.count(everything, 'things', { properties: named }, 1e9)).toBe(1)
    expect(await light.items(everything, 'things', { properties: named, limit: 1 })).toBe('heavy')
    expect(await store.count(everything, 'things', { properties: named }, 0)).toBe('unknown')
  })

  it('texts are looked into once, however many of them match', async () => {
    const pad = 'x'.repeat(600)
    const alike = points(...Array.from({ length: 1_000 }, (_, index): LonLat => [index / 10, 0]))
    for (const { properties } of alike) properties['name'] = pad
    await replace(alike)
    const query = { properties: new Map([['name', pad]]), limit: 1_000 }
    const page = await store.light.items(everything, 'things', query)
    expect(page).not.toBe('heavy')
    expect(page).toEqual(await store.items(everything, 'things', query))
  })

  describe('with large texts', () => {
    const LONG = 'x'.repeat(1_200_000)
    /** Of every other feature, so that who sees only these sees nothing large. */
    const large = Array.from({ length: 20 }, (_, index): TestFeature => ({
      id: `f${index}`,
      geometry: { type: 'Point', coordinates: [index % 2, index] },
      properties: { name: index % 2 === 1 ? `${index} ${LONG}` : `${index}` },
    }))
    const small = { west: -0.5, south: -1, east: 0.5, north: 50 }
    const smallOnly = { ...everything, read: () => viewOf(small) }

    async function pages(scope: AccessScope, query: ItemsQuery): Promise<string[][]> {
      const found: string[][] = []
      for (let after: number | null = 0; after !== null;) {
        const page: ItemsPage | null = await store.items(scope, 'things', { ...query, after })
        found.push(page!.features.map(idOf))
        after = page!.next
      }
      return found
    }

    it('pages end early, and go on there', async () => {
      await replace(large)
      const all = large.map(({ id }) => id)
      const everywhere = { boxes: [{ west: -1, south: -1, east: 2, north: 50 }] }
      for (const filter of [{}, everywhere]) {
        const found = await pages(everything, { ...filter, limit: 1_000 })
        // Six of them have less than eight million characters.
        expect(found.map((page) => page.length)).toEqual([13, 7])
        expect(found.flat()).toEqual(all)
      }
      expect(await pages(everything, { limit: 1 })).toEqual(all.map((id) => [id]))
    })

    it('what is not seen or asked for makes no page end', async () => {
      const ids = large.filter((_, index) => index % 2 === 0).map(({ id }) => id)
      expect(await pages(smallOnly, { limit: 1_000 })).toEqual([ids])
      expect(await pages(everything, { limit: 1_000, boxes: [small] })).toEqual([ids])
    })

    it('reads of few features are heavy', async () => {
      const { light } = store
      const first = { west: -1, south: -1, east: 2, north: 1 }
      expect(await light.items(everything, 'things', { limit: 3 })).toBe('heavy')
      expect(await light.items(everything, 'things', { limit: 1 })).toMatchObject({
        features: [expect.stringContaining('"f0"')],
      })
      expect(await light.items(everything, 'things', { limit: 9, boxes: [first] })).toMatchObject({
        next: null,
      })
      expect(await light.nearest(everything, 'things', [1, 9], 5)).toBe('heavy')
      expect(await light.nearest(everything, 'things', [0, 0], 1)).toHaveLength(1)
      expect(await light.containing(everything, 'things', [1, 1], 9)).toHaveLength(1)
      expect(await light.count(everything, 'things', {}, 1e9)).toBe(20)
      const named = { properties: new Map([['name', '2']]) }
      // Postgres looks through them elsewhere.
      const lightly = kind === 'sqlite' ? 'heavy' : 1
      expect(await light.count(everything, 'things', named, 1e9)).toBe(lightly)
    })

    it('a filter by a property finds what is behind them', async () => {
      const named = { properties: new Map([['name', '18']]) }
      expect(await pages(everything, { ...named, limit: 9 })).toEqual([['f18']])
      expect(await store.count(everything, 'things', named, 1e9)).toBe(1)
    })

    it('all are found at a point, nearest and in a tile', async () => {
      const box = { west: -1, south: -1, east: 2, north: 50 }
      const members = await store.members(everything, 'things', [box], { maximum: 20 })
      expect(members!.features.map(({ feature }) => idOf(feature))).toEqual(
        large.map(({ id }) => id),
      )
      expect(members!.more).toBe(false)
      // As much as a page.
      expect(await store.nearest(everything, 'things', [1, 1], 20)).toHaveLength(13)
    })
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
            await replace(features, 'random')
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
            await replace(features, 'random')
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
