import type { MultiPolygon, Polygon } from 'geojson'
import { LRUCache } from 'lru-cache'
import type { AccessScope, ScopeArea, View } from '../../access/scopes/access-scope.ts'
import { limitsOf } from '../../access/scopes/limits.ts'
import { prepareArea } from '../../geo/area.ts'
import type { ScopeMessage } from './messages.ts'

/** Of the areas that a worker keeps prepared: about 100 bytes each. */
const MAXIMUM_VERTICES = 300_000

/**
 * Makes scopes of messages again, in a worker. Areas are prepared once and kept by their ids, for
 * they never change.
 * @returns null: it lacks an area that was not sent along
 */
export function createWorkerScopes(): (
  message: ScopeMessage,
  areas: ReadonlyMap<string, Polygon | MultiPolygon>,
) => AccessScope | null {
  const prepared = new LRUCache<string, ScopeArea>({
    maxSize: MAXIMUM_VERTICES,
    sizeCalculation: ({ area }) => 100 + area.vertices,
  })

  return (message, areas) => {
    const views = new Map<string, View>()
    for (const { collection, view } of message.collections) {
      if (view === 'all') {
        views.set(collection.id, view)
        continue
      }
      const layers: ScopeArea[][] = []
      for (const ids of view) {
        const layer: ScopeArea[] = []
        for (const id of ids) {
          const area = prepared.get(id) ?? prepare(id, areas.get(id))
          if (!area) return null
          layer.push(area)
        }
        layers.push(layer)
      }
      views.set(collection.id, limitsOf(layers))
    }
    const collections = message.collections.map(({ collection }) => collection)
    return {
      collections: () => collections,
      collection: (id) => collections.find((collection) => collection.id === id) ?? null,
      read: (id) => views.get(id) ?? 'none',
      write: () => 'none',
      countedAs: '',
    }
  }

  function prepare(id: string, geometry: Polygon | MultiPolygon | undefined): ScopeArea | null {
    if (!geometry) return null
    const area = { id, geometry, area: prepareArea(geometry) }
    prepared.set(id, area)
    return area
  }
}
