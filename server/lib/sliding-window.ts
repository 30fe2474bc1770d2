/** At most `quota` calls in any `windowSeconds` seconds; both are positive integers. */
export interface Quota {
  quota: number
  windowSeconds: number
}

/**
 * Counts the calls of the last window, so that there are never more than the quota in any window
 * `[t, t + windowSeconds)`. Up to a quota of 100 each call is kept by itself and the answer is exact.
 * Above it, calls within a sixtieth of the window form a group that leaves as one, with its last
 * call: never too early, and for its first call at most a sixtieth of the window late.
 *
 * All times are integer milliseconds. The quota may differ from call to call (someone changed it):
 * what is kept is judged by the one given. A clock that is a little behind the newest call (another
 * process read it later) counts as standing still; one that was set back moves the calls back with
 * it, keeping their distances, so that it neither frees calls early nor locks anyone out.
 */
export class SlidingWindow {
  /** Ring buffers: when the last call of each group was, and how many calls the group has. */
  #lastCalls: number[] = []
  #counts: number[] = []
  #oldest = 0
  #groups = 0
  #total = 0
  /** When the newest group began, which decides whether the next call joins it. */
  #newestBegan = 0

  /** After how many whole seconds a call is allowed if nobody else calls; 0: now. */
  waitSeconds(limit: Quota, now: number): number {
    this.#forget(limit, now)
    return this.#total < limit.quota ? 0 : this.#secondsUntilBelow(limit.quota, limit, now)
  }

  /** Counts a call; `waitSeconds` has just said 0. */
  record(limit: Quota, now: number): void {
    this.#forget(limit, now)
    const newest = (this.#oldest + this.#groups - 1) % this.#lastCalls.length
    const at = this.#groups === 0 ? now : Math.max(now, this.#lastCalls[newest]!)
    this.#total++
    if (this.#groups > 0 && limit.quota > EXACT_QUOTA) {
      if ((at - this.#newestBegan) * GROUPS_PER_WINDOW < limit.windowSeconds * 1_000) {
        this.#lastCalls[newest] = at
        this.#counts[newest]!++
        return
      }
    }
    this.#append(at, 1)
    this.#newestBegan = at
  }

  /** How many more calls are allowed now. */
  remaining(limit: Quota, now: number): number {
    this.#forget(limit, now)
    return Math.max(0, limit.quota - this.#total)
  }

  /** After how many whole seconds more calls are allowed than now; 0 when the quota is untouched. */
  resetSeconds(limit: Quota, now: number): number {
    this.#forget(limit, now)
    if (this.#total === 0) return 0
    return this.#secondsUntilBelow(Math.min(this.#total, limit.quota), limit, now)
  }

  /** From when on nothing is counted and the object may be dropped, should no call follow. */
  idleAt(limit: Quota): number {
    if (this.#groups === 0) return 0
    return this.#lastCallOf(this.#groups - 1) + limit.windowSeconds * 1_000
  }

  /**
   * Compact text for a shared store: when the newest group began, then for each group the time since
   * the one before it and, if not 1, its count; numbers in base 36. Empty when nothing is counted.
   */
  toString(): string {
    if (this.#groups === 0) return ''
    let text = this.#newestBegan.toString(36)
    let before = 0
    for (let group = 0; group < this.#groups; group++) {
      const lastCall = this.#lastCallOf(group)
      const count = this.#counts[(this.#oldest + group) % this.#counts.length]!
      text += ` ${(lastCall - before).toString(36)}`
      if (count !== 1) text += `*${count.toString(36)}`
      before = lastCall
    }
    return text
  }

  /** @param text what `toString` gave */
  static parse(text: string): SlidingWindow {
    const window = new SlidingWindow()
    if (text === '') return window
    const [newestBegan, ...groups] = text.split(' ')
    window.#newestBegan = Number.parseInt(newestBegan!, 36)
    let lastCall = 0
    for (const group of groups) {
      const [gap, count = '1'] = group.split('*')
      lastCall += Number.parseInt(gap!, 36)
      window.#append(lastCall, Number.parseInt(count, 36))
      window.#total += Number.parseInt(count, 36)
    }
    return window
  }

  /** Drops the groups whose last call has left the window. */
  #forget(limit: Quota, now: number): void {
    if (this.#groups === 0) return
    const ahead = this.#lastCallOf(this.#groups - 1) - now
    if (ahead > TOLERATED_MILLISECONDS) this.#moveBack(ahead)
    const windowMilliseconds = limit.windowSeconds * 1_000
    while (this.#groups > 0 && now - this.#lastCalls[this.#oldest]! >= windowMilliseconds) {
      this.#total -= this.#counts[this.#oldest]!
      this.#oldest = (this.#oldest + 1) % this.#lastCalls.length
      this.#groups--
    }
  }

  #secondsUntilBelow(total: number, limit: Quota, now: number): number {
    let left = this.#total
    let group = 0
    do {
      left -= this.#counts[(this.#oldest + group) % this.#counts.length]!
      group++
    } while (left >= total)
    const freeAt = this.#lastCallOf(group - 1) + limit.windowSeconds * 1_000
    return Math.ceil((freeAt - now) / 1_000)
  }

  #lastCallOf(group: number): number {
    return this.#lastCalls[(this.#oldest + group) % this.#lastCalls.length]!
  }

  #moveBack(milliseconds: number): void {
    for (let slot = 0; slot < this.#lastCalls.length; slot++) {
      this.#lastCalls[slot]! -= milliseconds
    }
    this.#newestBegan -= milliseconds
  }

  #append(lastCall: number, count: number): void {
    if (this.#groups === this.#lastCalls.length) this.#grow()
    const slot = (this.#oldest + this.#groups) % this.#lastCalls.length
    this.#lastCalls[slot] = lastCall
    this.#counts[slot] = count
    this.#groups++
  }

  #grow(): void {
    const before = this.#lastCalls.length
    if (before === 0) {
      // The first call of each of very many clients: no copying.
      this.#lastCalls = [0, 0, 0, 0]
      this.#counts = [0, 0, 0, 0]
      return
    }
    const turn = (ring: number[]) => [...ring.slice(this.#oldest), ...ring.slice(0, this.#oldest)]
    const room = Array.from({ length: before }, () => 0)
    this.#lastCalls = [...turn(this.#lastCalls), ...room]
    this.#counts = [...turn(this.#counts), ...room]
    this.#oldest = 0
  }
}

/** Up to this quota every call is kept by itself. */
const EXACT_QUOTA = 100
const GROUPS_PER_WINDOW = 60

/** How far processes that share a window may read different clocks. */
const TOLERATED_MILLISECONDS = 1_000
