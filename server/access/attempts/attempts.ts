import { hash } from 'node:crypto'
import { boundedCache } from '../../lib/bounded-cache.ts'
import type { Clock } from '../../lib/clock.ts'
import { networkOf } from '../../protocol/network.ts'

/**
 * Slows down whoever guesses secrets. Only failures count, per client and network and per network:
 * client ids are public, so failures from elsewhere never refuse a correct secret. A secret that has
 * ended is not a guess and is not counted. In memory, bounded, per node: a secret has 256 bits, so
 * this guards the logs and the processor more than the secret.
 */
export interface Attempts {
  /** Seconds until the next attempt is allowed; 0: now. */
  waitSeconds(clientId: string, address: string): number
  countFailure(clientId: string, address: string): void
  /** One that was counted before it was made, so that of many at once none slips through, was right. */
  takeBack(clientId: string, address: string): void
}

const WINDOW_MILLISECONDS = 300_000
const PER_CLIENT_AND_NETWORK = 100
const PER_NETWORK = 1_000
const MAXIMUM_KEYS = 100_000

/** @param options.perNetwork failures with any key; both are of five minutes */
export function createAttempts({
  clock,
  perKeyAndNetwork = PER_CLIENT_AND_NETWORK,
  perNetwork = PER_NETWORK,
}: {
  clock: Clock
  perKeyAndNetwork?: number
  perNetwork?: number
}): Attempts {
  const failures = boundedCache<{ count: number; endsAt: number }>(MAXIMUM_KEYS)

  function wait(key: string, allowed: number): number {
    const entry = failures.get(key)
    if (!entry || entry.count < allowed) return 0
    return Math.max(0, Math.ceil((entry.endsAt - clock.now()) / 1_000))
  }

  function count(key: string): void {
    const entry = failures.get(key)
    if (entry && entry.endsAt > clock.now()) entry.count += 1
    else failures.set(key, { count: 1, endsAt: clock.now() + WINDOW_MILLISECONDS })
  }

  function takeBack(key: string): void {
    const entry = failures.get(key)
    if (entry && entry.count > 0) entry.count -= 1
  }

  return {
    waitSeconds(clientId, address) {
      // Nothing has failed, which is how it is nearly always.
      if (failures.size === 0) return 0
      const network = networkOf(address)
      return Math.max(wait(keyOf(network, clientId), perKeyAndNetwork), wait(network, perNetwork))
    },
    countFailure(clientId, address) {
      const network = networkOf(address)
      count(keyOf(network, clientId))
      count(network)
    },
    takeBack(clientId, address) {
      const network = networkOf(address)
      takeBack(keyOf(network, clientId))
      takeBack(network)
    },
  }
}

/** A stranger chooses the client id: a long one, such as the URL of a document, stands there by its hash. */
const keyOf = (network: string, clientId: string) =>
  `${network} ${clientId.length <= 100 ? clientId : hash('sha256', clientId, 'base64url')}`
