import type { Collection } from '../collections/collection.ts'
import type { Collections } from '../collections/collections.ts'
import type { Subscription } from '../subscriptions/subscription.ts'
import type { AccessScope, ScopeArea, View } from './access-scope.ts'
import { limitsOf } from './limits.ts'
import type { Layer } from './permission-layers.ts'
import type { FoundAreas } from './prepared-areas.ts'
import { permittedBy, type Rights } from './rights.ts'

/** What of each collection is left when rights and layers have had their say. */
export function scopeOf(options: {
  rights: Rights
  /** The subscriptions that hold now, by collection. */
  live: ReadonlyMap<string, readonly Subscription[]>
  layers: readonly Layer[]
  /** Of all of these. One that there is not permits nothing. */
  areas: FoundAreas
  collections: Pick<Collections, 'known' | 'all'>
}): AccessScope {
  const { rights, live, layers, areas, collections } = options

  /** What a layer permits: everything, or in these areas, of which there may be none. */
  function areasOf(permitting: readonly { area: string | null }[]): 'all' | readonly ScopeArea[] {
    if (permitting.some(({ area }) => area === null)) return 'all'
    const ids = new Set(permitting.map(({ area }) => area!))
    return [...ids].flatMap((id) => areas.get(id) ?? [])
  }

  function judge(collection: Collection, action: Action): View {
    const { id } = collection
    const permitted = permittedBy(rights, collection, action, live.get(id) ?? [])
    if (permitted === 'none') return 'none'
    const limiting: (readonly ScopeArea[])[] = []
    if (permitted !== 'all') {
      const within = areasOf(permitted.map(({ areaId }) => ({ area: areaId })))
      if (within.length === 0) return 'none'
      if (within !== 'all') limiting.push(within)
    }
    for (const layer of layers) {
      const within = areasOf(
        layer.filter(
          ({ actions, collections: named }) =>
            actions.includes(action) && (named === null || named.includes(id)),
        ),
      )
      if (within.length === 0) return 'none'
      if (within !== 'all') limiting.push(within)
    }
    return limiting.length === 0 ? 'all' : limitsOf(limiting)
  }

  const views = { read: new Map<string, View>(), write: new Map<string, View>() }

  function view(collection: Collection, action: Action): View {
    const before = views[action].get(collection.id)
    if (before !== undefined) return before
    const judged = judge(collection, action)
    if (views[action].size < MAXIMUM_VIEWS) views[action].set(collection.id, judged)
    return judged
  }

  function viewOf(id: string, action: Action): View {
    const collection = collections.known(id)
    return collection ? view(collection, action) : 'none'
  }

  return {
    collections: () =>
      collections.all().filter((collection) => view(collection, 'read') !== 'none'),
    collection(id) {
      const collection = collections.known(id)
      return collection && view(collection, 'read') !== 'none' ? collection : null
    },
    read: (id) => viewOf(id, 'read'),
    write: (id) => viewOf(id, 'write'),
    // Many callers share it.
    countedAs: '',
  }
}

type Action = 'read' | 'write'

/** Of which a scope remembers what it says: there may be thousands of both. */
const MAXIMUM_VIEWS = 200
