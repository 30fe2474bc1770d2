import { createHash } from 'node:crypto'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import type { Adapter } from './database.ts'
import type { Tables } from './tables.ts'
import { errorCode } from './unavailable.ts'

/** Postgres through `pg`: one pool. */
export function openPostgres(options: { url: string; connections: number }): Adapter {
  const pool = createPool({
    ...options,
    // A node that stops in a transaction must not block the others through the locks it holds.
    settings: '-c lock_timeout=5000 -c idle_in_transaction_session_timeout=10000',
  })
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  return {
    dialect: 'postgres',
    query: db,
    writer: db,
    isRetryable: (error) => RETRYABLE.has(errorCode(error)),
    async lock(transaction, name) {
      await sql`select pg_advisory_xact_lock(${lockNumber(name)})`.execute(transaction)
    },
    prepare<Row>(text: string) {
      const name = createHash('sha256').update(text).digest('hex').slice(0, 32)
      return async (...values: (string | number)[]) =>
        (await pool.query({ name, text, values })).rows as Row[]
    },
    dataVersion: () => null,
    async [Symbol.asyncDispose]() {
      await db.destroy()
    },
  }
}

/** A pool that reads int8 as a number: ours are times and counts, all below 2^53. */
export function createPool({
  url,
  connections,
  settings,
}: {
  url: string
  connections: number
  /** Of each session, as Postgres takes them on its command line. */
  settings?: string
}): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    ...(settings !== undefined && { options: settings }),
    types: {
      getTypeParser: ((oid: number, format?: 'text') =>
        oid === pg.types.builtins.INT8
          ? Number
          : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  })
  // An idle connection that the server closes is replaced; without a listener it would end the process.
  pool.on('error', () => {})
  // So does one that breaks while it is in use: the query under way says what happened.
  pool.on('connect', (client) => void client.on('error', () => {}))
  return pool
}

/** The advisory lock of a name: 'mapgate:' keeps clear of other users of the same database. */
export function lockNumber(name: string): string {
  return createHash('sha256').update(`mapgate:${name}`).digest().readBigInt64BE().toString()
}

/** Serialization failure, deadlock, lock not available. */
const RETRYABLE = new Set(['40001', '40P01', '55P03'])
