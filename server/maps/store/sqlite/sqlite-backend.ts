import { LRUCache } from 'lru-cache'
import { openSqliteFile } from '../../../database/sqlite.ts'
import { sqliteResultCode } from '../../../database/unavailable.ts'
import { createSqliteSearchSource } from '../../search/sqlite-search.ts'
import { search } from '../../search/search.ts'
import { runNow } from '../../search/steps.ts'
import type { LiveGeneration, MapBackend } from '../backend.ts'
import { type ChangeRecord, type GenerationRecord, toChange, toLive } from '../records.ts'
import { createGenerationReader, type SqliteGenerationReader } from './sqlite-reader.ts'
import { createTables, untilFree } from './sqlite-tables.ts'
import { openSqliteWriter } from './sqlite-writer.ts'

/**
 * The map store in a SQLite file. Each generation has tables of its own, named by a number that is
 * never used twice (`sqlite-tables.ts`).
 *
 * One connection only reads and never waits (WAL). Changes share one that writes, and each import
 * opens another.
 */
export async function openSqliteBackend(
  file: string,
  { readOnly }: { readOnly: boolean },
): Promise<MapBackend> {
  const reader = await untilFree(() => openSqliteFile(file))
  try {
    if (!readOnly) await createTables(reader, file)
    reader.exec(
      `pragma query_only = on; pragma mmap_size = ${MAPPED_BYTES}; pragma cache_size = -${CACHE_KIB}`,
    )
  } catch (error) {
    reader.close()
    throw error
  }
  const dataVersion = reader.prepare('pragma data_version')
  const selectRevision = reader.prepare('select revision from map_store')
  const selectChanges = reader.prepare(
    'select revision, collection, boxes from map_changes where revision > ? order by revision limit ?',
  )
  const selectLive = reader.prepare(
    `select number, generation.generation, definition, summary
    from map_collections collection join map_generations generation on number = live
    where collection.id = ?`,
  )
  const selectLiveIds = reader.prepare(
    'select id from map_collections where live is not null order by id',
  )
  let version: unknown = null
  let revision = 0
  const readers = new LRUCache<number, SqliteGenerationReader>({ max: 500 })

  function readerOf(generation: LiveGeneration): SqliteGenerationReader {
    const kept = readers.get(generation.number)
    if (kept) return kept
    const made = createGenerationReader(reader, generation.number, generation.featureCount)
    readers.set(generation.number, made)
    return made
  }

  return {
    revision() {
      const now = dataVersion.get()!['data_version']
      if (now !== version) {
        revision = (selectRevision.get() as { revision: number }).revision
        version = now
      }
      return revision
    },
    changesAfter: (after, limit) =>
      (selectChanges.all(after, limit) as unknown as ChangeRecord[]).map(toChange),
    live(collectionId) {
      const row = selectLive.get(collectionId) as unknown as GenerationRecord | undefined
      return row ? toLive(row) : null
    },
    liveIds: () => selectLiveIds.all().map(({ id }) => String(id)),
    reader: readerOf,
    async search(query, collections) {
      reader.exec('begin')
      try {
        return runNow(
          search(
            query,
            collections.map(({ id, view, generation }) => ({
              id,
              view,
              source: createSqliteSearchSource(
                reader,
                generation.number,
                readerOf(generation).byKeys,
              ),
            })),
          ),
        )
      } finally {
        reader.exec('commit')
      }
    },
    openWriter: (options) => {
      if (readOnly) throw new TypeError('this map store was opened to be read only')
      return openSqliteWriter(file, options)
    },
    isGone: (error) =>
      sqliteResultCode(error) === SQLITE_ERROR && /no such table/.test((error as Error).message),
    async [Symbol.asyncDispose]() {
      reader.close()
    },
  }
}

const SQLITE_ERROR = 1

/** Random reads of a large file take a third less time than by `pread`, and need no cache. */
const MAPPED_BYTES = 1_073_741_824
const CACHE_KIB = 4_000
