import { type Database, DatabaseUnavailableError, type Write } from '../../database/database.ts'
import type { Quota } from '../../lib/sliding-window.ts'
import { badParameter, conflict } from '../../protocol/problem.ts'
import type { LimitOverride } from './policies.ts'

/** Any node loads all overrides into memory. */
const MAXIMUM_OVERRIDES = 100_000
const MAXIMUM_QUOTA = 10_000_000
const MAXIMUM_WINDOW_SECONDS = 86_400

/**
 * Sets the quota of a client (or of each: '') on an endpoint (or on all together: '').
 * @returns whether that changed anything
 * @throws Problem 400 for a quota that is not possible, 409 when there are too many overrides
 */
export async function setOverride(
  write: Write,
  override: LimitOverride,
  now: number,
): Promise<boolean> {
  const { clientId, endpoint, quota, windowSeconds } = override
  requireInteger('quota', quota, MAXIMUM_QUOTA)
  requireInteger('windowSeconds', windowSeconds, MAXIMUM_WINDOW_SECONDS)
  // Two at once would both find room for the last one.
  await write.lock('limit-overrides')
  const { query } = write
  const values = { quota, window_seconds: windowSeconds }
  const before = await query
    .selectFrom('limit_overrides')
    .select(['quota', 'window_seconds'])
    .where('client_id', '=', clientId)
    .where('endpoint', '=', endpoint)
    .executeTakeFirst()
  if (before?.quota === quota && before.window_seconds === windowSeconds) return false
  if (before) {
    await query
      .updateTable('limit_overrides')
      .set(values)
      .where('client_id', '=', clientId)
      .where('endpoint', '=', endpoint)
      .execute()
  } else {
    const { count } = await query
      .selectFrom('limit_overrides')
      .select((rows) => rows.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    if (count >= MAXIMUM_OVERRIDES) {
      throw conflict(`there are already ${MAXIMUM_OVERRIDES} overrides of limits`)
    }
    const row = { client_id: clientId, endpoint, ...values, created_at: now }
    await query.insertInto('limit_overrides').values(row).execute()
  }
  write.announce('limits', '')
  return true
}

/** @returns whether there was one */
export async function removeOverride(
  write: Write,
  { clientId, endpoint }: Pick<LimitOverride, 'clientId' | 'endpoint'>,
): Promise<boolean> {
  const { numDeletedRows } = await write.query
    .deleteFrom('limit_overrides')
    .where('client_id', '=', clientId)
    .where('endpoint', '=', endpoint)
    .executeTakeFirstOrThrow()
  if (numDeletedRows === 0n) return false
  write.announce('limits', '')
  return true
}

/** All overrides, by client and endpoint. */
export async function listOverrides(database: Database): Promise<LimitOverride[]> {
  const rows = await database.query
    .selectFrom('limit_overrides')
    .select(['client_id', 'endpoint', 'quota', 'window_seconds'])
    .orderBy('client_id')
    .orderBy('endpoint')
    .limit(MAXIMUM_OVERRIDES)
    .execute()
  return rows.map(toOverride)
}

/** This node's copy of all overrides, loaded again before the next use after someone changed them. */
export class Overrides {
  readonly #select: () => OverrideRow[] | Promise<OverrideRow[]>
  readonly #changed: () => void
  #quotas = new Map<string, Quota>()
  #stale = true
  #loading: Promise<void> | null = null

  /** @param changed called after each load */
  constructor(database: Database, changed: () => void) {
    this.#select = database.prepare(
      `select client_id, endpoint, quota, window_seconds from limit_overrides limit ${MAXIMUM_OVERRIDES}`,
    )
    this.#changed = changed
    database.feed.subscribe(({ topic }) => {
      if (topic === 'limits' || topic === 'everything') this.#stale = true
    })
  }

  find(clientId: string, endpoint: string): Quota | undefined {
    if (this.#quotas.size === 0) return undefined
    return this.#quotas.get(`${clientId}\n${endpoint}`)
  }

  areLoaded(): boolean {
    return !this.#stale && this.#loading === null
  }

  /**
   * Returns at once while the copy is good, and on SQLite always.
   * @throws DatabaseUnavailableError when it cannot be loaded
   */
  ensureLoaded(): void | Promise<void> {
    if (!this.#stale) return this.#loading ?? undefined
    if (this.#loading) return this.#loading.then(() => this.ensureLoaded())
    this.#stale = false
    try {
      const rows = this.#select()
      if (!(rows instanceof Promise)) return this.#keep(rows)
      this.#loading = rows
        .then((loaded) => this.#keep(loaded))
        .catch((error: unknown) => this.#fail(error))
        .finally(() => (this.#loading = null))
      return this.#loading
    } catch (error) {
      this.#fail(error)
    }
  }

  #keep(rows: OverrideRow[]): void {
    this.#quotas = new Map(
      rows.map((row) => [`${row.client_id}\n${row.endpoint}`, toOverride(row)]),
    )
    this.#changed()
  }

  #fail(error: unknown): never {
    this.#stale = true
    throw new DatabaseUnavailableError('the overrides of limits cannot be read', { cause: error })
  }
}

interface OverrideRow {
  client_id: string
  endpoint: string
  quota: number
  window_seconds: number
}

function toOverride(row: OverrideRow): LimitOverride {
  return {
    clientId: row.client_id,
    endpoint: row.endpoint,
    quota: row.quota,
    windowSeconds: row.window_seconds,
  }
}

function requireInteger(parameter: string, value: number, maximum: number): void {
  if (!Number.isInteger(value) || value < 1 || value > maximum) {
    throw badParameter(parameter, `must be an integer from 1 to ${maximum}`)
  }
}
