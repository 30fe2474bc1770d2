import { LRUCache } from 'lru-cache'

/**
 * A bounded cache of what the database holds, safe against a change that arrives while a value is
 * being loaded: such a load still answers its own caller, but is not kept.
 */
export class FillCache<Value extends {}> {
  readonly #entries: LRUCache<string, Value>
  /** Loads under way: concurrent callers share one, and `invalidate` drops it from here. */
  readonly #loading = new Map<string, Promise<Value | null>>()

  /** @param maximum how many values are kept at most */
  constructor(maximum: number) {
    this.#entries = new LRUCache({ max: maximum })
  }

  /**
   * The kept value, or what `load` finds. Not found (null) is never kept: strangers could fill the
   * cache with it. Synchronous when `load` is.
   */
  get(
    key: string,
    load: () => Value | null | Promise<Value | null>,
  ): Value | null | Promise<Value | null> {
    const kept = this.#entries.get(key)
    if (kept !== undefined) return kept
    const underWay = this.#loading.get(key)
    if (underWay) return underWay
    const loaded = load()
    if (!(loaded instanceof Promise)) {
      if (loaded !== null) this.#entries.set(key, loaded)
      return loaded
    }
    const filling = loaded.then(
      (value) => {
        if (this.#loading.get(key) === filling) {
          this.#loading.delete(key)
          if (value !== null) this.#entries.set(key, value)
        }
        return value
      },
      (error: unknown) => {
        if (this.#loading.get(key) === filling) this.#loading.delete(key)
        throw error
      },
    )
    this.#loading.set(key, filling)
    return filling
  }

  invalidate(key: string): void {
    this.#entries.delete(key)
    this.#loading.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#loading.clear()
  }
}
