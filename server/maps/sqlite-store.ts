import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { AccessScope } from '../access/scopes/access-scope.ts'
import { type Box, boxContains } from '../geo/box.ts'
import { NewerSchemaError } from '../database/migrate.ts'
import { openSqliteFile } from '../database/sqlite.ts'
import { type Candidate, nearestOf, pageOf } from './candidates.ts'
import { writeRows } from './feature-rows.ts'
import type { Collection, MapStore } from './store.ts'

/** Counted up when the tables change. */
const VERSION = 1

/** Where the search for the nearest begins; most places have a neighbour as near as this. */
const FIRST_RADIUS_METRES = 5_000

/**
 * The map store in a SQLite file. Each collection has two tables of its own, named by a number that
 * is never used twice: the features in the order of their keys, and an RTREE over their boxes. The
 * RTREE repeats the features in auxiliary columns, because a join would cost three times the query.
 * Its coordinates are float32, rounded outwards; the exact ones stand beside them.
 *
 * One connection only reads and never waits (WAL); every replacement opens another, and is one
 * transaction however long it takes.
 */
export async function openSqliteMapStore(file: string): Promise<MapStore> {
  const reader = await untilFree(() => openSqliteFile(file))
  try {
    await createTables(reader, file)
  } catch (error) {
    reader.close()
    throw error
  }
  reader.exec('pragma query_only = on')
  const selectCollections = reader.prepare('select collection from collections order by id')
  const selectCollection = reader.prepare('select number, collection from collections where id = ?')
  const prepared = new Map<string, PreparedCollection>()

  /** Runs queries that must see the same state of the file; they must not await. */
  function inSnapshot<Result>(work: () => Result): Result {
    reader.exec('begin')
    try {
      return work()
    } finally {
      reader.exec('commit')
    }
  }

  function find(scope: AccessScope, id: string): PreparedCollection | null {
    if (scope.read(id) === 'none') return null
    const row = selectCollection.get(id) as { number: number; collection: string } | undefined
    if (!row) return null
    let collection = prepared.get(id)
    if (collection?.number !== row.number) {
      collection = prepareCollection(reader, row.number, row.collection)
      prepared.set(id, collection)
    }
    return collection
  }

  return {
    async collections(scope) {
      return (selectCollections.all() as { collection: string }[])
        .map((row) => JSON.parse(row.collection) as Collection)
        .filter((collection) => scope.read(collection.id) !== 'none')
    },

    async collection(scope, collectionId) {
      return inSnapshot(() => find(scope, collectionId)?.collection ?? null)
    },

    async items(scope, collectionId, { boxes, ...query }) {
      if (!inSnapshot(() => find(scope, collectionId))) return null
      return pageOf({ ...query, ...(boxes && { boxes }) }, (after, count) =>
        inSnapshot(() => {
          const found = find(scope, collectionId)
          if (!found) return []
          const { extent } = found.collection
          if (!boxes || (extent && boxes.some((box) => boxContains(box, extent)))) {
            return found.selectPage.all(after, count) as unknown as Candidate[]
          }
          return firstOfEach(
            boxes.map((box) => found.selectPageInBox.all(...sides(box), after, count)),
            count,
          )
        }),
      )
    },

    async item(scope, collectionId, featureId) {
      const row = inSnapshot(() => find(scope, collectionId)?.selectFeature.get(featureId))
      return (row as { feature: string } | undefined)?.feature ?? null
    },

    async nearest(scope, collectionId, point, limit, maximumMetres) {
      if (!inSnapshot(() => find(scope, collectionId))) return null
      return nearestOf(
        {
          point,
          limit,
          radiusMetres: FIRST_RADIUS_METRES,
          ...(maximumMetres !== undefined && { maximumMetres }),
        },
        (boxes) =>
          inSnapshot(() => {
            const found = find(scope, collectionId)
            return firstOfEach(
              boxes.map((box) => found?.selectInBox.all(...sides(box)) ?? []),
              Infinity,
            )
          }),
      )
    },

    async replaceCollection(description, features, onProgress) {
      const writer = await untilFree(() => openSqliteFile(file))
      try {
        writer.exec('pragma cache_size = -16000')
        await untilFree(() => writer.exec('begin immediate'))
        const replaced = writer
          .prepare('delete from collections where id = ? returning number')
          .get(description.id) as { number: number } | undefined
        if (replaced) writer.exec(dropTables(replaced.number))
        const { lastInsertRowid: number } = writer
          .prepare("insert into collections (id, collection) values (?, '')")
          .run(description.id)
        writer.exec(tablesOf(number))
        const insertFeature = writer.prepare(`insert into features_${number} values (?, ?, ?)`)
        const insertBox = writer.prepare(
          `insert into boxes_${number} values (:key, :west, :east, :south, :north, :west, :east, :south, :north, :feature)`,
        )
        const collection = await writeRows(
          description,
          features,
          async (rows) => {
            for (const { id, ...row } of rows) {
              insertFeature.run(row.key, id, row.feature)
              insertBox.run(row)
            }
            await setImmediate()
          },
          onProgress,
        )
        writer
          .prepare('update collections set collection = ? where number = ?')
          .run(JSON.stringify(collection), number)
        writer.exec('commit')
        // Gives back the disk space of the log, unless a reader is in its way.
        writer.exec('pragma wal_checkpoint(truncate)')
      } finally {
        // Also rolls back what has not been committed.
        writer.close()
      }
    },

    async [Symbol.asyncDispose]() {
      reader.close()
    },
  }
}

