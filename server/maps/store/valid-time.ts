import type { Property } from './collection-state.ts'

/** When a feature is valid, epoch ms, both ends inclusive, null: open. Both null: always. */
export interface ValidTime {
  starts: number | null
  ends: number | null
}

const DAY_MILLISECONDS = 86_400_000

/**
 * Reads valid times from properties by the roles of the schema. A date is its whole day in UTC, a
 * number is epoch milliseconds; what is neither counts as missing.
 */
export function createValidTime(
  schema: readonly Property[],
): (properties: Record<string, unknown>) => ValidTime {
  const nameOf = (role: Property['role']) => schema.find((each) => each.role === role)?.name
  const [start, end, instant] = [nameOf('start'), nameOf('end'), nameOf('instant')]
  return (properties) => ({
    starts: timeOf(properties, start ?? instant, 0),
    ends: timeOf(properties, end ?? (start === undefined ? instant : undefined), 1),
  })
}

/** @param dayEnd 1: a date is the last millisecond of its day */
function timeOf(
  properties: Record<string, unknown>,
  name: string | undefined,
  dayEnd: 0 | 1,
): number | null {
  if (name === undefined || !Object.hasOwn(properties, name)) return null
  const value = properties[name]
  if (typeof value === 'number')
    return Number.isSafeInteger(Math.round(value)) ? Math.round(value) : null
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}/.test(value)) return null
  const at = Date.parse(value)
  if (Number.isNaN(at)) return null
  return value.length === 10 ? at + dayEnd * (DAY_MILLISECONDS - 1) : at
}

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
