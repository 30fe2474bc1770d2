/** One thing that the doctor looked at. */
export interface Finding {
  check: string
  level: 'ok' | 'warn' | 'fail'
  /** What was found. */
  message: string
  /** What to do about it. */
  advice?: string
}

export const ok = (check: string, message: string): Finding => ({ check, level: 'ok', message })

export const warn = (check: string, message: string, advice: string): Finding => ({
  check,
  level: 'warn',
  message,
  advice,
})

export const fail = (check: string, message: string, advice: string): Finding => ({
  check,
  level: 'fail',
  message,
  advice,
})

/** Of an error that may have come from a database, a file or the network. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, cause } = error
  // A connection refused on all addresses has no message of its own.
  const own = message || ((error as NodeJS.ErrnoException).code ?? error.name)
  return cause instanceof Error ? `${own}: ${messageOf(cause)}` : own
}
