/**
 * Whether an error of Postgres or SQLite says that the database cannot be used for now, rather than
 * that a statement was wrong: HTTP 503 instead of 500.
 */
export function isUnavailable(error: unknown): boolean {
  const code = errorCode(error)
  // Classes 08 (connection), 53 (resources), 57P (shutdown); locks and transactions that timed out.
  if (/^(08|53|57P|25P03|55P03)/.test(code)) return true
  // The socket's own errors.
  if (/^E[A-Z]{3,}$/.test(code)) return true
  const result = sqliteResultCode(error)
  if (result !== null) return SQLITE_UNAVAILABLE.has(result)
  return error instanceof Error && POOL_MESSAGES.test(error.message)
}

/** Whether an error of Postgres, SQLite or the file system says that a disk has no room. */
export function isDiskFull(error: unknown): boolean {
  return (
    ['53100', 'ENOSPC', 'EDQUOT'].includes(errorCode(error)) ||
    sqliteResultCode(error) === SQLITE_FULL
  )
}

/** The code of a Postgres or socket error; '' when it has none. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/** The primary result code of a SQLite error: the low byte. */
export function sqliteResultCode(error: unknown): number | null {
  const code = (error as { errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xff : null
}

export const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_FULL = 13

/** Another connection is at work on the file, which will pass. */
export function isSqliteBusy(error: unknown): boolean {
  const code = sqliteResultCode(error)
  return code === SQLITE_BUSY || code === SQLITE_LOCKED
}

/** BUSY, LOCKED; READONLY, IOERR, FULL, CANTOPEN: the file system failed, not the statement. */
const SQLITE_UNAVAILABLE = new Set([SQLITE_BUSY, SQLITE_LOCKED, 8, 10, SQLITE_FULL, 14])

/** `pg` gives these no code. */
const POOL_MESSAGES =
  /^(timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error)/
