import { expect, it, vi } from 'vitest'
import { openSqliteFile } from '../../server/database/sqlite.ts'
import type { Source } from '../../server/maps/import/readers/reading.ts'
import { runImport } from '../../server/maps/import/run-import.ts'
import { openMapStore } from '../../server/maps/store/open.ts'
import type { MapStore } from '../../server/maps/store/map-store.ts'
import { scopeOver } from '../support/collections.ts'
import { describeDatabases } from '../support/databases.ts'

/** What SQLite may use of the disk, in pages; 0: all. */
const disk = vi.hoisted(() => ({ pages: 0 }))

vi.mock(import('../../server/database/sqlite.ts'), async (original) => {
  const real = await original()
  return {
    ...real,
    openSqliteFile(file) {
      const connection = real.openSqliteFile(file)
      if (disk.pages > 0) connection.exec(`pragma max_page_count = ${disk.pages}`)
      return connection
    },
  }
})

const scope = scopeOver('things')

function sourceOf(lines: () => Iterable<string>): Source {
  let size = 0
  for (const line of lines()) size += line.length
  return {
    size,
    async *open() {
      for (const line of lines()) yield Buffer.from(line)
    },
  }
}

const line = (id: number, properties: object) =>
  `${JSON.stringify({ type: 'Feature', id, geometry: { type: 'Point', coordinates: [1, 2] }, properties })}\n`

function* plain(count: number) {
  for (let id = 0; id < count; id++) yield line(id, { name: `thing ${id}` })
}

/** Half a megabyte that would be stored as 600: the first feature gives all others their properties. */
function* swelling() {
  const names = Array.from({ length: 999 }, (_, index) => String(index).padEnd(200, 'x'))
  yield line(0, Object.fromEntries(names.map((name) => [name, 1])))
  for (let id = 1; id < 3_000; id++) yield line(id, {})
}

function load(store: MapStore, lines: () => Iterable<string>, merge = false) {
  const options = { format: 'ndjson' as const, ...(merge && { merge }) }
  return runImport({ store, scope, collectionId: 'things', source: sourceOf(lines), options })
}

/** Something happens when the file is read again, to be written. */
function interrupted(lines: () => Iterable<string>, work: () => Promise<void>): Source {
  const source = sourceOf(lines)
  let isFirst = true
  return {
    ...source,
    async *open() {
      if (!isFirst) await work()
      isFirst = false
      yield* source.open()
    },
  }
}

const countOf = async (store: MapStore) => (await store.state(scope, 'things'))!.featureCount

describeDatabases('what an import stores', (kind, locate) => {
  it('is bounded by what was sent', { timeout: 180_000 }, async () => {
    await using store = await openMapStore(await locate())
    expect(await load(store, () => plain(10))).toMatchObject({ kind: 'done' })
    const tooMuch = { kind: 'failed', reason: expect.stringContaining('would take more than') }
    expect(await load(store, swelling)).toMatchObject(tooMuch)
    expect(await countOf(store)).toBe(10)
    // What is kept counts as sent.
    const few = () => swelling().take(1)
    expect(await load(store, few, true)).toMatchObject({ kind: 'done', featureCount: 10 })
    expect(await load(store, () => plain(20))).toMatchObject({ kind: 'done', features: 20 })
  })

  it('goes with a collection that is deleted meanwhile', async () => {
    await using store = await openMapStore(await locate())
    const drop = () => store.drop(scope, 'things')
    const source = interrupted(() => plain(10), drop)
    const order = { store, scope, collectionId: 'things', options: { format: 'ndjson' as const } }
    expect(await runImport({ ...order, source })).toMatchObject({ kind: 'gone' })
    expect(await runImport({ ...order, source, scope: scopeOver() })).toMatchObject({
      kind: 'gone',
    })
  })

  it.runIf(kind === 'sqlite')('leaves a reserve of the disk', async () => {
    await using store = await openMapStore(await locate(), { sparedBytes: Infinity })
    expect(await load(store, () => plain(10))).toMatchObject({ kind: 'done' })
    expect(await load(store, () => plain(70_000))).toMatchObject({
      kind: 'failed',
      reason: 'the disk has no room',
    })
    expect(await countOf(store)).toBe(10)
  })

  it.runIf(kind === 'sqlite')('may fill the disk: the old data stays', async () => {
    const location = await locate()
    if (location.kind !== 'sqlite') throw new Error(location.kind)
    await using store = await openMapStore(location)
    expect(await load(store, () => plain(10))).toMatchObject({ kind: 'done' })
    disk.pages = 300
    const full = { kind: 'failed', reason: 'the disk is full' }
    expect(await load(store, () => plain(5_000))).toMatchObject(full)
    expect(await countOf(store)).toBe(10)
    // It was given up, and another begins at once.
    expect(await load(store, () => plain(20))).toMatchObject({ kind: 'done' })
    using other = openSqliteFile(location.file)
    other.exec('create table ballast (bytes)')
    expect(() => {
      for (;;) other.exec('insert into ballast values (zeroblob(3800))')
    }).toThrow('full')
    expect(await load(store, () => plain(30))).toMatchObject(full)
    expect(await countOf(store)).toBe(20)
    other.exec('drop table ballast')
    expect(await load(store, () => plain(30))).toMatchObject({ kind: 'done' })
    disk.pages = 0
  })
})
