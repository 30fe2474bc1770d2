import { setImmediate } from 'node:timers/promises'

/**
 * What may be written a little later: values collected in memory under a key and written in batches,
 * about a second after the first of them. A killed process loses at most that second. A batch that
 * could not be written is kept and tried again while new values are collected beside it, so a write
 * whose answer got lost may be counted twice, and none is forgotten.
 *
 * Memory is bounded: when `maximum` keys wait, all further keys share one value, the overflow.
 */
export class WriteBehind<Value extends {}> implements AsyncDisposable {
  readonly #options: WriteBehindOptions<Value>
  #collected = new Map<string, Value>()
  #overflow: Value | null = null
  /** Taken out of `#collected` and not written yet. */
  #unwritten: Value[] = []
  #lastFlush: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | null = null
  #closed = false

  constructor(options: WriteBehindOptions<Value>) {
    this.#options = options
  }

  /**
   * The value that waits under `key`, for the caller to change at once; `create` makes the first.
   * A value must not be kept: the next call may give another one.
   */
  collect(key: string, create: () => Value): Value {
    return this.#collected.get(key) ?? this.#add(key, create)
  }

  /**
   * Writes all that was collected before the call.
   * @throws what `write` throws; what was not written is kept, and tried again in a second
   */
  flush(): Promise<void> {
    const flush = this.#lastFlush.catch(() => {}).then(() => this.#flushOnce())
    this.#lastFlush = flush
    return flush
  }

  /** Flushes, and writes nothing by itself after that. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.flush()
  }

  #add(key: string, create: () => Value): Value {
    this.#schedule()
    if (this.#collected.size >= this.#options.maximum) {
      return (this.#overflow ??= this.#options.createOverflow())
    }
    const value = create()
    this.#collected.set(key, value)
    return value
  }

  async #flushOnce(): Promise<void> {
    try {
      await this.#writeBatches()
      this.#unwritten = [...this.#collected.values()]
      if (this.#overflow) this.#unwritten.push(this.#overflow)
      this.#collected = new Map()
      this.#overflow = null
      await this.#writeBatches()
    } catch (error) {
      this.#schedule()
      throw error
    }
  }

  async #writeBatches(): Promise<void> {
    while (this.#unwritten.length > 0) {
      const { write, batchSize = BATCH_SIZE } = this.#options
      await write(this.#unwritten.slice(0, batchSize))
      this.#unwritten = this.#unwritten.slice(batchSize)
      // SQLite works on the event loop's thread: requests have their turn between two batches.
      if (this.#unwritten.length > 0) await setImmediate()
    }
  }

  #schedule(): void {
    if (this.#timer || this.#closed) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.flush().catch(this.#options.onError)
    }, DELAY_MILLISECONDS)
    this.#timer.unref()
  }
}

export interface WriteBehindOptions<Value> {
  /** How many keys may wait at most. */
  maximum: number
  /** The value that stands for all keys that found no room. */
  createOverflow: () => Value
  /** How many values are written together at most; 500 by default. */
  batchSize?: number
  /** Writes the values, all or none of them. */
  write: (values: Value[]) => Promise<void>
  /** Hears of writes that failed and are going to be tried again. */
  onError: (error: unknown) => void
}

const DELAY_MILLISECONDS = 1_000
const BATCH_SIZE = 500
