import type { Summary } from './feature-rows.ts'

/** A query for what all rows of a table come to, the same for both databases: `feature-rows.ts`. */
export function summaryOf(table: string): string {
  return `select count(*) as count,
      min(west) as west, min(south) as south, max(east) as east, max(north) as north,
      min(starts) as starts, max(ends) as ends,
      count(coalesce(starts, ends)) as timed, count(starts) as started, count(ends) as ended
    from ${table}`
}

export interface SummaryRecord {
  count: number
  west: number
  south: number
  east: number
  north: number
  starts: number | null
  ends: number | null
  /** How many have a valid time, and a beginning and an end of it. */
  timed: number
  started: number
  ended: number
}

export function toSummary(record: SummaryRecord): Summary {
  const { count, west, south, east, north, starts, ends, timed, started, ended } = record
  return {
    featureCount: count,
    extent: count > 0 ? { west, south, east, north } : null,
    interval: timed > 0 ? [started < timed ? null : starts, ended < timed ? null : ends] : null,
  }
}
