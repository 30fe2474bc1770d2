import { fork } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { createPool } from '../../server/database/postgres.ts'
import { openSqliteFile } from '../../server/database/sqlite.ts'
import { wholeScope } from '../../server/access/scopes/whole-scope.ts'
import type { Generation, GenerationDefinition } from '../../server/maps/store/changes.ts'
import { importFeatures } from '../../server/maps/store/import-features.ts'
import type { MapStore } from '../../server/maps/store/map-store.ts'
import { openMapStore } from '../../server/maps/store/open.ts'
import {
  limitedScope,
  rectangle,
  scopeOver,
  testCollection,
  type TestFeature,
  text,
} from '../support/collections.ts'
import { describeDatabases } from '../support/databases.ts'

const definition: GenerationDefinition = {
  schema: [text('name', { search: 'name' })],
  dimension: 0,
}
const scope = scopeOver('things', 'others')

const feature = (id: string, longitude = 1, name = id): TestFeature => ({
  id,
  geometry: { type: 'Point', coordinates: [longitude, 1] },
  properties: { name },
})
const features = (count: number, longitude = 1): TestFeature[] =>
  Array.from({ length: count }, (_, index) => feature(`f${index}`, longitude))

describeDatabases('imports into the map store', (_kind, locate) => {
  let location: DatabaseLocation
  let store: MapStore
  let now = Date.now()
  const clock = { now: () => now, monotonic: () => performance.now() }

  beforeAll(async () => {
    location = await locate()
    store = await openMapStore(location, { clock })
  })
  afterAll(() => store[Symbol.asyncDispose]())

  const replace = (some: Iterable<TestFeature>, id = 'things') =>
    importFeatures(store, scope, id, definition, some)

  async function begin(from: MapStore = store, merge = false): Promise<Generation> {
    const begun = await from.beginGeneration(scope, 'things', { ...definition, merge })
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    return begun.generation
  }

  async function idsOf(from: MapStore = store, id = 'things'): Promise<string[]> {
    const page = await from.items(scope, id, { limit: 10_000 })
    return page!.features.map((each) => (JSON.parse(each) as { id: string }).id)
  }

  async function keysOf(): Promise<Record<string, number>> {
    const world = { west: -180, south: -90, east: 180, north: 90 }
    const members = await store.members(scope, 'things', [world], { maximum: 100 })
    return Object.fromEntries(
      members!.features.map(({ key, feature: each }) => [
        (JSON.parse(each) as { id: string }).id,
        key,
      ]),
    )
  }

  it('are not seen until they are finished, and then at once, by other nodes too', async () => {
    await replace(features(2))
    await using other = await openMapStore(location)
    const generation = await begin()
    await generation.add(features(2_500, 2))
    for (const each of [store, other]) {
      expect(await idsOf(each)).toEqual(['f0', 'f1'])
      expect((await each.state(scope, 'things'))!.featureCount).toBe(2)
      const search = { text: 'f2', collectionIds: ['things'], limit: 9 }
      expect((await each.search(scope, search)).hits).toEqual([])
    }
    const before = (await store.state(scope, 'things'))!.generation
    const finished = await generation.finish()
    await generation[Symbol.asyncDispose]()
    expect(finished).toEqual({ generation: before + 1, featureCount: 2_500 })
    expect(await store.state(scope, 'things')).toMatchObject(finished)
    await vi.waitFor(async () => expect(await idsOf(other)).toHaveLength(2_500))
    const { hits } = await other.search(scope, { text: 'f2', collectionIds: ['things'], limit: 9 })
    expect(hits).toHaveLength(9)
    expect(hits[0]).toMatchObject({ match: 'exact', collectionId: 'things' })
  })

  it('leave a reader that is under way what it began with', async () => {
    await replace(features(3_000))
    const seen = new Set<number>()
    let reading = true
    const reader = (async () => {
      while (reading) seen.add((await idsOf()).length)
    })()
    await replace(features(2_000))
    reading = false
    await reader
    expect([...seen].every((length) => length === 3_000 || length === 2_000)).toBe(true)
    expect(await idsOf()).toHaveLength(2_000)
  })

  it('keep the keys of features that come again, and use none twice', async () => {
    await replace([feature('a'), feature('b'), feature('c')])
    const first = await keysOf()
    await replace([feature('d'), feature('c'), feature('a', 5)])
    const second = await keysOf()
    expect(second).toMatchObject({ a: first['a'], c: first['c'] })
    expect(second['d']).toBeGreaterThan(first['c']!)
    // In the order of keys, whatever the order in which they came.
    expect(await idsOf()).toEqual(['a', 'c', 'd'])
    await replace([feature('b')])
    expect((await keysOf())['b']).toBeGreaterThan(second['d']!)
    await store.drop(scope, 'things')
    await replace([feature('b')])
    expect((await keysOf())['b']).toBeGreaterThan(second['d']! + 1)
  })

  it('tell which features they refuse, and keep the rest', async () => {
    await store.drop(scope, 'things')
    const generation = await begin()
    expect(await generation.add([feature('a', 1), feature('a', 2), feature('b')])).toEqual([
      { index: 1, reason: 'the id "a" comes twice' },
    ])
    expect(await generation.add([feature('c'), feature('b')])).toEqual([
      { index: 1, reason: 'the id "b" comes twice' },
    ])
    expect(await generation.finish()).toMatchObject({ featureCount: 3 })
    await generation[Symbol.asyncDispose]()
    expect(await idsOf()).toEqual(['a', 'b', 'c'])
    expect(JSON.parse((await store.item(scope, 'things', 'a'))!.feature)).toMatchObject({
      geometry: { coordinates: [1, 1] },
    })
  })

  it('may keep what they do not have, in the new schema', async () => {
    await replace([feature('a'), feature('b'), feature('c', 9)])
    const keys = await keysOf()
    const schema = [text('more'), text('name', { search: 'name' })]
    const merged = await importFeatures(
      store,
      scope,
      'things',
      { schema, dimension: 0, merge: true },
      [{ ...feature('b', 4), properties: { name: 'bee', more: 'yes' } }, feature('d')],
    )
    expect(merged.featureCount).toBe(4)
    expect(await keysOf()).toMatchObject(keys)
    const item = async (id: string) =>
      (JSON.parse((await store.item(scope, 'things', id))!.feature) as TestFeature).properties
    expect(await item('a')).toEqual({ more: null, name: 'a' })
    expect(await item('b')).toEqual({ more: 'yes', name: 'bee' })
    expect((await store.state(scope, 'things'))!.extent).toMatchObject({ west: 1, east: 9 })
    const search = async (words: string) =>
      (await store.search(scope, { text: words, collectionIds: ['things'], limit: 9 })).hits
    expect(await search('c')).toHaveLength(1)
    expect(await search('bee')).toHaveLength(1)
  })

  it('change nothing when they are given up', async () => {
    await replace(features(2))
    const state = await store.state(scope, 'things')
    const failing = (function* () {
      yield* features(1_500)
      throw new Error('the source broke')
    })()
    await expect(replace(failing)).rejects.toThrow('the source broke')
    expect(await store.state(scope, 'things')).toEqual(state)
    expect(await idsOf()).toEqual(['f0', 'f1'])
    await replace(features(3))
    expect(await idsOf()).toHaveLength(3)
  })

  it('are refused while another of the same collection is under way, and so are changes', async () => {
    await replace(features(1))
    await using other = await openMapStore(location)
    const generation = await begin(other)
    expect(await store.beginGeneration(scope, 'things', definition)).toEqual({ kind: 'busy' })
    const change = { kind: 'delete', id: 'f0', ifMatch: null } as const
    expect(await store.write(scope, 'things', [change])).toMatchObject({ reason: 'importing' })
    await replace(features(4), 'others')
    expect(await store.write(scope, 'others', [change])).toMatchObject({ kind: 'written' })
    await generation[Symbol.asyncDispose]()
    expect(await store.write(scope, 'things', [change])).toMatchObject({ kind: 'written' })
  })

  it('are refused to whoever may not write everywhere', async () => {
    const limited = limitedScope({ write: [rectangle(0, 0, 9, 9)] }, 'things')
    for (const each of [limited, scopeOver()]) {
      expect(await store.beginGeneration(each, 'things', definition)).toEqual({ kind: 'forbidden' })
    }
  })

  it('that nothing is heard of are given up', async () => {
    await replace(features(1))
    const sleeping = await begin()
    await sleeping.add([feature('late')])
    now += 40_000
    const change = { kind: 'create', feature: feature('new') } as const
    expect(await store.write(scope, 'things', [change])).toMatchObject({ kind: 'written' })
    await expect(sleeping.add([feature('later')])).rejects.toThrow('given up')
    await expect(sleeping.finish()).rejects.toThrow('given up')
    await sleeping[Symbol.asyncDispose]()
    expect(await idsOf()).toEqual(['f0', 'new'])
  })

  it('whose collection is deleted meanwhile are told so', async () => {
    await replace(features(1))
    const generation = await begin()
    await generation.add([feature('late')])
    await store.drop(scope, 'things')
    await expect(generation.add([feature('later')])).rejects.toThrow('the collection was deleted')
    await generation[Symbol.asyncDispose]()
    expect(await idsOf()).toEqual([])
  })

  it('of a killed process leave the old data, and can begin again at once', async () => {
    await replace(features(3))
    const child = fork(new URL('../support/half-import.ts', import.meta.url), { execArgv: [] })
    child.send({ location, collectionId: 'things' })
    await once(child, 'message')
    expect(await idsOf()).toHaveLength(3)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const left = (await tableNames()).length
    await using fresh = await openMapStore(location)
    // What it left behind goes when a node starts, or another import begins.
    expect((await tableNames()).length).toBeLessThan(left)
    expect(await idsOf(fresh)).toHaveLength(3)
    expect(await fresh.item(scope, 'things', 'half0')).toBeNull()
    await replace(features(5))
    expect(await idsOf()).toHaveLength(5)
  })

  it('leave no tables behind', async () => {
    await replace(features(3))
    const before = await tableNames()
    for (let round = 0; round < 3; round++) {
      now += 61_000
      await replace(features(3))
    }
    now += 61_000
    const generation = await begin()
    await generation[Symbol.asyncDispose]()
    expect((await tableNames()).length).toBeLessThanOrEqual(before.length)
  })

  it('at once on several nodes of a new database leave one of them', async () => {
    const fresh = await locate()
    const stores = await Promise.all([1, 2, 3].map(() => openMapStore(fresh)))
    const outcomes = await Promise.allSettled(
      stores.map((each, index) =>
        importFeatures(each, scope, 'things', definition, features(index + 1)),
      ),
    )
    const counts = outcomes.flatMap((each) =>
      each.status === 'fulfilled' ? [each.value.featureCount] : [],
    )
    expect(counts.length).toBeGreaterThan(0)
    await vi.waitFor(async () => {
      const count = (await stores[0]!.state(scope, 'things'))!.featureCount
      expect(counts).toContain(count)
      expect(await idsOf(stores[1])).toHaveLength(count!)
    })
    for (const each of stores) await each[Symbol.asyncDispose]()
  })

  it('are undone by dropping the collection', async () => {
    await replace(features(2))
    await replace(features(2), 'others')
    await store.drop(scopeOver(), 'things')
    expect(await idsOf()).toHaveLength(2)
    await store.drop(scope, 'things')
    expect(await store.state(scope, 'things')).toMatchObject({ generation: 0, featureCount: 0 })
    expect(await idsOf()).toEqual([])
    expect(await idsOf(store, 'others')).toHaveLength(2)
  })

  it('are not of a later collection of the same id, whatever became of the first one’s data', async () => {
    await replace(features(2))
    const newer = testCollection('things', { createdAt: 10 })
    const ofNewer = wholeScope(() => [newer])
    const world = { west: -180, south: -90, east: 180, north: 90 }
    const none = { generation: 0, featureCount: 0, schema: [], extent: null }
    expect(await store.state(ofNewer, 'things')).toMatchObject(none)
    expect((await store.items(ofNewer, 'things', { limit: 9 }))!.features).toEqual([])
    expect(await store.item(ofNewer, 'things', 'f0')).toBeNull()
    expect(await store.count(ofNewer, 'things', {}, 1_000)).toBe(0)
    const members = await store.members(ofNewer, 'things', [world], { maximum: 9 })
    expect(members!.features).toEqual([])
    const search = { text: 'f0', collectionIds: ['things'], limit: 9 }
    expect((await store.search(ofNewer, search)).hits).toEqual([])
    const change = { kind: 'delete', id: 'f0', ifMatch: null } as const
    expect(await store.write(ofNewer, 'things', [change])).toMatchObject({ reason: 'no-schema' })
    expect(await store.leftovers([newer])).toContain('things')
    expect(await store.leftovers([testCollection('things')])).not.toContain('things')

    const merging = { ...definition, merge: true }
    await importFeatures(store, ofNewer, 'things', merging, [feature('new')])
    expect((await store.state(ofNewer, 'things'))!.featureCount).toBe(1)
    expect(await idsOf()).toEqual([])
    expect(await store.beginGeneration(scope, 'things', definition)).toEqual({ kind: 'forbidden' })
    // The first one's deletion comes late.
    await store.drop(scope, 'things')
    await store.dropLeftovers('things', newer.createdAt)
    expect((await store.state(ofNewer, 'things'))!.featureCount).toBe(1)
    await store.dropLeftovers('things', newer.createdAt + 1)
    expect((await store.state(ofNewer, 'things'))!.featureCount).toBe(0)
  })

  it('can be read by a store that is opened to be read only', async () => {
    await replace(features(2))
    await using reader = await openMapStore(location, { readOnly: true })
    expect(await idsOf(reader)).toHaveLength(2)
    await expect(reader.write(scope, 'things', [])).rejects.toThrow('read only')
    await expect(reader.beginGeneration(scope, 'things', definition)).rejects.toThrow('read only')
  })

  async function tableNames(): Promise<string[]> {
    if (location.kind === 'sqlite') {
      const connection = openSqliteFile(location.file)
      const rows = connection.prepare("select name from sqlite_schema where type = 'table'").all()
      connection.close()
      return rows.map(({ name }) => String(name))
    }
    const pool = createPool(location)
    const { rows } = await pool.query<{ tablename: string }>(
      "select tablename from pg_tables where schemaname = 'public'",
    )
    await pool.end()
    return rows.map(({ tablename }) => tablename)
  }
})
