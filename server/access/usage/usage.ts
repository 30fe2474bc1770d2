import { createBacklog } from '../../database/backlog.ts'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { WriteBehind } from '../../lib/write-behind.ts'
import { bucketOf } from './histogram.ts'
import { queryUsage, type UsageQuery, type UsageRow } from './usage-query.ts'
import {
  createUsageWriter,
  packCount,
  pruneUsage,
  unpackCount,
  type UsageCount,
  usageKey,
} from './usage-rows.ts'

/**
 * Counts requests per client, secret, endpoint, status and minute, with a latency histogram.
 *
 * The gateway calls `count` after every answer: that only adds to a number in memory. About once a
 * second the numbers are added to the rows of their minute, hour and day in one transaction
 * (`usage-rows.ts`), so that the three always agree, with several nodes too. When hundreds of clients
 * call each second, what was counted is put aside for a minute or two instead (`backlog.ts`), which a
 * query ends at once: it never misses any. `usage-query.ts` reads the rows, `histogram.ts` knows the
 * latencies. Nothing is announced on the change feed: no cache depends on usage.
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

  const backlog = createBacklog({
    database,
    topic: 'usage',
    orderKey: ({ clientId }) => clientId,
    pack: packCount,
    unpack: unpackCount,
    apply: writeUsage,
    onError,
  })
  const waiting = new WriteBehind<UsageCount>({
    maximum: MAXIMUM_KEYS,
    batchSize: 5_000,
    // What finds no room still counts in the totals, without saying whose it was.
    createOverflow: () => createCount(currentMinute(), '', '', '', 0),
    onError,
    async write(counts) {
      await backlog.write(counts)
      const now = clock.now()
      if (Math.abs(now - prunedAt) < MINUTE_MILLISECONDS) return
      await database.write((write) => pruneUsage(write, now))
      prunedAt = now
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
    async query(query) {
      await backlog.settle()
      return queryUsage(database, query)
    },
    flush: () => waiting.flush(),
    async [Symbol.asyncDispose]() {
      await waiting[Symbol.asyncDispose]()
      await backlog[Symbol.asyncDispose]()
    },
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
