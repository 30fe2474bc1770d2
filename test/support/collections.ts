import type { Collection } from '../../server/access/collections/collection.ts'
import type { AccessScope, View } from '../../server/access/scopes/access-scope.ts'
import { limitsOf } from '../../server/access/scopes/limits.ts'
import { wholeScope } from '../../server/access/scopes/whole-scope.ts'
import { prepareArea } from '../../server/geo/area.ts'
import type { NewFeature } from '../../server/maps/store/changes.ts'
import type { Property } from '../../server/maps/store/collection-state.ts'
import type { MultiPolygon, Polygon } from 'geojson'

/** Collections and scopes for tests of the map store, without a registry. */

export type TestFeature = NewFeature & { id: string }

export function testCollection(id: string, changes: Partial<Collection> = {}): Collection {
  return {
    id,
    customerId: null,
    visibility: 'public',
    title: id,
    description: 'What the tests look for.',
    attribution: 'Nobody',
    licence: null,
    madeOf: null,
    createdAt: 0,
    updatedAt: 0,
    ...changes,
  }
}

/** All of these collections. */
export const scopeOver = (...ids: string[]): AccessScope => {
  const collections = ids.map((id) => testCollection(id))
  return wholeScope(() => collections)
}

/** Reads and writes these collections within each of the areas. */
export function limitedScope(
  { read, write }: { read?: (Polygon | MultiPolygon)[]; write?: (Polygon | MultiPolygon)[] },
  ...ids: string[]
): AccessScope {
  const whole = scopeOver(...ids)
  const view = (areas: (Polygon | MultiPolygon)[] | undefined): View =>
    areas === undefined
      ? 'all'
      : limitsOf(
          areas.map((geometry, index) => [
            { id: String(index), geometry, area: prepareArea(geometry) },
          ]),
        )
  const [readable, writable] = [view(read), view(write)]
  return {
    ...whole,
    read: (id) => (whole.read(id) === 'none' ? 'none' : readable),
    write: (id) => (whole.write(id) === 'none' ? 'none' : writable),
  }
}

export function rectangle(west: number, south: number, east: number, north: number): Polygon {
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ]
  return { type: 'Polygon', coordinates: [ring] }
}

export const text = (name: string, more: Partial<Property> = {}): Property => ({
  name,
  type: 'string',
  ...more,
})
