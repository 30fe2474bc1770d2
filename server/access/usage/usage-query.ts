import type { Database } from '../../database/database.ts'
import { estimateQuantile } from './histogram.ts'
import { BUCKET_COLUMNS, type UsageResolution } from './usage-rows.ts'

export interface UsageQuery {
  /** Periods that begin at or after this time, epoch milliseconds. */
  from: number
  /** Periods that begin before this time. */
  to: number
  resolution: UsageResolution
  /** '' asks for requests without a client. */
  clientId?: string | undefined
  endpoint?: string | undefined
  /** What each row stands for; all of them by default, none for one total. */
  groupBy?: readonly UsageGroup[] | undefined
  /** How many rows at most, in the order of the groups; 10,000 by default. */
  limit?: number | undefined
}

export type UsageGroup = 'period' | 'clientId' | 'secretId' | 'endpoint' | 'status'

/** The groups that the query asked for, and what was counted in them. Latencies are milliseconds. */
export interface UsageRow {
  period?: number
  clientId?: string
  secretId?: string
  endpoint?: string
  status?: number
  requests: number
  /** Estimated: see `estimateQuantile`. */
  p50: number | null
  p95: number | null
  p99: number | null
}

const GROUP_COLUMNS = {
  period: 'period',
  clientId: 'client_id',
  secretId: 'secret_id',
  endpoint: 'endpoint',
  status: 'status',
} as const

const ALL_GROUPS = Object.keys(GROUP_COLUMNS) as UsageGroup[]

/** Sums what was counted, by the groups asked for and in their order. */
export async function queryUsage(database: Database, query: UsageQuery): Promise<UsageRow[]> {
  const groups = query.groupBy ?? ALL_GROUPS
  const columns = groups.map((group) => GROUP_COLUMNS[group])
  let select = database.query
    .selectFrom('usage_counts')
    .select(columns)
    .select((eb) =>
      (['requests', ...BUCKET_COLUMNS] as const).map((column) =>
        // Postgres sums int8 to numeric, which would arrive as text.
        eb.cast<number>(eb.fn.sum(column), 'bigint').as(column),
      ),
    )
    .where('resolution', '=', query.resolution)
    .where('period', '>=', query.from)
    .where('period', '<', query.to)
    .limit(query.limit ?? 10_000)
  if (query.clientId !== undefined) select = select.where('client_id', '=', query.clientId)
  if (query.endpoint !== undefined) select = select.where('endpoint', '=', query.endpoint)
  for (const column of columns) select = select.groupBy(column).orderBy(column)

  const sums = await select.execute()
  return (
    sums
      // A total of nothing is one row of nulls.
      .filter((row) => row.requests !== null)
      .map((row) => ({
        ...Object.fromEntries(groups.map((group) => [group, row[GROUP_COLUMNS[group]]])),
        requests: row.requests,
        ...quantiles(row),
      }))
  )
}

function quantiles(
  row: Record<(typeof BUCKET_COLUMNS)[number], number>,
): Pick<UsageRow, 'p50' | 'p95' | 'p99'> {
  const buckets = BUCKET_COLUMNS.map((column) => row[column])
  return {
    p50: estimateQuantile(buckets, 0.5),
    p95: estimateQuantile(buckets, 0.95),
    p99: estimateQuantile(buckets, 0.99),
  }
}
