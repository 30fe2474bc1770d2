import type { Collection } from '../../access/collections/collection.ts'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { Box, LonLat } from '../../geo/box.ts'
import type {
  BeginOutcome,
  FeatureChange,
  GenerationDefinition,
  MapChange,
  WriteOutcome,
} from './changes.ts'
import type { CollectionState } from './collection-state.ts'
import type { SearchQuery, SearchResult } from './search-query.ts'

/**
 * Where collections of features live, apart from the rest of the database so that an import never
 * holds up a token: in a SQLite file of its own (`sqlite/`) or in tables of their own in the same
 * Postgres (`postgres/`); `open.ts` chooses. Which collections there are, and whose, is the
 * registry's (`access/collections/`): it comes with the scope.
 *
 * A collection's data is a *generation*: tables of its own, filled by an import while they are hidden
 * (`generation.ts`) and swapped in at once. The one before is kept a minute for those who still read
 * it. A feature keeps its key, the order of paging, from generation to generation, and no key is used
 * twice. Single changes are written to the generation there is (`write.ts`).
 *
 * Both databases keep features as JSON text with an index over their boxes that gives candidates;
 * `reads.ts` judges these, so both say the same. Every function takes the caller's access scope: what
 * it does not cover is absent, as if it did not exist (`seen.ts`).
 */
export interface MapStore extends AsyncDisposable {
  /** null, here and below: no such collection for this scope. */
  state(scope: AccessScope, collectionId: string): Promise<CollectionState | null>
  /**
   * Features in the order of their keys. A page ends before `limit` where the next feature would make
   * it longer than 8 million characters.
   */
  items(scope: AccessScope, collectionId: string, query: ItemsQuery): Promise<ItemsPage | null>
  /** How many features match; unknown when it would take longer than the budget. */
  count(
    scope: AccessScope,
    collectionId: string,
    query: FeatureFilter,
    budgetMilliseconds: number,
  ): Promise<number | 'unknown' | null>
  item(scope: AccessScope, collectionId: string, featureId: string): Promise<StoredFeature | null>
  /**
   * The nearest features of a collection of points, nearest first; of points in several places the
   * nearest of these counts. Fewer than `limit` where the next would make them longer than a page.
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
   * GeoJSON text of features that contain the point, boundary included, smallest box first: fewer than
   * `limit` where the next would make them longer than a page.
   */
  containing(
    scope: AccessScope,
    collectionId: string,
    point: LonLat,
    limit: number,
  ): Promise<string[] | null>
  /** What is not seen does not show; where it is very much, the search may end sooner. */
  search(scope: AccessScope, query: SearchQuery): Promise<SearchResult>
  /** What a tile is drawn of: seen features that intersect one of the boxes. */
  members(
    scope: AccessScope,
    collectionId: string,
    boxes: readonly Box[],
    options: MembersOptions,
  ): Promise<Members | null>
  /** All changes or none. */
  write(
    scope: AccessScope,
    collectionId: string,
    changes: readonly FeatureChange[],
  ): Promise<WriteOutcome>
  /** A hidden generation, to be filled and swapped in; the scope must permit to write everywhere. */
  beginGeneration(
    scope: AccessScope,
    collectionId: string,
    definition: GenerationDefinition,
  ): Promise<BeginOutcome>
  /**
   * What happened after this revision; `lost` when that is no longer known: forget everything, and
   * begin at 0, which tells the revision of now and no changes. Looks at the database at most every
   * 100 ms, but knows of what this store itself wrote.
   */
  changesSince(revision: number): Promise<MapChanges | 'lost'>
  /** The revision of now as `changesSince` tells it; null: the database has to be looked at first. */
  revisionAtHand(): number | null
  /**
   * Reads as far as they are light: of features, at most about 1,000 are looked at, and of their texts
   * 2 million characters. Others are `heavy` and belong in a worker; telling that costs little.
   */
  light: LightReads
  /** Removes all data; the scope must permit to write everywhere, and knows the collection still. */
  drop(scope: AccessScope, collectionId: string): Promise<void>
  /**
   * Ids of data that is none of these collections': their deletion broke off, or the registry was put
   * back from an older backup. Nobody sees it, nor does a later collection of the same id.
   */
  leftovers(collections: readonly Collection[]): Promise<string[]>
  /** Removes such data, of collections that were created before a time, epoch ms. */
  dropLeftovers(collectionId: string, createdBefore: number): Promise<void>
}

/** See `MapStore`, whose functions these are. */
export type LightReads = {
  [Name in 'items' | 'count' | 'nearest' | 'containing']: (
    ...args: Parameters<MapStore[Name]>
  ) => Promise<Awaited<ReturnType<MapStore[Name]>> | 'heavy'>
}

/** Which features are meant; all conditions must hold. */
export interface FeatureFilter {
  /** Only features that intersect one of these. */
  boxes?: readonly Box[]
  /**
   * Their valid time intersects this one, epoch ms, null is open. Features without time always match
   * (17-069r4 §7.15.4).
   */
  time?: { from: number | null; to: number | null }
  /** Each property equals the value; a property that the schema lacks equals nothing. */
  properties?: ReadonlyMap<string, string | number | boolean>
}

export interface ItemsQuery extends FeatureFilter {
  limit: number
  /** Only features behind this key: `next` of the page before. */
  after?: number
}

export interface ItemsPage {
  /** GeoJSON features as text: id, geometry, and all properties of the schema. */
  features: string[]
  /** The key to go on from; null: this was the last page. */
  next: number | null
  /** What it is of (`CollectionState`). */
  generation: number
}

export interface StoredFeature {
  /** GeoJSON feature as text. */
  feature: string
  /** Of the text: 22 characters of base64url. */
  etag: string
}

export interface NearbyFeature {
  /** GeoJSON feature as text. */
  feature: string
  metres: number
}

export interface MembersOptions {
  /**
   * Gives no more than this many, and no more than 64 million characters of them: the largest by their
   * boxes (`rank-boxes.ts`).
   */
  maximum: number
  /**
   * For a collection of points: of those that are seen and for which this is the same, only the one
   * with the lowest key is given, and only its text is read.
   */
  placeOf?: (longitude: number, latitude: number) => number
}

export interface Members {
  /** In the order of keys. */
  features: { key: number; feature: string }[]
  /** There were more than may be given. */
  more: boolean
  generation: number
  /** Nothing that happened up to here is missing. */
  revision: number
}

export interface MapChanges {
  revision: number
  changes: readonly MapChange[]
}
