import type { JSONWebKeySet } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../lib/clock.ts'
import type { Client } from '../clients/client.ts'
import type { Outbound } from '../outbound/outbound.ts'
import { readRemoteJwks } from './jwks.ts'

/**
 * The public keys with which clients sign their assertions (RFC 7523), given by value or by URL. A
 * fetched set is kept for ten minutes; a key id that it lacks, as after a rotation, has it fetched
 * anew, at most once a minute. When it cannot be fetched, the last one stands in for an hour.
 */
export interface ClientKeys {
  /**
   * @param kid of the assertion's header; null when it names none
   * @returns null when the client has no keys, or they cannot be fetched
   */
  keysOf(
    client: Pick<Client, 'jwks' | 'jwksUri'>,
    kid?: string | null,
  ): JSONWebKeySet | null | Promise<JSONWebKeySet | null>
}

const FRESH_MS = 600_000
const REFETCH_MS = 60_000
const STALE_MS = 3_600_000

const FETCH = {
  maxBytes: 65_536,
  timeoutMs: 5_000,
  accept: ['application/json', 'application/jwk-set+json'],
} as const

interface RemoteKeys {
  jwks: JSONWebKeySet | null
  /** Epoch milliseconds. */
  fetchedAt: number
  triedAt: number
  /** Under way: all who wait share it. */
  fetching: Promise<JSONWebKeySet | null> | null
}

export function createClientKeys(options: {
  outbound: Pick<Outbound, 'fetchGuarded'>
  clock: Clock
  maximumCached?: number
  /** Hears why a key set could not be fetched. */
  onFailure?: (url: string, reason: string) => void
}): ClientKeys {
  const { outbound, clock, onFailure } = options
  const cache = new LRUCache<string, RemoteKeys>({ max: options.maximumCached ?? 1_000 })

  async function fetchKeys(url: string, remote: RemoteKeys): Promise<JSONWebKeySet | null> {
    remote.triedAt = clock.now()
    const outcome = await outbound.fetchGuarded(url, FETCH).finally(() => {
      remote.fetching = null
    })
    const jwks = outcome.kind === 'fetched' ? readRemoteJwks(outcome.text) : null
    if (jwks) {
      remote.jwks = jwks
      remote.fetchedAt = clock.now()
    } else {
      onFailure?.(url, outcome.kind === 'failed' ? outcome.reason : 'it is no key set')
      if (clock.now() - remote.fetchedAt > STALE_MS) remote.jwks = null
    }
    return remote.jwks
  }

  return {
    keysOf({ jwks, jwksUri }, kid = null) {
      if (jwks || jwksUri === null) return jwks
      let remote = cache.get(jwksUri)
      if (!remote) {
        remote = { jwks: null, fetchedAt: 0, triedAt: 0, fetching: null }
        cache.set(jwksUri, remote)
      }
      const now = clock.now()
      const known =
        remote.jwks !== null &&
        now - remote.fetchedAt < FRESH_MS &&
        (kid === null || remote.jwks.keys.some((key) => key.kid === kid))
      // Before what is under way: strangers name unknown ids, and real logins must not wait for that.
      if (known) return remote.jwks
      if (remote.fetching) return remote.fetching
      // Nor must asking for unknown ones make this a hammer.
      if (now - remote.triedAt < REFETCH_MS) return remote.jwks
      remote.fetching = fetchKeys(jwksUri, remote)
      return remote.fetching
    },
  }
}
