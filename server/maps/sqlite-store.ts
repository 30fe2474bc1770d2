import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import type { AccessScope } from '../access/scopes/access-scope.ts'
import { type Box, boxContains } from '../geo/box.ts'
import { openSqliteFile } from '../database/sqlite.ts'
import { type Candidate, nearestOf, pageOf } from './candidates.ts'
import { writeRows } from './feature-rows.ts'
import { createTables, dropTables, tablesOf, untilFree } from './sqlite-tables.ts'
import type { Collection, MapStore } from './store.ts'

/** Where the search for the nearest begins; most places have a neighbour as near as this. */
const FIRST_RADIUS_METRES = 5_000

/**
 * The map store in a SQLite file. Each collection has two tables of its own, named by a number that
 * is never used twice: the features with their exact boxes in the order of their keys, and an RTREE
 * that finds keys. The RTREE holds float32 rounded outwards, so it gives candidates. It repeats
 * nothing in auxiliary columns: pages are sorted by key, so the first keys are found and sorted alone
 * and only these are joined, which was measured to be faster, the more so the larger the box.
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
  const selectIds = reader.prepare('select id from collections order by id')
  const selectCollection = reader.prepare('select number, collection from collections where id = ?')
  const prepared = new Map<string, PreparedCollection>()

  const dataVersion = reader.prepare('pragma data_version')
  /** Collections as the file had them when it was last looked at: every request asks for one. */
  const known = new Map<string, Collection>()
  let knownIds: string[] | null = null
  let knownVersion: unknown = null
  let lookedAt = Number.NEGATIVE_INFINITY

  function lookAgain(): void {
    if (performance.now() - lookedAt <= LOOK_AGAIN_MILLISECONDS) return
    const version = dataVersion.get()!['data_version']
    if (version !== knownVersion) {
      known.clear()
      knownIds = null
    }
    knownVersion = version
    lookedAt = performance.now()
  }

  function findCollection(scope: AccessScope, id: string): Collection | null {
    lookAgain()
    const kept = known.get(id)
    if (kept) return scope.read(id) === 'none' ? null : kept
    const found = inSnapshot(() => find(scope, id)?.collection ?? null)
    if (found) known.set(id, found)
    return found
  }

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
      lookAgain()
      knownIds ??= (selectIds.all() as { id: string }[]).map((row) => row.id)
      return knownIds.flatMap((id) => findCollection(scope, id) ?? [])
    },

    async collection(scope, collectionId) {
      return findCollection(scope, collectionId)
    },

    async items(scope, collectionId, { boxes, ...query }) {
      if (!findCollection(scope, collectionId)) return null
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
      if (!findCollection(scope, collectionId)) return null
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
        const insertFeature = writer.prepare(
          `insert into features_${number} values (:key, :id, :west, :south, :east, :north, :feature)`,
        )
        const insertBox = writer.prepare(`insert into boxes_${number} values (?, ?, ?, ?, ?)`)
        const collection = await writeRows(
          description,
          features,
          async (rows) => {
            for (const row of rows) {
              insertFeature.run({ ...row })
              insertBox.run(row.key, row.west, row.east, row.south, row.north)
            }
            await setImmediate()
          },
          onProgress,
        )
        writer
          .prepare('update collections set collection = ? where number = ?')
          .run(JSON.stringify(collection), number)
        writer.exec('commit')
        lookedAt = Number.NEGATIVE_INFINITY
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
  const columns = 'key, west, south, east, north, feature'
  const keysInBox = `select key from boxes_${number}
    where minimum_x <= ? and maximum_x >= ? and minimum_y <= ? and maximum_y >= ?`
  // CROSS JOIN keeps SQLite to this order: keys first, then their features.
  const ofKeys = (keys: string) =>
    `select ${columns} from (${keys}) cross join features_${number} using (key)`
  return {
    number,
    collection: JSON.parse(collection) as Collection,
    selectFeature: reader.prepare(`select feature from features_${number} where id = ?`),
    selectPage: reader.prepare(
      `select ${columns} from features_${number} where key > ? order by key limit ?`,
    ),
    selectInBox: reader.prepare(ofKeys(keysInBox)),
    selectPageInBox: reader.prepare(
      `${ofKeys(`${keysInBox} and key > ? order by key limit ?`)} order by key`,
    ),
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

/** Asking whether the file changed takes longer than all else that a small answer needs. */
const LOOK_AGAIN_MILLISECONDS = 100
