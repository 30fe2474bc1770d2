import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { Box } from '../../geo/box.ts'
import { openSqliteFile } from '../../database/sqlite.ts'
import { type Candidate, nearestOf, pageOf } from './candidates.ts'
import { writeRows } from './feature-rows.ts'
import { cutTo, isSeen, narrowed, type View, viewOf, viewWithin, windowsOf } from './seen.ts'
import { createTables, dropTables, tablesOf, untilFree } from './sqlite-tables.ts'
import type { Collection, MapStore } from './map-store.ts'

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

  function findCollection(
    scope: AccessScope,
    id: string,
  ): { collection: Collection; view: View } | null {
    lookAgain()
    const kept = known.get(id)
    if (kept) return viewed(scope, kept)
    const found = inSnapshot(() => find(scope, id))
    if (found) known.set(id, found.collection)
    return found && viewed(scope, found.collection)
  }

  function viewed(scope: AccessScope, collection: Collection) {
    const view = viewOf(scope, collection)
    return view === 'none' ? null : { collection, view }
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
      return knownIds.flatMap((id) => told(findCollection(scope, id)) ?? [])
    },

    async collection(scope, collectionId) {
      return told(findCollection(scope, collectionId))
    },

    async items(scope, collectionId, { boxes, ...query }) {
      const asked = findCollection(scope, collectionId)
      if (!asked) return null
      const view = viewWithin(asked.view, boxes)
      const inWindows = view === 'all' ? firstInWindows : createKeyedFetch()
      return pageOf({ view, ...query, ...(boxes && { boxes }) }, (after, count) =>
        inSnapshot(() => {
          const found = find(scope, collectionId)
          if (!found) return []
          const windows = narrowed(windowsOf(view, boxes ?? null), found.collection)
          return windows
            ? inWindows(found, windows, after, count)
            : (found.selectPage.all(after, count) as unknown as Candidate[])
        }),
      )
    },

    async item(scope, collectionId, featureId) {
      return inSnapshot(() => {
        const found = find(scope, collectionId)
        const row = found?.selectFeature.get(featureId) as Candidate | undefined
        if (!found || !row) return null
        return isSeen(viewOf(scope, found.collection), row) ? row.feature : null
      })
    },

    async nearest(scope, collectionId, point, limit, maximumMetres) {
      const asked = findCollection(scope, collectionId)
      if (!asked) return null
      const { view } = asked
      return nearestOf(
        {
          view,
          point,
          limit,
          radiusMetres: FIRST_RADIUS_METRES,
          ...(maximumMetres !== undefined && { maximumMetres }),
        },
        (boxes) =>
          inSnapshot(() => {
            const found = find(scope, collectionId)
            const windows = windowsOf(view, boxes)!
            return firstOfEach(
              windows.map((window) => found?.selectInBox.all(...sides(window)) ?? []),
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

function told(found: { collection: Collection; view: View } | null): Collection | null {
  return found && cutTo(found.view, found.collection)
}

type FetchInWindows = (
  found: PreparedCollection,
  windows: readonly Box[],
  after: number,
  count: number,
) => Candidate[]

/** One query each, which goes through all keys in the window to find the first. */
const firstInWindows: FetchInWindows = (found, windows, after, count) =>
  firstOfEach(
    windows.map((window) => found.selectPageInBox.all(...sides(window), after, count)),
    count,
  )

/**
 * For a page that may take many batches, as few of the candidates may be seen: after the first, keys
 * are found for many batches at once. Rows are read with their boxes, so what is judged is always what is given.
 */
function createKeyedFetch(): FetchInWindows {
  let number: number | null = null
  let keys: number[] = []
  let position = 0
  let complete = false
  let maximum: number | null = null

  return (found, windows, after, count) => {
    if (maximum === null) {
      maximum = FIRST_KEYS
      return firstInWindows(found, windows, after, count)
    }
    if (found.number !== number || (!complete && keys.length - position < count)) {
      number = found.number
      const limit = maximum
      maximum = Math.min(4 * maximum, MAXIMUM_KEYS)
      const each = windows.map(
        (window) => found.selectKeysInBox.all(...sides(window), after, limit) as { key: number }[],
      )
      complete = each.every((some) => some.length < limit)
      const sorted = [...new Set(each.flat().map(({ key }) => key))].toSorted((a, b) => a - b)
      keys = complete ? sorted : sorted.slice(0, limit)
      position = 0
    }
    const batch = keys.slice(position, position + count)
    position += batch.length
    return batch.map((key) => found.selectByKey.get(key) as unknown as Candidate)
  }
}

/** As many as a batch has at most, so that each of them is a full one. */
const FIRST_KEYS = 1_000
const MAXIMUM_KEYS = 16_000

interface PreparedCollection {
  number: number
  collection: Collection
  selectFeature: StatementSync
  selectPage: StatementSync
  selectInBox: StatementSync
  selectPageInBox: StatementSync
  selectKeysInBox: StatementSync
  selectByKey: StatementSync
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
    selectFeature: reader.prepare(`select ${columns} from features_${number} where id = ?`),
    selectPage: reader.prepare(
      `select ${columns} from features_${number} where key > ? order by key limit ?`,
    ),
    selectInBox: reader.prepare(ofKeys(keysInBox)),
    selectPageInBox: reader.prepare(
      `${ofKeys(`${keysInBox} and key > ? order by key limit ?`)} order by key`,
    ),
    selectKeysInBox: reader.prepare(`${keysInBox} and key > ? order by key limit ?`),
    selectByKey: reader.prepare(`select ${columns} from features_${number} where key = ?`),
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
