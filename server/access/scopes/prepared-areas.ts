import { LRUCache } from 'lru-cache'
import { prepareArea } from '../../geo/area.ts'
import type { Areas } from '../areas/areas.ts'
import type { ScopeArea } from './access-scope.ts'

/** Stored areas, ready to be asked, by id: they never change. */
export interface PreparedAreas {
  /**
   * Those that there are.
   * @returns synchronous when all are at hand
   */
  find(ids: ReadonlySet<string>): FoundAreas | Promise<FoundAreas>
}

export type FoundAreas = ReadonlyMap<string, ScopeArea>

/** Of the areas that are kept: 100 bytes each, and the geometry as much again. */
export const MAXIMUM_VERTICES = 500_000

export function createPreparedAreas(areas: Pick<Areas, 'find'>): PreparedAreas {
  const prepared = new LRUCache<string, ScopeArea>({
    maxSize: MAXIMUM_VERTICES,
    sizeCalculation: ({ area }) => 100 + area.vertices,
  })
  /** Callers at the same time share one. */
  const loading = new Map<string, Promise<ScopeArea | null>>()

  async function prepare(id: string): Promise<ScopeArea | null> {
    const stored = await areas.find(id)
    if (!stored) return null
    const { geometry } = stored
    const area: ScopeArea = { id, geometry, area: prepareArea(geometry) }
    prepared.set(id, area)
    return area
  }

  function load(id: string): Promise<ScopeArea | null> {
    const underWay = loading.get(id) ?? prepare(id).finally(() => loading.delete(id))
    loading.set(id, underWay)
    return underWay
  }

  async function complete(
    found: Map<string, ScopeArea>,
    missing: readonly string[],
  ): Promise<FoundAreas> {
    // One after the other: each takes some milliseconds, in which others may go on.
    for (const id of missing) {
      const area = await load(id)
      if (area) found.set(id, area)
    }
    return found
  }

  return {
    find(ids) {
      const found = new Map<string, ScopeArea>()
      const missing: string[] = []
      for (const id of ids) {
        const area = prepared.get(id)
        if (area) found.set(id, area)
        else missing.push(id)
      }
      return missing.length === 0 ? found : complete(found, missing)
    },
  }
}
