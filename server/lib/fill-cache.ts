/**
 * A bounded cache of what the database holds, safe against a change that arrives while a value is
 * being loaded: such a load still answers its own caller, but is not kept.
 */
export class FillCache<Value extends {}> {
  readonly #generationSize: number
  /** What was used lately, and what was used before that: when the first is full, the second goes. */
  #recent = new Map<string, Value>()
  #older = new Map<string, Value>()
  /** Loads under way: concurrent callers share one, and `invalidate` drops it from here. */
  readonly #loading = new Map<string, Promise<Value | null>>()
  #invalidations = 0

  /** @param maximum how many values are kept at most; the half of it used last always are */
  constructor(maximum: number) {
    this.#generationSize = Math.max(1, maximum >> 1)
  }

  /**
   * The kept value, or what `load` finds. Not found (null) is never kept: strangers could fill the
   * cache with it. Synchronous when `load` is.
   */
  get(
    key: string,
    load: () => Value | null | Promise<Value | null>,
  ): Value | null | Promise<Value | null> {
    const kept = this.#recent.get(key) ?? this.#findOlder(key)
    if (kept !== undefined) return kept
    const underWay = this.#loading.get(key)
    if (underWay) return underWay
    const loaded = load()
    if (!(loaded instanceof Promise)) {
      if (loaded !== null) this.#keep(key, loaded)
      return loaded
    }
    const filling = loaded.then(
      (value) => {
        if (this.#loading.get(key) === filling) {
          this.#loading.delete(key)
          if (value !== null) this.#keep(key, value)
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

  /**
   * Called before a load that brings values of this cache along with something else.
   * @returns keeps such a value, unless anything was invalidated meanwhile
   */
  beginFill(): (key: string, value: Value) => void {
    const before = this.#invalidations
    return (key, value) => {
      if (this.#invalidations === before) this.#keep(key, value)
    }
  }

  invalidate(key: string): void {
    this.#invalidations++
    this.#recent.delete(key)
    this.#older.delete(key)
    this.#loading.delete(key)
  }

  clear(): void {
    this.#invalidations++
    this.#recent.clear()
    this.#older.clear()
    this.#loading.clear()
  }

  #findOlder(key: string): Value | undefined {
    const value = this.#older.get(key)
    if (value !== undefined) this.#keep(key, value)
    return value
  }

  #keep(key: string, value: Value): void {
    if (this.#recent.size >= this.#generationSize && !this.#recent.has(key)) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(key, value)
  }
}
