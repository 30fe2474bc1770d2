import type { Geometry, MultiPolygon, Polygon } from 'geojson'
import type { Area } from '../../geo/area.ts'
import type { Box } from '../../geo/box.ts'
import type { Collection } from '../collections/collection.ts'

/**
 * What one caller may see and do on map data. Every function of the map stores that reads or writes
 * features takes one, so that no query can forget to ask. `access-scopes.ts` makes it from a token.
 */
export interface AccessScope {
  /** Those of which anything may be seen, by id. */
  collections(): readonly Collection[]
  /** null: there is none, or nothing of it may be seen. */
  collection(id: string): Collection | null
  /** Which features may be seen. */
  read(collectionId: string): View
  /** Where may be written: geometry old and new must be wholly inside, `Limits.covers`. */
  write(collectionId: string): View
  /**
   * Whose calls these are counted with: by limits, and where callers take turns. '': nobody's in
   * particular, such as an operator's.
   */
  countedAs: string
}

export type View = 'none' | 'all' | Limits

/** Where features may be seen; what is not seen does not exist. */
export interface Limits {
  /**
   * A feature that may be seen touches one window, which an index can find: this narrows, `judge`
   * and `sees` decide.
   */
  windows: readonly Window[]
  /** By the box around a feature; `edge`: only its geometry tells. The box of a point tells all. */
  judge(box: Box): 'inside' | 'outside' | 'edge'
  sees(geometry: Geometry): boolean
  /** Whether it is wholly inside at least one area of each layer: for writes. */
  covers(geometry: Geometry): boolean
  /**
   * What is left of them for features that touch one of the boxes: layers that hold these whole fall
   * away. Areas outside of them stay, because such a feature may reach them.
   */
  within(boxes: readonly Box[]): View
  /** A feature must intersect one area of each layer. For workers, tile clipping and cache keys. */
  layers: readonly (readonly ScopeArea[])[]
}

/** A stored area, which never changes, ready to be asked. */
export interface ScopeArea {
  id: string
  geometry: Polygon | MultiPolygon
  area: Area
}

/**
 * What several boxes have in common. A box that touches each of them has its west side at or west of
 * `east`, its east side at or east of `west`, and so on. That also holds when they have nothing in
 * common: then `west` is greater than `east`, or `south` than `north`.
 */
export type Window = Box
