import { LRUCache } from 'lru-cache'
import type { Clock } from '../../lib/clock.ts'
import { SlidingWindow } from '../../lib/sliding-window.ts'
import { networkOf } from '../../protocol/network.ts'

/**
 * How often metadata documents are fetched, in this process. Strangers choose the URLs, so each network
 * (/64 for IPv6) has a budget for those that are not known yet, and cannot use up that of others; all
 * fetches together have one that guards this server.
 */
export interface FetchBudget {
  /**
   * Counts a fetch. false: not now, and nothing is counted.
   * @param address whose request names a document that is not known; null: the document is known
   */
  spend(address: string | null): boolean
}

const OF_A_NETWORK = { quota: 60, windowSeconds: 3_600 }
const OF_ALL = { quota: 600, windowSeconds: 60 }

const MAXIMUM_NETWORKS = 10_000

export function createFetchBudget({ clock }: { clock: Clock }): FetchBudget {
  const all = new SlidingWindow()
  const networks = new LRUCache<string, SlidingWindow>({
    maxSize: MAXIMUM_NETWORKS,
    sizeCalculation: () => 1,
  })
  return {
    spend(address) {
      const now = clock.now()
      if (all.waitSeconds(OF_ALL, now) > 0) return false
      if (address !== null) {
        const network = networkOf(address)
        const window = networks.get(network) ?? new SlidingWindow()
        networks.set(network, window)
        if (window.waitSeconds(OF_A_NETWORK, now) > 0) return false
        window.record(OF_A_NETWORK, now)
      }
      all.record(OF_ALL, now)
      return true
    },
  }
}
