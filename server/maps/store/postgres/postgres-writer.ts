import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { errorCode } from '../../../database/unavailable.ts'
import { searchedOf } from '../../search/search-row.ts'
import type { MapWrite, MapWriter, StoredCollection } from '../backend.ts'
import { type GenerationRecord, KEPT_MILLISECONDS, toGeneration, toRecord } from '../records.ts'
import { createRowWriter } from './postgres-row-writer.ts'
import { dropTables, indexTables, tablesOf } from './postgres-tables.ts'
import { inTransaction } from './transactions.ts'

export function createWriter(pool: pg.Pool, { bulk }: { bulk: boolean }): MapWriter {
  async function transaction<Result>(
    work: (client: pg.PoolClient) => Promise<Result>,
    { durable } = { durable: !bulk },
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await inTransaction(pool, async (client) => {
          if (!durable) await client.query('set local synchronous_commit = off')
          return work(client)
        })
      } catch (error) {
        if (attempt === ATTEMPTS || !RETRYABLE.has(errorCode(error))) throw error
        await sleep(2 + Math.random() * 20)
      }
    }
  }

  return {
    transaction: (work, options) => transaction((client) => work(createWrite(client)), options),
    indexGeneration: ({ number, schema }) =>
      transaction(async (client) => {
        await client.query(indexTables(number, searchedOf(schema) !== null))
      }),
    freeBytes: () => null,
    async [Symbol.asyncDispose]() {},
  }
}

const ATTEMPTS = 5

/** Serialization failure, deadlock. */
const RETRYABLE = new Set(['40001', '40P01'])

function createWrite(client: pg.PoolClient): MapWrite {
  async function generations(sql: string, values: unknown[]) {
    const { rows } = await client.query<GenerationRecord>(sql, values)
    return rows.map(toGeneration)
  }

  return {
    async holdCollection(id) {
      await client.query(
        'insert into map_collections values ($1, 1, 0, null, null) on conflict (id) do nothing',
        [id],
      )
      const { rows } = await client.query<StoredCollection>(
        `select id, next_key as "nextKey", generation, live, hidden
        from map_collections where id = $1 for update`,
        [id],
      )
      return rows[0]!
    },
    async saveCollection({ id, nextKey, generation, live, hidden }) {
      await client.query(
        'update map_collections set next_key = $2, generation = $3, live = $4, hidden = $5 where id = $1',
        [id, nextKey, generation, live, hidden],
      )
    },
    async generation(number) {
      const [found] = await generations('select * from map_generations where number = $1', [number])
      return found ?? null
    },
    async createGeneration(generation) {
      const record = toRecord(generation)
      const { rows } = await client.query<{ number: number }>(
        `insert into map_generations
          (collection, generation, definition, summary, writer, heard_at, retired_at)
        values ($1, $2, $3, $4, $5, $6, $7) returning number`,
        [
          record.collection,
          record.generation,
          record.definition,
          record.summary,
          record.writer,
          record.heard_at,
          record.retired_at,
        ],
      )
      const { number } = rows[0]!
      await client.query(tablesOf(number, searchedOf(generation.schema) !== null))
      return number
    },
    async saveGeneration(generation) {
      const { summary, writer, heard_at, retired_at } = toRecord(generation)
      await client.query(
        'update map_generations set summary = $2, writer = $3, heard_at = $4, retired_at = $5 where number = $1',
        [generation.number, summary, writer, heard_at, retired_at],
      )
    },
    async hear(number, at) {
      await client.query('update map_generations set heard_at = $2 where number = $1', [number, at])
    },
    generationsToSweep: (retiredBefore) =>
      generations(
        `select generation.* from map_generations generation
        left join map_collections collection on collection.live = number
        where retired_at < $1 or (retired_at is null and collection.id is null)`,
        [retiredBefore],
      ),
    async removeGeneration(number) {
      // Dropping waits for readers, and would keep those that come after waiting.
      await client.query('set local lock_timeout = 1000')
      await client.query('delete from map_generations where number = $1', [number])
      await client.query(dropTables(number))
    },
    rows: ({ number, schema }) =>
      createRowWriter(client, { number, isSearched: searchedOf(schema) !== null }),
    async announce(collectionId, boxes, at) {
      // The row is locked until the commit: revisions become visible in their order.
      const { rows } = await client.query<{ revision: number }>(
        'update map_store set revision = revision + 1 returning revision',
      )
      await client.query('insert into map_changes values ($1, $2, $3, $4)', [
        rows[0]!.revision,
        collectionId,
        boxes && JSON.stringify(boxes),
        at,
      ])
      await client.query('delete from map_changes where at < $1', [at - KEPT_MILLISECONDS])
    },
  }
}
