/** The time as the product sees it; injected, so that tests can move it. */
export interface Clock {
  /** Epoch milliseconds: what is stored and put in tokens. */
  now(): number
  /** Milliseconds from an arbitrary start; never goes back, and goes on while the process is stopped. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
