import { LRUCache } from 'lru-cache'
import { emailKey } from '../access/accounts/email.ts'
import type { Clock } from '../lib/clock.ts'
import { SlidingWindow } from '../lib/sliding-window.ts'

const LIMIT = { quota: 5, windowSeconds: 900 }
const MAXIMUM_ADDRESSES = 10_000

/**
 * Whether one more message may go to an address that a stranger typed: nobody's mailbox is flooded
 * through this server. In this process; the address that was written to longest ago is forgotten.
 */
export function createMailLimit({ clock }: { clock: Clock }): (email: string) => boolean {
  const sent = new LRUCache<string, SlidingWindow>({ max: MAXIMUM_ADDRESSES })
  return (email) => {
    const key = emailKey(email)
    const window = sent.get(key) ?? new SlidingWindow()
    sent.set(key, window)
    if (window.waitSeconds(LIMIT, clock.now()) > 0) return false
    window.record(LIMIT, clock.now())
    return true
  }
}
