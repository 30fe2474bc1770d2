import type { View } from '../../access/scopes/access-scope.ts'
import type { Box, LonLat } from '../../geo/box.ts'
import type { GenerationDefinition, MapChange } from './changes.ts'
import type { Candidate, FeatureHead, FeatureRow, Summary } from './feature-rows.ts'
import type { Ask } from './matching.ts'
import type { SearchQuery, SearchResult } from './search-query.ts'
import type { Viewed } from './seen.ts'

/**
 * What a database does for the map store: it finds candidates and keeps rows, and decides nothing.
 * SQLite answers at once, Postgres has to be waited for.
 */
export interface MapBackend extends AsyncDisposable {
  /** Of what was committed last; never goes back. */
  revision(): Now<number>
  /** The first so many after this revision. */
  changesAfter(revision: number, limit: number): Now<MapChange[]>
  live(collectionId: string): Now<LiveGeneration | null>
  /** Ids of all that can be read. */
  liveIds(): Now<string[]>
  reader(generation: LiveGeneration): GenerationReader
  search(
    query: Omit<SearchQuery, 'collectionIds'>,
    collections: readonly { id: string; view: View; generation: LiveGeneration }[],
  ): Promise<SearchResult>
  /** @param bulk for many transactions, of which only the durable ones must outlive a power failure */
  openWriter(options: { bulk: boolean }): Promise<MapWriter>
  /** Whether the error says that a generation's tables have been removed. */
  isGone(error: unknown): boolean
}

export type Now<Value> = Value | Promise<Value>

/** What is stored of a generation that is being read. */
export interface LiveGeneration extends Summary, GenerationDefinition {
  /** Of its tables; never used twice. */
  number: number
  /** Counts up from 1 with each import of the collection. */
  generation: number
  /**
   * When its collection was created (`Collection.createdAt`). A later collection of the same id is
   * another one, perhaps somebody else's: it never gets to see this (`isOf`).
   */
  since: number
  /** About how many it takes; null: it was never finished. */
  bytes: number | null
}

/** A collection as far as it is seen, ready to be read. */
export interface Opened extends Viewed {
  generation: LiveGeneration
  reader: GenerationReader
}

/** One generation's rows. */
export interface GenerationReader {
  /** In the order of keys, those above `after`; few bytes of text at a time (`texts.ts`). */
  scan(ask: Ask, after: number): RowScan<Candidate>
  scanHeads(ask: Ask, after: number): RowScan<FeatureHead>
  /**
   * Rows of the first of these keys, in the order of the keys, few bytes of text at a time (`texts.ts`).
   * @returns with how many of the keys this was
   */
  byKeys(keys: readonly number[]): Now<{ rows: Candidate[]; read: number }>
  /** Of all rows that touch the windows, in their order; null: they are more than so many, about. */
  keysIn(windows: readonly Box[], many: number): Now<number[] | null>
  byId(id: string): Now<Candidate | undefined>
  /** The first so many behind a key whose box is more than a point, in the order of keys. */
  spreadAfter(key: number, count: number): Now<FeatureHead[]>
  /** How far to look first for the `limit` nearest, in metres. */
  firstRadius(windows: readonly Box[] | null, point: LonLat, limit: number): Now<number>
}

export interface RowScan<Row> {
  /**
   * Up to about so many more rows, in a snapshot of their own; more may follow though it gives none.
   * @returns with how many bytes of text this thread has looked into to find them; undefined: none
   */
  next(count: number): Now<{ rows: Row[]; done: boolean; searched?: number }>
}

/** One connection that writes; its transactions wait for each other. */
export interface MapWriter extends AsyncDisposable {
  /** What the work throws undoes it. The work may be begun again when others were in its way. */
  transaction<Result>(
    work: (write: MapWrite) => Promise<Result>,
    options?: { durable: boolean },
  ): Promise<Result>
  /** Makes what `RowWriter.append` has written ready to be read, in transactions of its own. */
  indexGeneration(generation: Filled): Promise<void>
  /** Of the disk that it writes to; null: not known. */
  freeBytes(): Now<number | null>
}

export type Filled = Pick<StoredGeneration, 'number' | 'schema'>

/** Within a transaction; whoever holds a collection is the only one to change it. */
export interface MapWrite {
  holdCollection(id: string): Now<StoredCollection>
  saveCollection(collection: StoredCollection): Now<void>
  generation(number: number): Now<StoredGeneration | null>
  /** With its tables. @returns its number */
  createGeneration(generation: Omit<StoredGeneration, 'number'>): Now<number>
  saveGeneration(generation: StoredGeneration): Now<void>
  /** Its writer is alive. */
  hear(number: number, at: number): Now<void>
  /** Those that are filled or were to be, and those that were retired before. */
  generationsToSweep(retiredBefore: number): Now<StoredGeneration[]>
  /** With its tables. */
  removeGeneration(number: number): Now<void>
  rows(generation: Filled): RowWriter
  /** Taken last. @param boxes null: all of it */
  announce(collectionId: string, boxes: readonly Box[] | null, at: number): Now<void>
}

export interface StoredCollection {
  id: string
  /** The next key; never goes back, whatever becomes of the data. */
  nextKey: number
  /** The last generation that was begun. */
  generation: number
  /** Numbers of generations. */
  live: number | null
  hidden: number | null
}

export interface StoredGeneration extends LiveGeneration {
  collectionId: string
  /** Who fills it, and when that was last heard of; null: nobody. */
  writer: string | null
  heardAt: number
  /** When another took its place. */
  retiredAt: number | null
}

export interface RowWriter {
  /** Of those ids that it has. */
  keysOf(ids: readonly string[]): Now<ReadonlyMap<string, number>>
  find(id: string): Now<Candidate | undefined>
  /** In the order of keys, few bytes of text at a time; none: there are no more. */
  after(key: number, count: number): Now<{ key: number; feature: string }[]>
  insert(rows: readonly FeatureRow[]): Now<void>
  /** As `insert`, into a generation that is to be indexed when all is there (`indexGeneration`). */
  append(rows: readonly FeatureRow[]): Now<void>
  /** Puts the row in the place of the one with its key. */
  replace(row: FeatureRow): Now<void>
  remove(key: number): Now<void>
  /** Around all that it has. */
  summary(): Now<Summary>
}
