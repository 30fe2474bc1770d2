import { CompiledQuery } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import { BUCKET_BOUNDS } from './histogram.ts'

/** The requests of one client, secret, endpoint and status within a period. */
export interface UsageCount {
  /** Start of the period, epoch milliseconds. */
  period: number
  clientId: string
  secretId: string
  endpoint: string
  status: number
  requests: number
  /** Requests in each latency bucket of `histogram.ts`. */
  buckets: number[]
}

export type UsageResolution = Tables['usage_counts']['resolution']

type BucketColumn = Extract<keyof Tables['usage_counts'], `ms_${string}`>

/** The histogram's columns, from the fastest. */
export const BUCKET_COLUMNS: readonly BucketColumn[] = [
  ...BUCKET_BOUNDS.map((bound) => `ms_${bound}` as const),
  'ms_more',
]

const DAY_MILLISECONDS = 86_400_000

/** Periods begin at multiples of their length since the epoch, so days are those of UTC. */
const RESOLUTIONS = [
  { resolution: 'minute', milliseconds: 60_000, keptMilliseconds: 2 * DAY_MILLISECONDS },
  { resolution: 'hour', milliseconds: 3_600_000, keptMilliseconds: 90 * DAY_MILLISECONDS },
  { resolution: 'day', milliseconds: DAY_MILLISECONDS, keptMilliseconds: 730 * DAY_MILLISECONDS },
] as const

/** Returns a function that adds counts of minutes to the rows of their minute, hour and day. */
export function createUsageWriter(
  dialect: Database['dialect'],
): (write: Write, counts: readonly UsageCount[]) => Promise<void> {
  // Kysely would take longer to build these long statements than the database to run them.
  const statements = CHUNK_SIZES.map((size) => ({ size, sql: upsertStatement(size, dialect) }))

  return async (write, counts) => {
    for (const { resolution, milliseconds } of RESOLUTIONS) {
      const rows = sumByPeriod(counts, milliseconds)
      let start = 0
      for (const { size, sql } of statements) {
        for (; rows.length - start >= size; start += size) {
          const parameters = rows
            .slice(start, start + size)
            .flatMap((row) => [resolution, ...toValues(row)])
          await write.query.executeQuery(CompiledQuery.raw(sql, parameters))
        }
      }
    }
  }
}

/** The key, the requests, then a bucket's index and its requests for each bucket that is not empty. */
type PackedCount = [number, string, string, string, number, number, ...number[]]

/** A count as JSON, without the buckets that are empty: nearly all of a client's are. */
export function packCount(count: UsageCount): PackedCount {
  const { period, clientId, secretId, endpoint, status, requests, buckets } = count
  const packed: PackedCount = [period, clientId, secretId, endpoint, status, requests]
  for (const [index, requestsWithin] of buckets.entries()) {
    if (requestsWithin > 0) packed.push(index, requestsWithin)
  }
  return packed
}

export function unpackCount(packed: PackedCount): UsageCount {
  const [period, clientId, secretId, endpoint, status, requests, ...filled] = packed
  const buckets = BUCKET_COLUMNS.map(() => 0)
  for (let index = 0; index < filled.length; index += 2) {
    buckets[filled[index]!] = filled[index + 1]!
  }
  return { period, clientId, secretId, endpoint, status, requests, buckets }
}

/** Deletes what is older than its resolution is kept: minutes 2 days, hours 90 days, days 2 years. */
export async function pruneUsage(write: Write, now: number): Promise<void> {
  for (const { resolution, keptMilliseconds } of RESOLUTIONS) {
    await write.query
      .deleteFrom('usage_counts')
      .where('resolution', '=', resolution)
      .where('period', '<', now - keptMilliseconds)
      .execute()
  }
}

/** The counts of each longer period, in the order of their keys. */
function sumByPeriod(counts: readonly UsageCount[], milliseconds: number): UsageCount[] {
  const sums = new Map<string, UsageCount>()
  for (const count of counts) {
    const period = count.period - (count.period % milliseconds)
    const key = usageKey({ ...count, period })
    const sum = sums.get(key)
    if (!sum) {
      sums.set(key, { ...count, period, buckets: [...count.buckets] })
    } else {
      sum.requests += count.requests
      for (const [index, requests] of count.buckets.entries()) sum.buckets[index]! += requests
    }
  }
  // Two nodes that lock the same rows take them in the same order, so neither blocks the other for good.
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum)
}

/** One text for each period, client, secret, endpoint and status. */
export function usageKey(count: Omit<UsageCount, 'requests' | 'buckets'>): string {
  return `${count.period}\n${count.status}\n${count.clientId}\n${count.secretId}\n${count.endpoint}`
}

/**
 * Three sizes only, because SQLite keeps every statement that it prepared. 128 rows of 19 columns
 * stay far below both databases' limit of parameters.
 */
const CHUNK_SIZES = [128, 16, 1]

const KEY_COLUMNS = ['resolution', 'period', 'client_id', 'secret_id', 'endpoint', 'status']
const SUM_COLUMNS = ['requests', ...BUCKET_COLUMNS]
const COLUMNS = [...KEY_COLUMNS, ...SUM_COLUMNS]

function upsertStatement(rows: number, dialect: Database['dialect']): string {
  let parameters = 0
  const parameter = () => (dialect === 'sqlite' ? '?' : `$${++parameters}`)
  const values = Array.from({ length: rows }, () => `(${COLUMNS.map(parameter).join(', ')})`)
  const sums = SUM_COLUMNS.map(
    (column) => `${column} = usage_counts.${column} + excluded.${column}`,
  )
  return `insert into usage_counts (${COLUMNS.join(', ')}) values ${values.join(', ')}
    on conflict (${KEY_COLUMNS.join(', ')}) do update set ${sums.join(', ')}`
}

/** In the order of `COLUMNS`, without the resolution. */
function toValues(count: UsageCount): (string | number)[] {
  const { period, clientId, secretId, endpoint, status, requests, buckets } = count
  return [period, clientId, secretId, endpoint, status, requests, ...buckets]
}
