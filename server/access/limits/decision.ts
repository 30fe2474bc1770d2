import type { Quota, SlidingWindow } from '../../lib/sliding-window.ts'

/** A quota that applies to a call, and what it counts. */
export interface Policy extends Quota {
  /** How answers call it: `endpoint` (one client on one endpoint) or `client` (all its calls). */
  name: 'endpoint' | 'client'
  /** What is counted together; the same for all nodes. */
  key: string
  /** Its item of the `RateLimit-Policy` header. */
  policyItem: string
}

/** How a policy stands after a call was judged. */
export interface PolicyState {
  policy: Policy
  /** Calls that are allowed now. */
  remaining: number
  /** After how many seconds more of them are. */
  resetSeconds: number
}

/** The judgement of one call; a refused one consumed nothing. */
export interface Decision {
  allowed: boolean
  /** The policies that apply, `endpoint` first. */
  policies: readonly PolicyState[]
  /** The policy that refuses, of several the one that does so longest; null when allowed. */
  violated: Policy['name'] | null
  /** After how many seconds the call will be served, if nobody else calls; 0 when allowed. */
  retryAfterSeconds: number
}

/**
 * Judges one call by all policies that apply, then records it under all of them or under none.
 * Every store answers by this function and only keeps the windows, so that all answer alike.
 * @param windows the window of each policy, in the same order
 * @param now epoch milliseconds, read when nobody else can change the windows
 */
export function decide(
  policies: readonly Policy[],
  windows: readonly SlidingWindow[],
  now: number,
): Decision {
  let violated: Policy['name'] | null = null
  let retryAfterSeconds = 0
  for (let index = 0; index < policies.length; index++) {
    const waitSeconds = windows[index]!.waitSeconds(policies[index]!, now)
    if (waitSeconds > retryAfterSeconds) {
      retryAfterSeconds = waitSeconds
      violated = policies[index]!.name
    }
  }
  const states: PolicyState[] = []
  for (let index = 0; index < policies.length; index++) {
    const policy = policies[index]!
    const window = windows[index]!
    if (violated === null) window.record(policy, now)
    states.push({
      policy,
      remaining: window.remaining(policy, now),
      resetSeconds: window.resetSeconds(policy, now),
    })
  }
  return { allowed: violated === null, policies: states, violated, retryAfterSeconds }
}
