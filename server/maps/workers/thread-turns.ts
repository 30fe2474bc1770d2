/** What a thread is asked for: one tile, or a read that may look at much. */
export type Kind = 'tile' | 'read'

/** Who may have a thread, and who comes next. */
export interface ThreadTurns {
  /** How many of a kind have a thread or wait for one. */
  count(kind: Kind): number
  /** Comes back when there is a thread, which has to be given back. */
  take(kind: Kind): Promise<void>
  give(kind: Kind): void
}

/**
 * Shares threads between tiles and reads, so that neither waits behind all of the other: where both
 * wait they take turns, and reads, which may last, never have all threads, unless there is but one.
 */
export function createThreadTurns(threads: number): ThreadTurns {
  const running: Record<Kind, number> = { tile: 0, read: 0 }
  const waiting: Record<Kind, (() => void)[]> = { tile: [], read: [] }
  const most: Record<Kind, number> = { tile: threads, read: Math.max(1, threads - 1) }
  let last: Kind = 'read'

  function goOn(): void {
    while (running.tile + running.read < threads) {
      const order: Kind[] = last === 'read' ? ['tile', 'read'] : ['read', 'tile']
      const kind = order.find((each) => waiting[each].length > 0 && running[each] < most[each])
      if (!kind) return
      last = kind
      running[kind]++
      waiting[kind].shift()!()
    }
  }

  return {
    count: (kind) => running[kind] + waiting[kind].length,
    take(kind) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting[kind].push(resolve)
      goOn()
      return promise
    },
    give(kind) {
      running[kind]--
      goOn()
    },
  }
}
