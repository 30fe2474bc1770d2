import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { WriteBehind } from '../../lib/write-behind.ts'
import { bucketOf } from './histogram.ts'
import { queryUsage, type UsageQuery, type UsageRow } from './usage-query.ts'
import { createUsageWriter, pruneUsage, type UsageCount, usageKey } from './usage-rows.ts'

/**
 * Counts requests per client, secret, endpoint, status and minute, with a latency histogram.
 *
 * The gateway calls `count` after every answer: that only adds to a number in memory. About once a
 * second the numbers are added to the rows of their minute, hour and day in one transaction
 * (`usage-rows.ts`), so that the three always agree, with several nodes too. `usage-query.ts` reads
 * them, `histogram.ts` knows the latencies. Nothing is announced on the change feed: no cache
 * depends on usage.
 */
export interface Usage extends AsyncDisposable {
  /**
   * Counts one request, in less than a microsecond while a client's counts are at hand.
   * @param clientId the client, '' when there was none
   * @param secretId the secret that the client's token was obtained with, '' when there was none
   * @param endpoint the endpoint's name as declared, never a path with its values
   * @param status the HTTP status answered
   * @param milliseconds how long the answer took
   */
  count(
    clientId: string,
    secretId: string,
    endpoint: string,
    status: number,
    milliseconds: number,
  ): void
  query(query: UsageQuery): Promise<UsageRow[]>
  /**
   * Writes what was counted before the call.
   * @throws DatabaseUnavailableError when that is not possible now; the counts are kept
   */
  flush(): Promise<void>
}

/** @param options.onError hears of writes that failed and are going to be tried again */
export function createUsage({
  database,
  clock,
  onError = () => {},
}: {
  database: Database
  clock: Clock
  onError?: (error: unknown) => void
}): Usage {
  const writeUsage = createUsageWriter(database.dialect)
  let prunedAt = Number.NEGATIVE_INFINITY

  const waiting = new WriteBehind<UsageCount>({
    maximum: MAXIMUM_KEYS,
    // What finds no room still counts in the totals, without saying whose it was.
    createOverflow: () => createCount(currentMinute(), '', '', '', 0),
    onError,
    async write(counts) {
      const now = clock.now()
      const prunes = Math.abs(now - prunedAt) >= MINUTE_MILLISECONDS
      await database.write(async (write) => {
        await writeUsage(write, counts)
        if (prunes) await pruneUsage(write, now)
      })
      if (prunes) prunedAt = now
    },
  })

  function currentMinute(): number {
    return Math.floor(clock.now() / MINUTE_MILLISECONDS) * MINUTE_MILLISECONDS
  }

  return {
    count(clientId, secretId, endpoint, status, milliseconds) {
      const period = currentMinute()
      const count = waiting.collect(
        usageKey({ period, clientId, secretId, endpoint, status }),
        () => createCount(period, clientId, secretId, endpoint, status),
      )
      count.requests++
      count.buckets[bucketOf(milliseconds)]!++
    },
    query: (query) => queryUsage(database, query),
    flush: () => waiting.flush(),
    [Symbol.asyncDispose]: () => waiting[Symbol.asyncDispose](),
  }
}

function createCount(
  period: number,
  clientId: string,
  secretId: string,
  endpoint: string,
  status: number,
): UsageCount {
  const buckets = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  return { period, clientId, secretId, endpoint, status, requests: 0, buckets }
}

const MINUTE_MILLISECONDS = 60_000
/** A few seconds of the busiest installation, or hours without a database for a quiet one; about 20 MB. */
const MAXIMUM_KEYS = 50_000
