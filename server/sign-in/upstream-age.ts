/**
 * How lately a person must have signed in at their provider, and when they did (OpenID Connect Core
 * §3.1.2.1 `max_age`, §2 `auth_time`). What the browser carries there its owner can change, so that only
 * the time in the signed answer counts.
 */
export interface AskedAge {
  /** When the provider was asked: epoch milliseconds. */
  begunAt: number
  /** How old the sign-in may be, in seconds: 0 asks for a new one, null leaves it to the provider. */
  maxAge: number | null
}

export type AuthTime =
  /** `at`: epoch milliseconds, never later than now; null: the provider does not say. */
  | { kind: 'accepted'; at: number | null }
  /** Older than what was asked for, or nobody knows. */
  | { kind: 'too-old' }

/** How far the provider's clock may be behind; its times are whole seconds, too. */
const SKEW_MILLISECONDS = 10_000

/** A year: asked for a maximum age, a provider must say when the person signed in (§2). */
const ANY_AGE = 31_536_000

/** The parameters of the request that ask for it. */
export function ageParameters({ maxAge }: Pick<AskedAge, 'maxAge'>): Record<string, string> {
  return {
    max_age: String(maxAge ?? ANY_AGE),
    ...(maxAge === 0 && { prompt: 'login' }),
  }
}

/** @param claimed the ID token's `auth_time`: seconds, if it is there */
export function judgeAuthTime(
  claimed: unknown,
  { begunAt, maxAge }: AskedAge,
  now: number,
): AuthTime {
  if (typeof claimed !== 'number' || !(claimed >= 0)) {
    return maxAge === null ? { kind: 'accepted', at: null } : { kind: 'too-old' }
  }
  const at = Math.floor(claimed * 1_000)
  if (maxAge !== null && at < begunAt - maxAge * 1_000 - SKEW_MILLISECONDS) {
    return { kind: 'too-old' }
  }
  // Made for this request: a clock that is behind must not make it look older than the request.
  const made = at >= begunAt - SKEW_MILLISECONDS ? Math.max(at, begunAt) : at
  return { kind: 'accepted', at: Math.min(made, now) }
}