interface PreparedCollection {
  number: number
  collection: Collection
  selectFeature: StatementSync
  selectPage: StatementSync
  selectInBox: StatementSync
  selectPageInBox: StatementSync
}

function prepareCollection(
  reader: DatabaseSync,
  number: number,
  collection: string,
): PreparedCollection {
  const inBox = `select key, west, south, east, north, feature from boxes_${number}
    where minimum_x <= ? and maximum_x >= ? and minimum_y <= ? and maximum_y >= ?`
  return {
    number,
    collection: JSON.parse(collection) as Collection,
    selectFeature: reader.prepare(`select feature from features_${number} where id = ?`),
    selectPage: reader.prepare(
      `select key, feature from features_${number} where key > ? order by key limit ?`,
    ),
    selectInBox: reader.prepare(inBox),
    selectPageInBox: reader.prepare(`${inBox} and key > ? order by key limit ?`),
  }
}

/** The parameters of `minimum_x <= ? and maximum_x >= ? and minimum_y <= ? and maximum_y >= ?`. */
function sides(box: Box): [number, number, number, number] {
  return [box.east, box.west, box.north, box.south]
}

/** The first `count` by key of several results, each feature once. */
function firstOfEach(results: unknown[][], count: number): Candidate[] {
  if (results.length === 1) return results[0] as Candidate[]
  const byKey = new Map((results.flat() as Candidate[]).map((row) => [row.key, row]))
  return [...byKey.values()].toSorted((a, b) => a.key - b.key).slice(0, count)
}

function tablesOf(number: number | bigint): string {
  return `
    create table features_${number} (
      key integer primary key, id text not null unique, feature text not null
    ) strict;
    create virtual table boxes_${number} using rtree(
      key, minimum_x, maximum_x, minimum_y, maximum_y, +west, +east, +south, +north, +feature
    );`
}

function dropTables(number: number): string {
  return `drop table features_${number}; drop table boxes_${number};`
}

async function createTables(connection: DatabaseSync, file: string): Promise<void> {
  const version = () =>
    (connection.prepare('pragma user_version').get() as { user_version: number }).user_version
  if (version() === 0) {
    await untilFree(() => {
      connection.exec('begin immediate')
      connection.exec(`
        create table if not exists collections (
          number integer primary key autoincrement, id text not null unique, collection text not null
        ) strict;
        pragma user_version = ${VERSION};
        commit`)
    })
  }
  if (version() > VERSION) {
    throw new NewerSchemaError(
      `${file} has been changed by a newer version of Mapgate; start that version, or restore a backup`,
    )
  }
}

const SQLITE_BUSY = 5

/** Tries again, for up to two minutes, while another process holds the file's lock. */
async function untilFree<Result>(work: () => Result): Promise<Result> {
  const givesUpAt = performance.now() + 120_000
  for (;;) {
    try {
      return work()
    } catch (error) {
      const code = (error as { errcode?: unknown } | null)?.errcode
      const isBusy = typeof code === 'number' && (code & 0xff) === SQLITE_BUSY
      if (!isBusy || performance.now() > givesUpAt) throw error
      await sleep(20)
    }
  }
}
