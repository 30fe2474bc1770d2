import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../lib/clock.ts'
import { ChangeFeed, KEPT_MILLISECONDS } from './change-feed.ts'
import {
  type Adapter,
  type Database,
  DatabaseUnavailableError,
  type Topic,
  type Write,
} from './database.ts'
import { migrate } from './migrate.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'
import { isUnavailable } from './unavailable.ts'

/** Where the database is: a file, `:memory:` excepted because other connections could not see it, or a URL. */
export type DatabaseLocation =
  | { kind: 'sqlite'; file: string }
  | { kind: 'postgres'; url: string; connections: number }

/**
 * Opens the database, brings its tables up to date and starts the change feed.
 * @throws NewerSchemaError when a newer version of Mapgate has been there
 * @throws DatabaseUnavailableError when it cannot be reached
 */
export async function openDatabase(location: DatabaseLocation, clock: Clock): Promise<Database> {
  const adapter = location.kind === 'sqlite' ? openSqlite(location.file) : openPostgres(location)
  try {
    await retrying(adapter, () => migrate(adapter))
    return await createDatabase(adapter, clock)
  } catch (error) {
    await adapter[Symbol.asyncDispose]()
    throw error
  }
}

async function createDatabase(adapter: Adapter, clock: Clock): Promise<Database> {
  const feed = new ChangeFeed(adapter, clock)
  await feed.start()

  async function write<Result>(work: (write: Write) => Promise<Result>): Promise<Result> {
    let announced = false
    const result = await retrying(adapter, () =>
      adapter.writer.transaction().execute(async (transaction) => {
        const announcements: { topic: Topic; key: string }[] = []
        const last: (() => Promise<void>)[] = []
        const outcome = await work({
          query: transaction,
          announce: (topic, key) => announcements.push({ topic, key }),
          beforeCommit: (finish) => last.push(finish),
          lock: (name) => adapter.lock(transaction, name),
        })
        for (const finish of last) await finish()
        announced = announcements.length > 0
        if (announced) {
          // Taken last, held until the commit: ids become visible in their order, so no reader skips one.
          await adapter.lock(transaction, 'change-feed')
          const at = clock.now()
          await transaction
            .insertInto('changes')
            .values(announcements.map((change) => ({ ...change, at })))
            .execute()
          await transaction
            .deleteFrom('changes')
            .where('at', '<', at - KEPT_MILLISECONDS)
            .execute()
        }
        return outcome
      }),
    )
    // The write is done whatever comes of this: an unread feed refuses by itself.
    if (announced) await feed.read().catch(() => {})
    return result
  }

  return {
    dialect: adapter.dialect,
    query: adapter.query,
    feed,
    write,
    prepare: (sql) => adapter.prepare(sql),
    async [Symbol.asyncDispose]() {
      await feed.stop()
      await adapter[Symbol.asyncDispose]()
    },
  }
}

/** Tries again, for up to ten seconds, what another writer made fail. */
async function retrying<Result>(adapter: Adapter, work: () => Promise<Result>): Promise<Result> {
  const givesUpAt = performance.now() + 10_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (adapter.isRetryable(error) && performance.now() < givesUpAt) {
        await sleep(2 + Math.random() * 20)
        continue
      }
      if (adapter.isRetryable(error) || isUnavailable(error)) {
        throw new DatabaseUnavailableError('the database is not available', { cause: error })
      }
      throw error
    }
  }
}
