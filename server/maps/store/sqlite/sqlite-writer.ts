import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { openSqliteFile } from '../../../database/sqlite.ts'
import { searchedOf } from '../../search/search-row.ts'
import { fillWords } from '../../search/sqlite-search.ts'
import type { MapWrite, MapWriter, StoredCollection } from '../backend.ts'
import { type GenerationRecord, KEPT_MILLISECONDS, toGeneration, toRecord } from '../records.ts'
import { fillBoxes } from './box-index.ts'
import { createRowWriter } from './sqlite-row-writer.ts'
import { dropTables, tablesOf, untilFree } from './sqlite-tables.ts'

/** A connection that writes. Its transactions are `BEGIN IMMEDIATE` and wait for each other. */
export async function openSqliteWriter(
  file: string,
  { bulk }: { bulk: boolean },
): Promise<MapWriter> {
  const connection = await untilFree(() => openSqliteFile(file))
  if (bulk) {
    connection.exec('pragma cache_size = -32000; pragma wal_autocheckpoint = 16000')
    // So that `fillBoxes` may write what is behind an RTREE; older releases of Node never forbid it.
    connection.enableDefensive?.(false)
  }
  const write = createWrite(connection)
  let before: Promise<unknown> = Promise.resolve()

  async function run<Result>(
    work: (write: MapWrite) => Result | Promise<Result>,
    durable: boolean,
  ): Promise<Result> {
    connection.exec(`pragma synchronous = ${durable ? 'full' : 'normal'}`)
    await untilFree(() => connection.exec('begin immediate'))
    try {
      const result = await work(write)
      connection.exec('commit')
      return result
    } catch (error) {
      // SQLite has rolled back by itself after some errors (a full disk, say).
      if (connection.isTransaction) connection.exec('rollback')
      throw error
    }
  }

  function transaction<Result>(
    work: (write: MapWrite) => Result | Promise<Result>,
    { durable } = { durable: !bulk },
  ): Promise<Result> {
    const done = before.then(() => run(work, durable))
    before = done.catch(() => {})
    return done
  }

  return {
    transaction,
    async indexGeneration({ number, schema }) {
      for (const fill of searchedOf(schema) ? [fillBoxes, fillWords] : [fillBoxes]) {
        for (const step of fill(connection, number)) {
          await transaction(step)
          await setImmediate()
        }
      }
    },
    async freeBytes() {
      const { bavail, bsize } = await statfs(dirname(file))
      return bavail * bsize
    },
    async [Symbol.asyncDispose]() {
      await before
      try {
        // Gives back the disk space of the log, unless a reader is in its way.
        if (bulk) connection.exec('pragma wal_checkpoint(truncate)')
      } catch {
        // On a full disk it stays; what has been written is in it.
      } finally {
        connection.close()
      }
    },
  }
}

function createWrite(connection: DatabaseSync): MapWrite {
  const statements = new Map<string, StatementSync>()
  const sql = (text: string): StatementSync => {
    const kept = statements.get(text)
    if (kept) return kept
    // Each generation has texts of its own: forget all rather than grow without bound.
    if (statements.size >= MAXIMUM_STATEMENTS) statements.clear()
    const statement = connection.prepare(text)
    statements.set(text, statement)
    return statement
  }

  return {
    holdCollection(id) {
      sql(
        'insert into map_collections values (?, 1, 0, null, null) on conflict (id) do nothing',
      ).run(id)
      return sql(
        'select id, next_key "nextKey", generation, live, hidden from map_collections where id = ?',
      ).get(id) as unknown as StoredCollection
    },
    saveCollection({ id, nextKey, generation, live, hidden }) {
      sql(
        'update map_collections set next_key = ?, generation = ?, live = ?, hidden = ? where id = ?',
      ).run(nextKey, generation, live, hidden, id)
    },
    generation(number) {
      const row = sql('select * from map_generations where number = ?').get(number)
      return row ? toGeneration(row as unknown as GenerationRecord) : null
    },
    createGeneration(generation) {
      const { lastInsertRowid } = sql(
        `insert into map_generations
          (collection, generation, definition, summary, writer, heard_at, retired_at)
        values (:collection, :generation, :definition, :summary, :writer, :heard_at, :retired_at)`,
      ).run({ ...toRecord(generation) })
      const number = Number(lastInsertRowid)
      connection.exec(tablesOf(number, searchedOf(generation.schema) !== null))
      return number
    },
    saveGeneration(generation) {
      const { summary, writer, heard_at, retired_at } = toRecord(generation)
      sql(
        'update map_generations set summary = ?, writer = ?, heard_at = ?, retired_at = ? where number = ?',
      ).run(summary, writer, heard_at, retired_at, generation.number)
    },
    hear(number, at) {
      sql('update map_generations set heard_at = ? where number = ?').run(at, number)
    },
    generationsToSweep: (retiredBefore) =>
      (
        sql(
          `select generation.* from map_generations generation
          left join map_collections collection on collection.live = number
          where retired_at < ? or (retired_at is null and collection.id is null)`,
        ).all(retiredBefore) as unknown as GenerationRecord[]
      ).map(toGeneration),
    removeGeneration(number) {
      sql('delete from map_generations where number = ?').run(number)
      connection.exec(dropTables(number))
    },
    rows: ({ number, schema }) =>
      createRowWriter({ sql, connection, number, isSearched: searchedOf(schema) !== null }),
    announce(collectionId, boxes, at) {
      const { revision } = sql(
        'update map_store set revision = revision + 1 returning revision',
      ).get() as {
        revision: number
      }
      sql('insert into map_changes values (?, ?, ?, ?)').run(
        revision,
        collectionId,
        boxes && JSON.stringify(boxes),
        at,
      )
      sql('delete from map_changes where at < ?').run(at - KEPT_MILLISECONDS)
    },
  }
}

const MAXIMUM_STATEMENTS = 200
