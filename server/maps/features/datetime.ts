/**
 * The `datetime` parameter (17-069r4 §7.15.4): an instant, or an interval whose open ends are `..` or
 * empty. Times are RFC 3339 date-times, or dates, which mean the whole day in UTC.
 */
export interface TimeRange {
  /** Epoch milliseconds, inclusive; null: open. */
  from: number | null
  to: number | null
}

export type ParsedTime = { kind: 'time'; time: TimeRange } | { kind: 'invalid'; detail: string }

/** @returns the range, or what is wrong with the text, fit to follow its name */
export function parseDatetime(text: string): ParsedTime {
  const parts = text.split('/', 3)
  if (parts.length > 2) return invalid('has more than one "/"')
  if (parts.length === 1) {
    const instant = parseTime(text)
    return instant ? { kind: 'time', time: instant } : invalid(`"${shown(text)}" ${FORM}`)
  }
  const [start = '', end = ''] = parts
  const from = isOpen(start) ? null : parseTime(start)
  const to = isOpen(end) ? null : parseTime(end)
  if (!from && !isOpen(start)) return invalid(`its start, "${shown(start)}", ${FORM}`)
  if (!to && !isOpen(end)) return invalid(`its end, "${shown(end)}", ${FORM}`)
  if (from && to && from.from > to.to) return invalid('its end is before its start')
  return { kind: 'time', time: { from: from?.from ?? null, to: to?.to ?? null } }
}

/**
 * An RFC 3339 date-time, or a date: its first and last millisecond. A leap second is the second
 * after it.
 * @returns null when it is neither, or no such day or time exists
 */
export function parseTime(text: string): { from: number; to: number } | null {
  const day = DATE.exec(text)
  if (day) {
    const from = dayOf(day)
    return from === null ? null : { from, to: from + DAY_MILLISECONDS - 1 }
  }
  const found = DATE_TIME.exec(text)
  if (!found) return null
  const start = dayOf(found)
  const [hours, minutes, seconds] = [4, 5, 6].map((index) => Number(found[index]))
  const [offsetHours, offsetMinutes] = [10, 11].map((index) => Number(found[index] ?? 0))
  if (start === null || hours! > 23 || minutes! > 59 || seconds! > 60) return null
  if (offsetHours! > 23 || offsetMinutes! > 59) return null
  const offset = (offsetHours! * 60 + offsetMinutes!) * (found[9] === '-' ? -1 : 1)
  const fraction = Math.floor(Number(`0.${found[7] ?? '0'}`) * 1_000)
  const time = start + ((hours! * 60 + minutes! - offset) * 60 + seconds!) * 1_000 + fraction
  return { from: time, to: time }
}

export const isDate = (text: string) => DATE.test(text) && parseTime(text) !== null

export const isDateTime = (text: string) => DATE_TIME.test(text) && parseTime(text) !== null

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
/** RFC 3339 §5.6 */
const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,20}))?([Zz]|([+-])(\d\d):(\d\d))$/
const DAY_MILLISECONDS = 86_400_000

function dayOf([, year, month, day]: RegExpExecArray): number | null {
  const time = new Date(0)
  // `Date.UTC` would take the years 0 to 99 for 1900 to 1999.
  time.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  return time.getUTCMonth() === Number(month) - 1 && time.getUTCDate() === Number(day)
    ? time.getTime()
    : null
}

const isOpen = (text: string) => text === '' || text === '..'

const FORM = 'is not an RFC 3339 date-time such as 2026-01-31T12:00:00Z, or a date'

const shown = (text: string) => (text.length > 60 ? `${text.slice(0, 60)}…` : text)

function invalid(detail: string): ParsedTime {
  return { kind: 'invalid', detail }
}
