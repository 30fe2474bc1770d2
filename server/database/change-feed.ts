import type { Clock } from '../lib/clock.ts'
import { type Adapter, DatabaseUnavailableError, type Topic } from './database.ts'

/**
 * Tells this node what any node changed, so that caches can be trusted.
 *
 * Each change adds a row to `changes` inside its own transaction. This node reads the new rows every
 * 200 ms, and at once after its own writes. Whoever uses a cache calls `ensureFresh` first: when the
 * feed has not been read for 500 ms (the process was stopped, or the database did not answer), it is
 * read before the cache is used, and if that fails the call fails rather than trust the cache.
 */
export class ChangeFeed {
  readonly #adapter: Adapter
  readonly #clock: Clock
  readonly #listeners: ChangeListener[] = []
  #position = 0
  #dataVersion: number | null = null
  /** Monotonic time of the last read that succeeded, taken before the read began. */
  #confirmedAt = Number.NEGATIVE_INFINITY
  #confirmedWallClock = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | null = null
  #following: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(adapter: Adapter, clock: Clock) {
    this.#adapter = adapter
    this.#clock = clock
  }

  /** Starts reading; listeners hear of every change after this. */
  async start(): Promise<void> {
    await this.read()
    this.#timer = setInterval(() => {
      // A failure leaves the feed unconfirmed, which is what matters: the next use reads again.
      this.read().catch(() => {})
    }, POLL_MILLISECONDS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    await this.#reading?.catch(() => {})
  }

  /** The feed counts as read when the listener's promise, if it gives one, is fulfilled. */
  subscribe(listener: ChangeListener): void {
    this.#listeners.push(listener)
  }

  /**
   * Returns at once while the feed is confirmed, else reads it first.
   * @throws DatabaseUnavailableError when it cannot be read
   */
  ensureFresh(): void | Promise<void> {
    if (!this.isFresh()) return this.read()
  }

  /** Whether it is confirmed. */
  isFresh(): boolean {
    // The monotonic clock stands still while a machine is suspended, the other may be set back.
    const { monotonic, now } = this.#clock
    return (
      monotonic() - this.#confirmedAt <= CONFIRMED_MILLISECONDS &&
      Math.abs(now() - this.#confirmedWallClock) <= CONFIRMED_MILLISECONDS
    )
  }

  /**
   * Reads what is new now. Calls that arrive during a read share one that follows it, because the one
   * under way may have begun before what they must see.
   */
  read(): Promise<void> {
    if (!this.#reading) {
      this.#reading = this.#readOnce().finally(() => {
        this.#reading = null
      })
      return this.#reading
    }
    this.#following ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#following = null
        return this.read()
      })
    return this.#following
  }

  async #readOnce(): Promise<void> {
    const startedAt = this.#clock.monotonic()
    const wallClock = this.#clock.now()
    try {
      const version = this.#adapter.dataVersion()
      if (version === null || version !== this.#dataVersion) {
        await withDeadline(this.#readRows(wallClock), READ_MILLISECONDS)
      }
      this.#dataVersion = version
    } catch (error) {
      throw new DatabaseUnavailableError('the change feed cannot be read', { cause: error })
    }
    this.#confirmedAt = startedAt
    this.#confirmedWallClock = wallClock
  }

  async #readRows(wallClock: number): Promise<void> {
    const changes = this.#adapter.query.selectFrom('changes')
    // Rows are kept for an hour (`pruneChanges`): whoever missed more forgets everything instead.
    if (wallClock - this.#confirmedWallClock > KEPT_MILLISECONDS / 2) {
      const newest = await changes.select((rows) => rows.fn.max('id').as('id')).executeTakeFirst()
      await this.#tell({ topic: 'everything', key: '' })
      this.#position = newest?.id ?? 0
      return
    }
    const rows = await changes
      .select(['id', 'topic', 'key'])
      .where('id', '>', this.#position)
      .orderBy('id')
      .execute()
    for (const row of rows) {
      await this.#tell({ topic: row.topic as Topic, key: row.key })
      // A read that had timed out may end after one that began later.
      this.#position = Math.max(this.#position, row.id)
    }
  }

  /** Told again when it fails: then the feed stays unread. */
  async #tell(change: Change): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener(change)))
  }
}

/** What it returns is waited for if it is a promise. */
export type ChangeListener = (change: Change) => unknown

/** A database that accepts connections and does not answer must not hold all requests for good. */
async function withDeadline(work: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the database does not answer')), milliseconds)
  })
  try {
    await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
    work.catch(() => {})
  }
}

/** `everything`: too much was missed to tell what; forget all. */
export interface Change {
  topic: Topic | 'everything'
  key: string
}

const POLL_MILLISECONDS = 200
const CONFIRMED_MILLISECONDS = 500
const READ_MILLISECONDS = 2_000

/** How long feed rows are kept for nodes that fell behind. */
export const KEPT_MILLISECONDS = 3_600_000
