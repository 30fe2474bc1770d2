import { LRUCache } from 'lru-cache'
import { type Area, prepareArea } from '../../geo/area.ts'
import type { Areas } from '../areas/areas.ts'
import type { MapDataDetail } from '../areas/map-data-detail.ts'
import type { Client } from '../clients/client.ts'
import type { Clients } from '../clients/clients.ts'
import type { Caller } from '../tokens/access-token.ts'
import { type AccessScope, publicAccessScope } from './access-scope.ts'
import { limitsOf } from './limits.ts'

/**
 * What a verified token may see, cut by the areas of its client and by its `authorization_details`.
 * These are layers, and each must permit a feature: every area of the client is one; the details of
 * a person's grant are one together, as they add up; and so are those of each exchange
 * (`oauth/grants/token-exchange.ts`).
 *
 * What is kept is found by what the limits say, not by token: so it never is out of date, and all
 * tokens of a client share it. Areas themselves never change.
 */
export type FindAccessScope = (caller: Caller) => AccessScope | Promise<AccessScope>

/** Of the areas that are kept prepared, and again of those that kept scopes name: 100 bytes each. */
const MAXIMUM_VERTICES = 500_000

/**
 * @param clients its `known` needs a fresh feed, as it is when a token has been verified
 * @returns synchronous when all that is needed is at hand
 */
export function createAccessScopes(options: {
  areas: Pick<Areas, 'find'>
  clients: Pick<Clients, 'known'>
}): FindAccessScope {
  const { areas, clients } = options
  const known = new LRUCache<string, KnownScope>({
    maxSize: MAXIMUM_VERTICES,
    sizeCalculation: ({ vertices }) => 100 + vertices,
  })
  const prepared = new LRUCache<string, Area>({
    maxSize: MAXIMUM_VERTICES,
    sizeCalculation: ({ vertices }) => 100 + vertices,
  })
  const loading = new Map<string, Promise<AccessScope>>()

  async function findArea(id: string): Promise<Area | null> {
    const kept = prepared.get(id)
    if (kept) return kept
    const stored = await areas.find(id)
    if (!stored) return null
    const area = prepareArea(stored.geometry)
    prepared.set(id, area)
    return area
  }

  async function load(key: string, layers: readonly Layer[]): Promise<AccessScope> {
    const ids = new Set(layers.flatMap((layer) => layer.flatMap(({ area }) => area ?? [])))
    const found = new Map<string, Area>()
    for (const id of ids) {
      const area = await findArea(id)
      if (area) found.set(id, area)
    }
    const scope = scopeOf(layers, found)
    const vertices = [...found.values()].reduce((sum, area) => sum + area.vertices, 0)
    // An area that could not be found may be found at the next call.
    if (found.size === ids.size) known.set(key, { scope, vertices })
    return scope
  }

  function find(layers: readonly Layer[]): AccessScope | Promise<AccessScope> {
    if (layers.length === 0) return publicAccessScope
    const key = JSON.stringify(layers)
    const kept = known.get(key)
    if (kept) return kept.scope
    const underWay = loading.get(key) ?? load(key, layers).finally(() => loading.delete(key))
    loading.set(key, underWay)
    return underWay
  }

  const scopeFor = (caller: Caller, client: Client | null) =>
    client ? find([...layersOfClient(client), ...layersOfToken(caller)]) : NOTHING

  return (caller) => {
    const client = clients.known(caller.clientId)
    return client instanceof Promise
      ? client.then((found) => scopeFor(caller, found))
      : scopeFor(caller, client)
  }
}

interface KnownScope {
  scope: AccessScope
  vertices: number
}

/** Of which one must permit what is read. */
type Layer = readonly Permission[]

interface Permission {
  /** null: all. */
  collections: readonly string[] | null
  /** The id of an area; null: everywhere. */
  area: string | null
}

const NOTHING: AccessScope = { read: () => 'none' }

function layersOfClient({ areaIds }: Client): Layer[] {
  return areaIds.map((area) => [{ collections: null, area }])
}

function layersOfToken({ claims }: Caller): Layer[] {
  if (!claims.authorization_details) return []
  const details = claims.authorization_details as readonly (MapDataDetail & {
    layer?: number
  })[]
  const layers = Map.groupBy(details, ({ layer = 0 }) => layer)
  return [...layers.values()].map((layer) =>
    layer
      .filter(({ actions }) => actions.includes('read'))
      .map(({ collections, area }) => ({ collections, area })),
  )
}

function scopeOf(layers: readonly Layer[], areas: ReadonlyMap<string, Area>): AccessScope {
  const found = new Map<string, ReturnType<AccessScope['read']>>()

  function judge(collectionId: string): ReturnType<AccessScope['read']> {
    const limiting: Area[][] = []
    for (const layer of layers) {
      const permitting = layer.filter(
        ({ collections, area }) =>
          (collections === null || collections.includes(collectionId)) &&
          (area === null || areas.has(area)),
      )
      if (permitting.length === 0) return 'none'
      if (permitting.some(({ area }) => area === null)) continue
      limiting.push(permitting.map(({ area }) => areas.get(area!)!))
    }
    return limiting.length === 0 ? 'all' : limitsOf(limiting)
  }

  return {
    read(collectionId) {
      const before = found.get(collectionId)
      if (before !== undefined) return before
      const judged = judge(collectionId)
      if (found.size < MAXIMUM_COLLECTIONS) found.set(collectionId, judged)
      return judged
    },
  }
}

/** Of which a scope remembers what it says: names come from requests. */
const MAXIMUM_COLLECTIONS = 1_000
