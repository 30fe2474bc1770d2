import type { Geometry } from 'geojson'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { Box, LonLat } from '../../geo/box.ts'

/**
 * Where collections of features live, apart from the rest of the database so that an import never
 * holds up a token: in a SQLite file of its own (`sqlite-store.ts`) or in tables of their own in the
 * same Postgres (`postgres-store.ts`); `open.ts` chooses.
 *
 * Both keep features as JSON text in the order of their import, with an index over their boxes that
 * gives candidates; `candidates.ts` judges these, so both say the same. Every function that reads
 * takes the caller's access scope: what it does not cover is absent, as if it did not exist
 * (`seen.ts`). A read
 * during a replacement sees the old collection or the new one, never parts of both.
 */
export interface MapStore extends AsyncDisposable {
  collections(scope: AccessScope): Promise<Collection[]>
  collection(scope: AccessScope, collectionId: string): Promise<Collection | null>
  /** Features in the order of their import; null: no such collection. */
  items(scope: AccessScope, collectionId: string, query: ItemsQuery): Promise<ItemsPage | null>
  /** One feature as GeoJSON text; null: no such collection or feature. */
  item(scope: AccessScope, collectionId: string, featureId: string): Promise<string | null>
  /**
   * The nearest features of a collection of points, nearest first; null: no such collection.
   * @param maximumMetres only features up to this far; default: any
   */
  nearest(
    scope: AccessScope,
    collectionId: string,
    point: LonLat,
    limit: number,
    maximumMetres?: number,
  ): Promise<NearbyFeature[] | null>
  /**
   * Creates a collection or puts another in its place; on any error nothing has changed.
   * @param onProgress hears how many features have been written, now and then
   */
  replaceCollection(
    description: CollectionDescription,
    features: Iterable<MapFeature> | AsyncIterable<MapFeature>,
    onProgress?: (done: number) => void,
  ): Promise<void>
}

/** What its publisher says of a collection. */
export interface CollectionDescription {
  id: string
  title: string
  description: string
  /** To be shown wherever the data is. */
  attribution: string
  licence: { name: string; url: string }
  geometryType: Geometry['type']
  /**
   * The collection that holds the parts of these features. A feature then is seen by its parts, and
   * is whole for those who see all: for others it would have to be made anew of the parts they see.
   */
  madeOf?: string
}

export interface Collection extends CollectionDescription {
  /** Null when not all may be seen. */
  featureCount: number | null
  /** Null when it is empty, or nothing can be seen of it. */
  extent: Box | null
}

/** A GeoJSON feature to be stored; its id is unique in its collection. */
export interface MapFeature {
  id: string
  geometry: Geometry
  properties: Record<string, unknown>
}

export interface ItemsQuery {
  /** Only features that intersect one of these. */
  boxes?: readonly Box[]
  limit: number
  /** Only features behind this key: `next` of the page before. */
  after?: number
}

export interface ItemsPage {
  /** GeoJSON features as text. */
  features: string[]
  /** The key to go on from; null: this was the last page. */
  next: number | null
}

export interface NearbyFeature {
  /** GeoJSON feature as text. */
  feature: string
  metres: number
}
