import type { Collection } from '../../access/collections/collection.ts'
import type { Box } from '../../geo/box.ts'

/** What the store tells of a collection: who owns it and how it is called is the registry's. */
export interface CollectionState {
  collection: Collection
  /** Counts up with each import; 0: never had data. */
  generation: number
  schema: readonly Property[]
  dimension: 0 | 1 | 2 | null
  /** null: not all may be seen. */
  featureCount: number | null
  /** Cut to the areas' boxes; null: it is empty, or nothing can be seen of it. */
  extent: Box | null
  /**
   * Of valid times, epoch ms, null ends are open; null: no feature has one, or not all may be seen.
   */
  interval: readonly [number | null, number | null] | null
}

/** A property of all features of a collection. Answers carry every one, null included, in this order. */
export interface Property {
  /** 1-200 characters. */
  name: string
  /** object: any JSON. */
  type: 'string' | 'number' | 'integer' | 'boolean' | 'object'
  format?: 'date' | 'date-time' | 'uri'
  title?: string
  description?: string
  /**
   * What the platform takes from it. `start`, `end`: valid time, both inclusive, a missing one is
   * open; `instant`: both (`valid-time.ts`).
   */
  role?: 'external-id' | 'level' | 'start' | 'end' | 'instant'
  /** Found by search; `name` is what is ranked. */
  search?: 'name' | 'text'
}
