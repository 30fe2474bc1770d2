import { errorCode } from '../../../database/unavailable.ts'
import { createPool } from '../../../database/postgres.ts'
import { createPostgresSearchSource } from '../../search/postgres-search.ts'
import { search } from '../../search/search.ts'
import { runLater } from '../../search/steps.ts'
import type { MapBackend } from '../backend.ts'
import { type ChangeRecord, type GenerationRecord, toChange, toLive } from '../records.ts'
import { createGenerationReader } from './postgres-reader.ts'
import { createTables } from './postgres-tables.ts'
import { createWriter } from './postgres-writer.ts'
import { inTransaction } from './transactions.ts'

/**
 * The map store in tables of its own in Postgres: core GiST over boxes, no extension. Each generation
 * has tables of its own, named by a number that is never used twice (`postgres-tables.ts`).
 */
export async function openPostgresBackend(
  location: { url: string; connections: number },
  { readOnly }: { readOnly: boolean },
): Promise<MapBackend> {
  const pool = createPool({ ...location, settings: SETTINGS })
  try {
    if (!readOnly) await createTables(pool)
  } catch (error) {
    await pool.end()
    throw error
  }

  return {
    async revision() {
      const { rows } = await pool.query<{ revision: number }>('select revision from map_store')
      return rows[0]!.revision
    },
    async changesAfter(after, limit) {
      const { rows } = await pool.query<ChangeRecord>(
        'select revision, collection, boxes from map_changes where revision > $1 order by revision limit $2',
        [after, limit],
      )
      return rows.map(toChange)
    },
    async live(collectionId) {
      const { rows } = await pool.query<GenerationRecord>(
        `select number, generation.generation, definition, summary
        from map_collections collection join map_generations generation on number = live
        where collection.id = $1`,
        [collectionId],
      )
      return rows[0] ? toLive(rows[0]) : null
    },
    async liveIds() {
      const { rows } = await pool.query<{ id: string }>(
        'select id from map_collections where live is not null order by id',
      )
      return rows.map(({ id }) => id)
    },
    reader: ({ number, extent }) => createGenerationReader(pool, number, extent),
    search(query, collections) {
      return inTransaction(
        pool,
        (client) =>
          runLater(
            search(
              query,
              collections.map(({ id, view, generation }) => ({
                id,
                view,
                source: createPostgresSearchSource(
                  client,
                  generation.number,
                  createGenerationReader(client, generation.number, generation.extent).byKeys,
                ),
              })),
            ),
          ),
        'begin isolation level repeatable read read only',
      )
    },
    async openWriter(options) {
      if (readOnly) throw new TypeError('this map store was opened to be read only')
      return createWriter(pool, options)
    },
    isGone: (error) => errorCode(error) === UNDEFINED_TABLE,
    async [Symbol.asyncDispose]() {
      await pool.end()
    },
  }
}

/** A node that stops in a transaction must not block the others through the locks it holds. */
const SETTINGS = '-c lock_timeout=10000 -c idle_in_transaction_session_timeout=30000'

const UNDEFINED_TABLE = '42P01'
