import type { Kysely, Transaction } from 'kysely'
import { UnavailableError } from '../lib/unavailable.ts'
import type { ChangeFeed } from './change-feed.ts'
import type { Tables } from './tables.ts'

/**
 * The database behind everything but map data, on SQLite (`sqlite.ts`) or Postgres (`postgres.ts`).
 *
 * Reads go through `query` or, on hot paths, through `prepare`. Every change goes through `write`:
 * one transaction that holds the change, its audit event and its rows on the change feed, by which
 * the caches of all nodes learn of it (`change-feed.ts`). Migrations run when the database is opened
 * (`migrate.ts`). Map data lives in stores of its own, in `maps/`.
 */
export interface Database extends AsyncDisposable {
  readonly dialect: 'sqlite' | 'postgres'
  /** For reading; writing through it fails on SQLite. */
  readonly query: Kysely<Tables>
  readonly feed: ChangeFeed
  /**
   * Runs `work` in one transaction and returns when it is committed and this node's caches know.
   * On SQLite it is the only writer meanwhile, so `work` awaits nothing but the database. It may run
   * again after a deadlock, so it must not have other effects.
   * @throws DatabaseUnavailableError when the database cannot be reached or stays locked
   */
  write<Result>(work: (write: Write) => Promise<Result>): Promise<Result>
  /**
   * A statement prepared once, for hot paths.
   * @param sql one SELECT with `$1`, `$2`... for parameters
   * @returns a function from the parameters to the rows; synchronous on SQLite
   */
  prepare<Row>(sql: string): (...parameters: (string | number)[]) => Row[] | Promise<Row[]>
}

/** A transaction under way. */
export interface Write {
  readonly query: Transaction<Tables>
  /** Tells all nodes, if this transaction commits, that the object under `key` changed. */
  announce(topic: Topic, key: string): void
  /** Runs `work` after everything else of the transaction: for what takes a lock that all share. */
  beforeCommit(work: () => Promise<void>): void
  /** Waits for any other transaction that holds the lock of this name; held until the end. */
  lock(name: string): Promise<void>
}

/** What changes are announced of; the key of each is the object's id. */
export type Topic =
  | 'customer'
  | 'client'
  | 'secret'
  | 'token'
  | 'signing-keys'
  | 'limits'
  | 'account'
  | 'session'
  | 'grant'
  | 'identity-provider'
  | 'membership'
  | 'collection'
  | 'subscription'

/** The database cannot be reached, stays locked, or its feed cannot be confirmed: HTTP 503. */
export class DatabaseUnavailableError extends UnavailableError {
  override name = 'DatabaseUnavailableError'
}

/** What the adapters for SQLite and Postgres bring; `open.ts` makes a `Database` of it. */
export interface Adapter extends AsyncDisposable {
  readonly dialect: 'sqlite' | 'postgres'
  readonly query: Kysely<Tables>
  readonly writer: Kysely<Tables>
  /** How often `write` tries again after an error, and whether this error deserves it. */
  isRetryable(error: unknown): boolean
  lock(transaction: Transaction<Tables>, name: string): Promise<void>
  prepare<Row>(sql: string): (...parameters: (string | number)[]) => Row[] | Promise<Row[]>
  /** A number that differs from its last value if another connection may have changed the database; null: not known. */
  dataVersion(): number | null
}
