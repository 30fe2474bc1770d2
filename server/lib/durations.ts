/** Durations and moments as people write them on a command line. */

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const

/**
 * `90s`, `15m`, `24h`, `30d`, several together (`1h30m`, the largest unit first), or `0`.
 * @returns milliseconds; null when the text is none of these
 */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0
  const parts = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/.exec(text)
  if (!parts || text === '') return null
  return Object.values(UNITS).reduce(
    (sum, milliseconds, index) => sum + Number(parts[index + 1] ?? 0) * milliseconds,
    0,
  )
}

/** The shortest text that `parseDuration` reads back; a part of a second is dropped. */
export function formatDuration(milliseconds: number): string {
  let rest = milliseconds
  let text = ''
  for (const [unit, length] of Object.entries(UNITS)) {
    const count = Math.floor(rest / length)
    if (count > 0) text += `${count}${unit}`
    rest -= count * length
  }
  return text || '0s'
}

/**
 * A moment: `now`, a duration that has passed since (`24h`), a day (`2026-11-21`: its beginning in
 * UTC), or a date and time with its offset (`2026-11-21T18:30:00Z`, RFC 3339).
 * @param now epoch milliseconds
 * @returns epoch milliseconds; null when the text is none of these or no such day exists
 */
export function parseMoment(text: string, now: number): number | null {
  if (text === 'now') return now
  const passed = parseDuration(text)
  if (passed !== null) return now - passed
  const [, day] = MOMENT.exec(text) ?? []
  // Date.parse takes 30 February for 2 March.
  if (!day || new Date(`${day}T00:00:00Z`).toJSON()?.slice(0, 10) !== day) return null
  const moment = Date.parse(text)
  return Number.isNaN(moment) ? null : moment
}

const MOMENT = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/
