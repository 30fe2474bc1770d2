import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { DatabaseLocation } from '../../database/open.ts'
import { lockNumber } from '../../database/postgres.ts'
import { SQLITE_BUSY, sqliteResultCode } from '../../database/unavailable.ts'

/**
 * Keeps servers apart that would each count the calls on the same data by itself. With counters in
 * memory a server is alone; with shared ones it may run beside others that share them. The lock is
 * the operating system's or the database's, so that a killed process leaves none behind.
 */
export class OtherServerError extends Error {
  override name = 'OtherServerError'
}

/**
 * Held until it is disposed of or the process ends.
 * @param options.dataDir with SQLite, where the file `server.lock` is
 * @param options.onLost called when the connection to Postgres was lost and another server that
 *   this one must not run beside took the lock meanwhile: this one should stop
 * @throws OtherServerError when such a server is running
 */
export function holdServerLock(options: {
  location: DatabaseLocation
  dataDir: string
  store: 'memory' | 'shared'
  onLost?: (error: OtherServerError) => void
}): Promise<AsyncDisposable> {
  const { location, dataDir, store, onLost = () => {} } = options
  return location.kind === 'sqlite'
    ? lockFile(join(dataDir, 'server.lock'), store)
    : lockPostgres(location.url, store, onLost)
}

async function lockFile(file: string, store: 'memory' | 'shared'): Promise<AsyncDisposable> {
  const connection = new DatabaseSync(file)
  try {
    await patiently(async () => {
      try {
        // A read transaction holds a shared lock on the file until it ends, unless the journal is a WAL.
        connection.exec(
          store === 'memory' ? 'begin exclusive' : 'begin; select count(*) from sqlite_schema',
        )
        return true
      } catch (error) {
        if (connection.isTransaction) connection.exec('rollback')
        if (sqliteResultCode(error) === SQLITE_BUSY) return false
        throw error
      }
    }, store)
  } catch (error) {
    connection.close()
    throw error
  }
  return {
    async [Symbol.asyncDispose]() {
      connection.close()
    },
  }
}

async function lockPostgres(
  url: string,
  store: 'memory' | 'shared',
  onLost: (error: OtherServerError) => void,
): Promise<AsyncDisposable> {
  let ended = false
  let client = await connect()

  async function connect(): Promise<pg.Client> {
    const connection = new pg.Client({
      connectionString: url,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    })
    connection.on('error', () => {})
    try {
      await connection.connect()
      const suffix = store === 'memory' ? '' : '_shared'
      const statement = `select pg_try_advisory_lock${suffix}(${lockNumber('server')}) as locked`
      await patiently(async () => {
        const { rows } = await connection.query<{ locked: boolean }>(statement)
        return rows[0]!.locked
      }, store)
    } catch (error) {
      await connection.end()
      throw error
    }
    connection.on('end', () => void reconnect())
    return connection
  }

  async function reconnect(): Promise<void> {
    while (!ended) {
      try {
        client = await connect()
        if (ended) await client.end()
        return
      } catch (error) {
        if (error instanceof OtherServerError) return onLost(error)
        await sleep(1_000, undefined, { ref: false })
      }
    }
  }

  return {
    async [Symbol.asyncDispose]() {
      ended = true
      await client.end()
    },
  }
}

/** A server that was killed a moment ago may still seem to be there, so one refusal is not the last word. */
async function patiently(lock: () => Promise<boolean>, store: 'memory' | 'shared'): Promise<void> {
  const givesUpAt = performance.now() + PATIENCE_MILLISECONDS
  while (!(await lock())) {
    if (performance.now() > givesUpAt) throw otherServer(store)
    await sleep(50)
  }
}

function otherServer(store: 'memory' | 'shared'): OtherServerError {
  return new OtherServerError(
    store === 'memory'
      ? 'another Mapgate server is running on this data, and this one would count calls in its own memory. Stop the other one, or let both share the counters: set "limits.store: shared" for all of them and restart them'
      : 'another Mapgate server is running on this data and counts calls in its own memory. Stop it, or set "limits.store: shared" for it as well and restart it',
  )
}

const PATIENCE_MILLISECONDS = 1_000
