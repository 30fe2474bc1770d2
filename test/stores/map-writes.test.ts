import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { createPool } from '../../server/database/postgres.ts'
import { openSqliteFile } from '../../server/database/sqlite.ts'
import type { FeatureChange, NewFeature, WriteOutcome } from '../../server/maps/store/changes.ts'
import { importFeatures } from '../../server/maps/store/import-features.ts'
import type { MapStore } from '../../server/maps/store/map-store.ts'
import { openMapStore } from '../../server/maps/store/open.ts'
import {
  limitedScope,
  rectangle,
  scopeOver,
  type TestFeature,
  testCollection,
  text,
} from '../support/collections.ts'
import { describeDatabases } from '../support/databases.ts'

const scope = scopeOver('things', 'others')
const definition = {
  schema: [
    text('name', { search: 'name' }),
    text('from', { format: 'date', role: 'start' }),
    text('until', { format: 'date', role: 'end' }),
  ],
  dimension: 0,
} as const

const point = (x: number, y: number, properties: Record<string, unknown> = {}): NewFeature => ({
  id: null,
  geometry: { type: 'Point', coordinates: [x, y] },
  properties,
})
const named = (id: string, x: number, y: number): TestFeature => ({
  ...point(x, y, { name: id }),
  id,
})

const create = (feature: NewFeature): FeatureChange => ({ kind: 'create', feature })
const replace = (
  id: string,
  feature: NewFeature,
  ifMatch: string[] | null = null,
): FeatureChange => ({ kind: 'replace', id, feature, ifMatch })
const remove = (id: string, ifMatch: string[] | null = null): FeatureChange => ({
  kind: 'delete',
  id,
  ifMatch,
})

const refusal = (outcome: WriteOutcome) =>
  outcome.kind === 'refused' ? `${outcome.index} ${outcome.reason}` : outcome.kind

