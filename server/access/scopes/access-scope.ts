import type { Geometry } from 'geojson'
import type { Box } from '../../geo/box.ts'

/**
 * What one verified token may see and do on map data. Every function of the map stores that reads
 * features takes one, so that no query can forget to ask. `access-scopes.ts` makes it from a token.
 */
export interface AccessScope {
  /** Which features of this collection may be read: none, all, or those within limits. */
  read(collectionId: string): 'none' | 'all' | Limits
}

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
}

/**
 * What several boxes have in common. A box that touches each of them has its west side at or west of
 * `east`, its east side at or east of `west`, and so on. That also holds when they have nothing in
 * common: then `west` is greater than `east`, or `south` than `north`.
 */
export type Window = Box

/** The built-in sample collections are public: any token with `read` sees them whole. */
export const publicAccessScope: AccessScope = { read: () => 'all' }
