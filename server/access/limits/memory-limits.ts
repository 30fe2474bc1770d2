import type { Clock } from '../../lib/clock.ts'
import { SlidingWindow } from '../../lib/sliding-window.ts'
import { Problem } from '../../protocol/problem.ts'
import { decide, type Decision, type Policy } from './decision.ts'
import type { LimitStore } from './limits.ts'

/**
 * Counters in this process.
 *
 * Counters at rest are dropped a few at a time as calls come in; one that still counts calls never
 * is, because its client would get a full quota again. With `maximum` of those, a client or endpoint
 * without a counter is answered 503 (Retry-After: 1) until some come to rest.
 * @param options.maximum counters, each of about 400 bytes with 20 calls, at most 3 kB
 */
export function createMemoryLimits(options: { clock: Clock; maximum?: number }): LimitStore {
  const { clock, maximum = 200_000 } = options
  const counters = new Map<string, Counter>()
  let sweeping = counters.entries()
  let calls = 0

  function sweep(steps: number, now: number): void {
    for (let step = 0; step < steps; step++) {
      const next = sweeping.next()
      if (next.done) {
        sweeping = counters.entries()
        return
      }
      const [key, { window, policy }] = next.value
      if (window.idleAt(policy) <= now) counters.delete(key)
    }
  }

  function requireRoom(missing: number, now: number): void {
    if (counters.size + missing <= maximum) return
    sweep(SWEPT_WHEN_FULL, now)
    if (counters.size + missing <= maximum) return
    throw new Problem(503, 'Service unavailable', 'too many clients are calling at once', {
      headers: { 'retry-after': '1' },
    })
  }

  function take(policies: readonly Policy[]): Decision {
    const now = clock.now()
    if (++calls % SWEEP_EVERY === 0) sweep(SWEPT_AT_ONCE, now)
    const windows: SlidingWindow[] = []
    let missing = 0
    for (const policy of policies) {
      const counter = counters.get(policy.key)
      if (counter) counter.policy = policy
      else missing++
      windows.push(counter?.window ?? new SlidingWindow())
    }
    if (missing > 0) requireRoom(missing, now)
    const decision = decide(policies, windows, now)
    if (missing > 0 && decision.allowed) {
      for (const [index, policy] of policies.entries()) {
        counters.set(policy.key, { window: windows[index]!, policy })
      }
    }
    return decision
  }

  return {
    take,
    takeAtOnce: take,
    async [Symbol.asyncDispose]() {
      counters.clear()
    },
  }
}

interface Counter {
  window: SlidingWindow
  /** By which it was last judged. */
  policy: Policy
}

/** Four counters looked at per call: a call makes two at most, so the sweep keeps up. */
const SWEEP_EVERY = 16
const SWEPT_AT_ONCE = 64
const SWEPT_WHEN_FULL = 1_000