describeDatabases('changes to the map store', (_kind, locate) => {
  let location: DatabaseLocation
  let store: MapStore
  let now = Date.now()

  beforeAll(async () => {
    location = await locate()
    const clock = { now: () => now, monotonic: () => performance.now() }
    store = await openMapStore(location, { clock })
  })
  afterAll(() => store[Symbol.asyncDispose]())
  beforeEach(() => reset(named('a', 1, 1), named('b', 5, 5), named('c', 9, 9)))

  async function reset(...features: TestFeature[]) {
    await importFeatures(store, scope, 'things', definition, features)
  }

  const write = (...changes: FeatureChange[]) => store.write(scope, 'things', changes)

  async function ids(): Promise<string[]> {
    const page = await store.items(scope, 'things', { limit: 100 })
    return page!.features.map((each) => (JSON.parse(each) as { id: string }).id)
  }

  const etag = async (id: string) => (await store.item(scope, 'things', id))!.etag

  it('create, replace and delete features, and are found at once by every way', async () => {
    const outcome = await write(
      create({ ...point(3, 3, { name: 'new' }), id: 'd' }),
      replace('a', point(2, 8, { name: 'other' })),
      remove('b'),
    )
    expect(outcome).toEqual({
      kind: 'written',
      features: [
        { id: 'd', etag: await etag('d') },
        { id: 'a', etag: await etag('a') },
        { id: 'b', etag: null },
      ],
    })
    expect(await ids()).toEqual(['a', 'c', 'd'])
    expect(JSON.parse((await store.item(scope, 'things', 'a'))!.feature)).toEqual({
      type: 'Feature',
      id: 'a',
      geometry: { type: 'Point', coordinates: [2, 8] },
      properties: { name: 'other', from: null, until: null },
    })
    const inBox = async (west: number, south: number, east: number, north: number) =>
      store.count(scope, 'things', { boxes: [{ west, south, east, north }] }, 1_000)
    expect(await inBox(0, 0, 1.5, 1.5)).toBe(0)
    expect(await inBox(1.5, 7, 3, 9)).toBe(1)
    expect(await inBox(4, 4, 6, 6)).toBe(0)
    const search = async (words: string) =>
      (await store.search(scope, { text: words, collectionIds: ['things'], limit: 9 })).hits
    expect(await search('new')).toHaveLength(1)
    expect(await search('other')).toHaveLength(1)
    expect(await search('a')).toEqual([])
    expect(await search('b')).toEqual([])
    const [nearest] = (await store.nearest(scope, 'things', [3, 3], 1))!
    expect(JSON.parse(nearest!.feature)).toMatchObject({ id: 'd' })
  })

  it('make ids up where there are none', async () => {
    const outcome = await write(create(point(1, 1)), create(point(1, 1)))
    if (outcome.kind !== 'written') throw new Error(outcome.detail)
    const made = outcome.features.map(({ id }) => id)
    expect(new Set(made).size).toBe(2)
    for (const id of made) expect(id).toMatch(/^[0-9a-f]{24}$/)
    expect((await ids()).slice(3)).toEqual(made)
  })

  it('keep count, extent and interval up to date', async () => {
    const told = async () => {
      const { featureCount, extent, interval } = (await store.state(scope, 'things'))!
      return { featureCount, extent, interval }
    }
    const box = (west: number, south: number, east: number, north: number) => ({
      west,
      south,
      east,
      north,
    })
    expect(await told()).toEqual({ featureCount: 3, extent: box(1, 1, 9, 9), interval: null })
    await write(create(point(20, 1, { from: '2020-01-01', until: '2020-12-31' })))
    const year = [Date.parse('2020-01-01'), Date.parse('2021-01-01') - 1]
    expect(await told()).toEqual({ featureCount: 4, extent: box(1, 1, 20, 9), interval: year })
    await write(create({ ...point(4, 4, { from: '2021-06-01' }), id: 'open' }))
    expect((await told()).interval).toEqual([year[0], null])
    await write(remove('open'))
    expect((await told()).interval).toEqual(year)
    await write(remove('a'), replace('b', point(6, 7)))
    expect(await told()).toMatchObject({ featureCount: 3, extent: box(6, 1, 20, 9) })
    const all = await ids()
    await write(...all.map((id) => remove(id)))
    expect(await told()).toEqual({ featureCount: 0, extent: null, interval: null })
  })

  it('happen all or not at all', async () => {
    const before = await store.items(scope, 'things', { limit: 9 })
    const outcome = await write(remove('a'), create(point(1, 2)), remove('nobody'))
    expect(outcome).toMatchObject({ kind: 'refused', index: 2, reason: 'unknown' })
    expect(await store.items(scope, 'things', { limit: 9 })).toEqual(before)
    expect(refusal(await write(create({ ...point(1, 2), id: 'a' })))).toBe('0 exists')
    const twice = { ...point(1, 2), id: 'twice' }
    expect(refusal(await write(create(twice), create(twice)))).toBe('1 exists')
    expect(refusal(await write(remove('a\0')))).toBe('0 unknown')
    expect(refusal(await write(remove('a'), remove('a')))).toBe('1 unknown')
    expect(await ids()).toEqual(['a', 'b', 'c'])
    expect(await write()).toEqual({ kind: 'written', features: [] })
  })

  it('need the feature to be as If-Match says', async () => {
    const first = await etag('a')
    expect(refusal(await write(replace('a', point(1, 2), ['x'])))).toBe('0 precondition')
    expect(refusal(await write(remove('a', ['x', await etag('b')])))).toBe('0 precondition')
    expect(refusal(await write(replace('a', point(1, 2), ['x', first])))).toBe('written')
    expect(refusal(await write(remove('a', [first])))).toBe('0 precondition')
    expect(refusal(await write(remove('a', [await etag('a')])))).toBe('written')
  })

  it('need the feature not to be as If-None-Match says', async () => {
    const unless = (...tags: string[]) => ({ ...replace('a', point(1, 2)), ifNoneMatch: tags })
    const first = await etag('a')
    expect(refusal(await write(unless('*') as FeatureChange))).toBe('0 precondition')
    expect(refusal(await write(unless('x', first) as FeatureChange))).toBe('0 precondition')
    expect(refusal(await write({ ...remove('a'), ifNoneMatch: ['*'] } as FeatureChange))).toBe(
      '0 precondition',
    )
    expect(await etag('a')).toBe(first)
    expect(refusal(await write(unless('x') as FeatureChange))).toBe('written')
  })

  it('are refused in a collection that has no data, or is not there', async () => {
    const unknown = await store.write(scopeOver('things'), 'others', [remove('a')])
    expect(refusal(unknown)).toBe('0 unknown')
    expect(refusal(await store.write(scope, 'others', [create(point(1, 1))]))).toBe('0 no-schema')
  })

  it('are refused where the scope does not permit them', async () => {
    const inWest = rectangle(0, 0, 6, 10)
    const limited = limitedScope({ read: [inWest], write: [rectangle(0, 0, 3, 10)] }, 'things')
    const outcome = async (change: FeatureChange) =>
      refusal(await store.write(limited, 'things', [change]))
    // Seen, but not where may be written; and not seen at all.
    expect(await outcome(remove('b'))).toBe('0 outside')
    expect(await outcome(remove('c'))).toBe('0 unknown')
    expect(await outcome(replace('b', point(1, 2)))).toBe('0 outside')
    expect(await outcome(replace('a', point(4, 1)))).toBe('0 outside')
    expect(await outcome(create(point(4, 1)))).toBe('0 outside')
    // Ids are made up, whether they are taken by what is not seen or not.
    for (const id of ['c', 'nobody']) {
      const made = await store.write(limited, 'things', [create({ ...point(2, 1), id })])
      expect(made).toMatchObject({ features: [{ id: expect.stringMatching(/^[0-9a-f]{24}$/) }] })
      const probe = [create({ ...point(2, 1), id }), create(point(9, 9))]
      expect(refusal(await store.write(limited, 'things', probe))).toBe('1 outside')
    }
    const line: NewFeature = {
      ...point(0, 0),
      geometry: {
        type: 'LineString',
        coordinates: [
          [1, 1],
          [4, 1],
        ],
      },
    }
    expect(await outcome(create(line))).toBe('0 outside')
    expect(await outcome(replace('a', point(3, 10)))).toBe('written')
    expect(await outcome(create(point(0, 0)))).toBe('written')
    const readOnly = { ...scope, write: () => 'none' as const }
    expect(refusal(await store.write(readOnly, 'things', [remove('a')]))).toBe('0 forbidden')
    const made = testCollection('things', { madeOf: 'parts' })
    const ofParts = { ...limited, read: () => 'all' as const, collection: () => made }
    expect(refusal(await store.write(ofParts, 'things', [remove('a')]))).toBe('0 forbidden')
  })

  it('at once with the same If-Match let exactly one win, on several nodes', async () => {
    await using other = await openMapStore(location)
    const first = await etag('a')
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        (index % 2 ? store : other).write(scope, 'things', [
          replace('a', point(1, index / 10, { name: `writer ${index}` }), [first]),
        ]),
      ),
    )
    const kinds = outcomes.map(refusal).toSorted()
    expect(kinds).toEqual([...Array.from({ length: 11 }, () => '0 precondition'), 'written'])
    const winner = outcomes.find((each) => each.kind === 'written')!
    expect(winner).toMatchObject({ features: [{ id: 'a', etag: await etag('a') }] })
  })

  it('at once that create the same id let exactly one win', async () => {
    await using other = await openMapStore(location)
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 ? store : other).write(scope, 'things', [
          create({ ...point(1, index), id: 'same' }),
        ]),
      ),
    )
    expect(outcomes.map(refusal).filter((each) => each === 'written')).toHaveLength(1)
    expect((await store.state(scope, 'things'))!.featureCount).toBe(4)
    expect(await store.count(scope, 'things', { boxes: [WORLD] }, 1_000)).toBe(4)
  })

  it('are told to other nodes, with boxes old and new', async () => {
    await using other = await openMapStore(location)
    const start = await other.changesSince(0)
    if (start === 'lost') throw new Error(start)
    expect(start.changes).toEqual([])
    expect(await other.changesSince(start.revision)).toEqual(start)
    await write(replace('a', point(2, 3)), remove('b'))
    await reset(named('a', 1, 1))
    const pointBox = (x: number, y: number) => ({ west: x, south: y, east: x, north: y })
    const changes = [
      {
        collectionId: 'things',
        revision: start.revision + 1,
        boxes: [pointBox(1, 1), pointBox(2, 3), pointBox(5, 5)],
      },
      { collectionId: 'things', revision: start.revision + 2, boxes: null },
    ]
    expect(await store.changesSince(start.revision)).toEqual({
      revision: start.revision + 2,
      changes,
    })
    await vi.waitFor(async () =>
      expect(await other.changesSince(start.revision)).toMatchObject({ changes }),
    )
    expect(await store.changesSince(start.revision + 1)).toMatchObject({ changes: [changes[1]] })
    const members = await store.members(scope, 'things', [WORLD], { maximum: 9 })
    expect(members!.revision).toBe(start.revision + 2)
    // A revision that is yet to come: of another database, before it was put back from a backup.
    expect(await store.changesSince(start.revision + 99)).toBe('lost')
  })

  it('are forgotten after an hour', async () => {
    const start = await store.changesSince(0)
    if (start === 'lost') throw new Error(start)
    await write(remove('a'))
    now += 3_700_000
    await write(remove('b'))
    expect(await store.changesSince(start.revision)).toBe('lost')
    expect(await store.changesSince(start.revision + 1)).toMatchObject({
      changes: [{ revision: start.revision + 2 }],
    })
    expect(await revisionsKept()).toEqual([start.revision + 2])
  })

  it('of many boxes are told as one box around them', async () => {
    const start = await store.changesSince(0)
    if (start === 'lost') throw new Error(start)
    await write(...Array.from({ length: 300 }, (_, index) => create(point(index / 10, 1))))
    expect(await store.changesSince(start.revision)).toMatchObject({
      changes: [{ boxes: [{ west: 0, south: 1, east: 29.9, north: 1 }] }],
    })
  })

  const WORLD = { west: -180, south: -90, east: 180, north: 90 }

  async function revisionsKept(): Promise<number[]> {
    const sql = 'select revision from map_changes order by revision'
    if (location.kind === 'sqlite') {
      const connection = openSqliteFile(location.file)
      const rows = connection.prepare(sql).all()
      connection.close()
      return rows.map(({ revision }) => Number(revision))
    }
    const pool = createPool(location)
    const { rows } = await pool.query<{ revision: number }>(sql)
    await pool.end()
    return rows.map(({ revision }) => revision)
  }
})
