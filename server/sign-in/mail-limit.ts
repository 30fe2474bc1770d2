import { LRUCache } from 'lru-cache'
import { emailKey } from '../access/accounts/email.ts'
import type { Clock } from '../lib/clock.ts'
import { SlidingWindow } from '../lib/sliding-window.ts'

const LIMIT = { quota: 5, windowSeconds: 900 }
const MAXIMUM_ADDRESSES = 10_000

/**
 * Counts one more message to an address that a stranger typed; false: not now, because nobody's
 * mailbox is flooded through this server. Each form is counted apart: however often somebody else
 * signs up with an address, its owner gets the link for a new password.
 *
 * Asked before anything is looked up, whether or not a message will be sent: so it bounds too how often
 * the work behind a form can be measured for one address.
 * @param email as `parseEmail` gives it
 */
export type MayMail = (form: 'sign-up' | 'sign-in' | 'reset', email: string) => boolean

/** In this process; what was written longest ago is forgotten. */
export function createMailLimit({ clock }: { clock: Clock }): MayMail {
  const sent = new LRUCache<string, SlidingWindow>({ max: MAXIMUM_ADDRESSES })
  return (form, email) => {
    const key = `${form} ${emailKey(email)}`
    const window = sent.get(key) ?? new SlidingWindow()
    sent.set(key, window)
    if (window.waitSeconds(LIMIT, clock.now()) > 0) return false
    window.record(LIMIT, clock.now())
    return true
  }
}
