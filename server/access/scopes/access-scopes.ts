import { LRUCache } from 'lru-cache'
import type { Clock } from '../../lib/clock.ts'
import type { KnownMembership, Memberships } from '../accounts/memberships.ts'
import type { Areas } from '../areas/areas.ts'
import type { Client } from '../clients/client.ts'
import type { Clients } from '../clients/clients.ts'
import type { Collections } from '../collections/collections.ts'
import type { Subscription } from '../subscriptions/subscription.ts'
import type { Subscriptions } from '../subscriptions/subscriptions.ts'
import type { Caller } from '../tokens/access-token.ts'
import type { AccessScope } from './access-scope.ts'
import { type Layer, layersOf } from './permission-layers.ts'
import { createPreparedAreas, type FoundAreas, MAXIMUM_VERTICES } from './prepared-areas.ts'
import { NOBODY, type Rights, rightsOf } from './rights.ts'
import { scopeOf } from './scope-of.ts'

/**
 * What a verified token may see and write. `rights.ts` says who may what on which collection; that is
 * cut by layers, each of which must permit (`permission-layers.ts`): the areas of the client, and the
 * token's `authorization_details`. `scope-of.ts` puts both together.
 *
 * What is kept is found by what rights and layers say, not by token, so all tokens of a client share
 * it. It holds until a collection or a subscription changes, or one of its subscriptions begins or
 * ends. Areas never change.
 */
export interface FindAccessScope {
  /**
   * @param caller null: nobody's token, so open collections only
   * @returns synchronous when all that is needed is at hand
   */
  (caller: Caller | null): AccessScope | Promise<AccessScope>
}

/**
 * @param options what is `known` needs a fresh feed, as it is when a token has been verified; for
 * nobody's calls the gateway asks for that itself
 */
export function createAccessScopes(options: {
  areas: Pick<Areas, 'find'>
  clients: Pick<Clients, 'known'>
  collections: Pick<Collections, 'known' | 'all' | 'revision'>
  subscriptions: Pick<Subscriptions, 'of' | 'revision'>
  memberships: Pick<Memberships, 'known'>
  clock: Clock
}): FindAccessScope {
  const { clients, collections, subscriptions, memberships, clock } = options
  const areas = createPreparedAreas(options.areas)
  const known = new LRUCache<string, KnownScope>({
    maxSize: MAXIMUM_VERTICES,
    sizeCalculation: ({ size }) => 100 + size,
  })
  const keys = new WeakMap<Caller, CallerKey>()

  const isCurrent = (kept: KnownScope) =>
    kept.collections === collections.revision() &&
    kept.subscriptions === subscriptions.revision() &&
    clock.now() < kept.until

  function find(
    key: string,
    rights: Rights,
    layers: readonly Layer[],
  ): AccessScope | Promise<AccessScope> {
    const state = {
      collections: collections.revision(),
      subscriptions: subscriptions.revision(),
      ...currentOf(
        rights.readers.flatMap((id) => subscriptions.of(id)),
        clock.now(),
      ),
    }
    const ids = idsOf(layers, state.live)
    const finish = (found: FoundAreas): AccessScope => {
      const byCollection = Map.groupBy(state.live, ({ collectionId }) => collectionId)
      const scope = scopeOf({ rights, live: byCollection, layers, areas: found, collections })
      let size = state.live.length
      for (const { area } of found.values()) size += area.vertices
      // An area that could not be found may be found at the next call.
      if (found.size === ids.size) known.set(key, { ...state, scope, size })
      return scope
    }
    const found = areas.find(ids)
    return found instanceof Promise ? found.then(finish) : finish(found)
  }

  function scopeFor(
    caller: Caller,
    client: Client | null,
    membership: readonly KnownMembership[],
  ): AccessScope | Promise<AccessScope> {
    if (!client) return NOTHING
    const before = keys.get(caller)
    if (before && before.client === client && before.membership === membership) {
      const kept = known.get(before.key)
      if (kept && isCurrent(kept)) return kept.scope
    }
    const rights = rightsOf(caller, client, membership)
    const layers = layersOf(caller, client)
    const key = JSON.stringify([rights, layers])
    keys.set(caller, { client, membership, key })
    return keptOr(key, rights, layers)
  }

  function keptOr(key: string, rights: Rights, layers: readonly Layer[]) {
    const kept = known.get(key)
    return kept && isCurrent(kept) ? kept.scope : find(key, rights, layers)
  }

  return (caller) => {
    if (!caller) return keptOr('', NOBODY, [])
    const client = clients.known(caller.clientId)
    const membership = caller.accountId === null ? NONE : memberships.known(caller.accountId)
    return client instanceof Promise || membership instanceof Promise
      ? Promise.all([client, membership]).then((found) => scopeFor(caller, ...found))
      : scopeFor(caller, client, membership)
  }
}

interface KnownScope {
  scope: AccessScope
  /** In vertices. */
  size: number
  /** The revisions it was made of. */
  collections: number
  subscriptions: number
  /** When the next of its subscriptions begins or ends. */
  until: number
}

/** How what a token may see was found before, and what else that was made of. */
interface CallerKey {
  client: Client
  membership: readonly KnownMembership[]
  key: string
}

const NONE: readonly KnownMembership[] = []

export const NOTHING: AccessScope = {
  collections: () => [],
  collection: () => null,
  read: () => 'none',
  write: () => 'none',
  countedAs: '',
}

/** Those that hold now, and until when that is so. */
function currentOf(
  subscriptions: readonly Subscription[],
  now: number,
): { live: Subscription[]; until: number } {
  let until = Number.POSITIVE_INFINITY
  const live: Subscription[] = []
  for (const subscription of subscriptions) {
    const { from, to } = subscription
    if (to !== null && to <= now) continue
    if (from <= now) live.push(subscription)
    until = Math.min(until, from > now ? from : (to ?? until))
  }
  return { live, until }
}

function idsOf(layers: readonly Layer[], live: readonly Subscription[]): Set<string> {
  const ids = new Set<string>()
  for (const { area } of layers.flat()) if (area !== null) ids.add(area)
  for (const { areaId } of live) if (areaId !== null) ids.add(areaId)
  return ids
}
