import type { Geometry } from 'geojson'
import type { Box } from '../../geo/box.ts'
import type { Property } from './collection-state.ts'

/** What is written into a collection: single changes, or a whole generation of it. */

/**
 * A feature to be stored. Its geometry and properties have been judged (`geo/parse-geometry.ts`, the
 * schema); the store brings the properties into the order of the schema, missing ones as null, and
 * leaves out those that the schema does not have.
 */
export interface NewFeature {
  /** `feature-id.ts`; null: made up, 24 hexadecimal digits. */
  id: string | null
  geometry: Geometry
  properties: Record<string, unknown>
}

export type FeatureChange =
  /** The id counts only where the scope sees the whole collection, else one is made up. */
  | { kind: 'create'; feature: NewFeature }
  /** The feature's own id does not count. */
  | ({ kind: 'replace'; id: string; feature: NewFeature } & Guards)
  | ({ kind: 'delete'; id: string } & Guards)

/** Tags of which the feature must have one, or none. */
interface Guards {
  ifMatch: readonly string[] | null
  /** `*`: any. */
  ifNoneMatch?: readonly string[] | null
}

export type WriteOutcome =
  /** In the order of the changes; etag null: deleted. */
  | { kind: 'written'; features: readonly { id: string; etag: string | null }[] }
  | { kind: 'refused'; index: number; reason: WriteRefusal; detail: string }

export type WriteRefusal =
  /** The collection or the feature is not there, or not seen. */
  | 'unknown'
  /** The feature is not as `ifMatch` or `ifNoneMatch` says. */
  | 'precondition'
  /** The geometry, old or new, is not wholly inside what the scope may write. */
  | 'outside'
  | 'exists'
  | 'forbidden'
  /** The collection never had data: an import says what its properties are. */
  | 'no-schema'
  /** An import is under way, whose end would undo the change. */
  | 'importing'

export interface GenerationDefinition {
  schema: readonly Property[]
  dimension: 0 | 1 | 2
  /** Keeps what is not in the import; the kept ones are put into the new schema. */
  merge?: boolean
  /**
   * Of the file that it comes from: what is stored may be some times as large (`room.ts`). Default: as
   * large as it likes.
   */
  sentBytes?: number
}

export type BeginOutcome =
  | { kind: 'begun'; generation: Generation }
  /** Another import of this collection is under way. */
  | { kind: 'busy' }
  | { kind: 'forbidden' }

/**
 * All features of a collection anew, hidden until they are whole. Disposed without `finish`, it is
 * removed; what a dead process left behind is removed later.
 * @throws GenerationLostError by `add` and `finish` when nothing was heard of it for too long, so
 * that others took it for dead, or when the collection was deleted
 * @throws NoRoomError by both
 */
export interface Generation extends AsyncDisposable {
  /**
   * In short transactions. Features whose id the old generation has keep their keys.
   * @returns those refused, by index
   */
  add(features: readonly (NewFeature & { id: string })[]): Promise<RefusedFeature[]>
  /**
   * Puts it in the old one's place for all readers at once.
   * @param permit awaited right before that; what it throws leaves the old one in its place
   */
  finish(permit?: () => Promise<void>): Promise<{ generation: number; featureCount: number }>
}

export interface RefusedFeature {
  index: number
  reason: string
}

export class GenerationLostError extends Error {
  override name = 'GenerationLostError'
  /** Whether the collection has been deleted. */
  readonly isDeleted: boolean

  constructor(isDeleted: boolean) {
    super(
      isDeleted
        ? 'the collection was deleted during the import'
        : 'the import was given up, because nothing was heard of it for too long',
    )
    this.isDeleted = isDeleted
  }
}

/** What would be stored is too much, for the disk or for what was sent. */
export class NoRoomError extends Error {
  override name = 'NoRoomError'
}

/** What happened, for caches of what was made of features. */
export interface MapChange {
  collectionId: string
  revision: number
  /** Around features as they were and as they are; null: all of it. */
  boxes: readonly Box[] | null
}
