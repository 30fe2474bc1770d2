import { parseTime } from '../features/datetime.ts'
import type { Property } from './collection-state.ts'

/** When a feature is valid, epoch ms, both ends inclusive, null: open. Both null: always. */
export interface ValidTime {
  starts: number | null
  ends: number | null
}

/**
 * Reads valid times from properties by the roles of the schema, as `periodOf` reads values. One that it
 * cannot read counts as missing; `faultOfTime` keeps such a one from being stored.
 */
export function createValidTime(
  schema: readonly Property[],
): (properties: Record<string, unknown>) => ValidTime {
  const nameOf = (role: Property['role']) => schema.find((each) => each.role === role)?.name
  const [start, end, instant] = [nameOf('start'), nameOf('end'), nameOf('instant')]
  return (properties) => ({
    starts: periodIn(properties, start ?? instant)?.from ?? null,
    ends: periodIn(properties, end ?? (start === undefined ? instant : undefined))?.to ?? null,
  })
}

function periodIn(properties: Record<string, unknown>, name: string | undefined): Period | null {
  return name !== undefined && Object.hasOwn(properties, name) ? periodOf(properties[name]) : null
}

/** Epoch ms of the first and the last of its milliseconds. */
interface Period {
  from: number
  to: number
}

/**
 * The period that a value stands for: an RFC 3339 date-time, in UTC where it names no zone; a date,
 * which is its whole day in UTC; four digits, a whole year; any other number is epoch milliseconds.
 * @returns null: it is none of these
 */
function periodOf(value: unknown): Period | null {
  if (typeof value === 'number') {
    if (isYear(String(value))) return yearOf(String(value))
    const at = Math.round(value)
    return Number.isSafeInteger(at) ? { from: at, to: at } : null
  }
  if (typeof value !== 'string') return null
  if (isYear(value)) return yearOf(value)
  const [, day, time, seconds = ':00', zone = 'Z', minutes = ':00'] = TIME.exec(value) ?? []
  if (day === undefined) return parseTime(value)
  const offset = zone === 'Z' ? zone : zone + minutes.replace(/^:?/, ':')
  return parseTime(`${day}T${time}${seconds}${offset}`)
}

/** ISO 8601 as databases write it: perhaps with a space, without seconds, zone or minutes of the zone. */
const TIME =
  /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d(?:\.\d{1,20})?)?(?:Z|z|([+-]\d\d)(:?\d\d)?)?$/

const isYear = (text: string) => /^[1-9]\d{3}$/.test(text)

function yearOf(year: string): Period {
  return { from: Date.parse(`${year}-01-01`), to: Date.parse(`${year}-12-31T23:59:59.999Z`) }
}

/**
 * What is wrong with a value of a property that is a time, fit to follow its name; null: nothing. Of
 * numbers only those are taken that can hardly be anything but epoch milliseconds: seconds, or days
 * written as numbers, would all be in 1970.
 */
export function faultOfTime(role: Property['role'], value: unknown): string | null {
  if (role !== 'start' && role !== 'end' && role !== 'instant') return null
  const period = periodOf(value)
  if (!period) {
    return 'must be a time such as 2026-01-31T12:00:00Z, 2026-01-31 or 2026, or epoch milliseconds'
  }
  if (typeof value !== 'number' || isYear(String(value))) return null
  return Math.abs(value) >= LEAST_MILLISECONDS && period.from >= FIRST && period.to <= LAST
    ? null
    : 'must be a year of four digits or epoch milliseconds, beyond ±1e11 so that seconds are not taken for them'
}

/** As seconds this is in the year 5138. */
const LEAST_MILLISECONDS = 100_000_000_000
const FIRST = Date.parse('0000-01-01')
const LAST = Date.parse('9999-12-31T23:59:59.999Z')

/** Whether it shares an instant with the period. */
export function isValidIn(
  { starts, ends }: ValidTime,
  period: { from: number | null; to: number | null },
): boolean {
  return (
    (starts === null || period.to === null || starts <= period.to) &&
    (ends === null || period.from === null || ends >= period.from)
  )
}

export type Interval = readonly [from: number | null, to: number | null]

/** The interval with one more valid time in it; features that are always valid have no part in it. */
export function widened(interval: Interval | null, { starts, ends }: ValidTime): Interval | null {
  if (starts === null && ends === null) return interval
  if (interval === null) return [starts, ends]
  const [from, to] = interval
  return [
    from === null || starts === null ? null : Math.min(from, starts),
    to === null || ends === null ? null : Math.max(to, ends),
  ]
}
