/** At least so long, whatever the headers say: the document's server is not asked at each request. */
const MINIMUM_MS = 300_000
/** At most so long: a client that changes its keys must not wait for longer. */
const MAXIMUM_MS = 86_400_000
const DEFAULT_MS = 3_600_000

/**
 * How long an answer may be used (RFC 9111 §4.2.1), within bounds of our own.
 * @returns milliseconds
 */
export function freshFor(headers: Headers): number {
  const control = headers.get('cache-control')?.toLowerCase() ?? ''
  if (/\bno-(?:store|cache)\b/.test(control)) return MINIMUM_MS
  const seconds = /\bmax-age="?(\d{1,10})/.exec(control)?.[1]
  if (seconds === undefined) return DEFAULT_MS
  const age = /^\d{1,10}$/.test(headers.get('age') ?? '') ? Number(headers.get('age')) : 0
  return Math.min(MAXIMUM_MS, Math.max(MINIMUM_MS, (Number(seconds) - age) * 1_000))
}
