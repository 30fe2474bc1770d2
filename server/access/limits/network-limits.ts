import { LRUCache } from 'lru-cache'
import type { Clock } from '../../lib/clock.ts'
import { SlidingWindow } from '../../lib/sliding-window.ts'
import { decide } from './decision.ts'
import type { LimitStore } from './limits.ts'

/**
 * Counters of networks, for calls that name no client; in this process, also where those of clients
 * are shared. Anyone can call from many networks, so these counters never take the room of clients'
 * and never fill up: the network that has not called for longest is forgotten.
 */
export function createNetworkLimits(options: { clock: Clock; maximum?: number }): LimitStore {
  const { clock, maximum = 10_000 } = options
  const counters = new LRUCache<string, SlidingWindow>({ max: maximum })
  return {
    take(policies) {
      const windows = policies.map(({ key }) => counters.get(key) ?? new SlidingWindow())
      const decision = decide(policies, windows, clock.now())
      for (const [index, { key }] of policies.entries()) counters.set(key, windows[index])
      return decision
    },
    async [Symbol.asyncDispose]() {
      counters.clear()
    },
  }
}
