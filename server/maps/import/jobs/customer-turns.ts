import { LRUCache } from 'lru-cache'
import type { WaitingJob } from './import-jobs.ts'

/** Whoever was served before so many others counts as new. */
const REMEMBERED = 10_000

/**
 * Customers take turns: who was served longest ago comes first, however many jobs others have waiting.
 */
export interface CustomerTurns {
  /** @param jobs the oldest first; of one customer they stay in that order */
  inTurn(jobs: readonly WaitingJob[]): WaitingJob[]
  /** One of this customer's jobs is begun. */
  served(customerId: string): void
}

export function createCustomerTurns(): CustomerTurns {
  const lastServed = new LRUCache<string, number>({ max: REMEMBERED })
  let count = 0
  return {
    inTurn: (jobs) =>
      jobs.toSorted(
        (a, b) => (lastServed.get(a.customerId) ?? 0) - (lastServed.get(b.customerId) ?? 0),
      ),
    served: (customerId) => void lastServed.set(customerId, ++count),
  }
}
