import { UnavailableError } from '../../lib/unavailable.ts'
import { createFairQueue, type FairQueue, type Room } from './fair-queue.ts'

/** What a thread is asked for: one tile, or a read that may look at much. */
export type Kind = 'tile' | 'read'

/** Who may have a thread, and who comes next. */
export interface ThreadTurns {
  /** @throws UnavailableError when too many wait, of this caller or of all */
  ask(kind: Kind, caller: string): Turn
}

export interface Turn {
  /** Done when there is a thread, which has to be given back. */
  begun: Promise<void>
  /** Another waits for it too: it comes with the turn of either. */
  share(caller: string): void
  giveBack(): void
}

/**
 * Shares threads between tiles and reads, so that neither waits behind all of the other: where both
 * wait they take turns, and reads, which may last, never have all threads, unless there is but one. Of
 * each, callers take turns (`fair-queue.ts`).
 */
export function createThreadTurns(threads: number, room: Room): ThreadTurns {
  const running: Record<Kind, number> = { tile: 0, read: 0 }
  const waiting: Record<Kind, FairQueue<() => void>> = {
    tile: createFairQueue(room),
    read: createFairQueue(room),
  }
  const most: Record<Kind, number> = { tile: threads, read: Math.max(1, threads - 1) }
  let last: Kind = 'read'

  function goOn(): void {
    while (running.tile + running.read < threads) {
      const order: Kind[] = last === 'read' ? ['tile', 'read'] : ['read', 'tile']
      const kind = order.find((each) => !waiting[each].isEmpty() && running[each] < most[each])
      if (!kind) return
      last = kind
      running[kind]++
      waiting[kind].take()!()
    }
  }

  return {
    ask(kind, caller) {
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
      if (!waiting[kind].add(begin, caller)) throw new UnavailableError(TOO_MANY[kind])
      goOn()
      return {
        begun,
        share: (other) => waiting[kind].share(begin, other),
        giveBack() {
          running[kind]--
          goOn()
        },
      }
    },
  }
}

const TOO_MANY: Record<Kind, string> = {
  tile: 'too many maps are being drawn',
  read: 'too many are searching and reading',
}
