import type { Collection } from '../../access/collections/collection.ts'
import type { AccessScope, View } from '../../access/scopes/access-scope.ts'
import type { MultiPolygon, Polygon } from 'geojson'
import type { MapStore } from '../store/map-store.ts'
import type { RenderedTile, TileOrder } from '../tiles/render.ts'

/** What goes between the server and its workers: plain data that a thread's message can hold. */

/** The functions of the store that are called in workers; each takes the scope first. */
export type HeavyRead = 'items' | 'count' | 'nearest' | 'containing' | 'search'

type WithoutScope<Arguments> = Arguments extends [AccessScope, ...infer Rest] ? Rest : never
export type ArgumentsOf<Name extends HeavyRead> = WithoutScope<Parameters<MapStore[Name]>>
export type ResultOf<Name extends HeavyRead> = Awaited<ReturnType<MapStore[Name]>>

export type Job =
  | { [Name in HeavyRead]: { name: Name; arguments: ArgumentsOf<Name> } }[HeavyRead]
  | { name: 'tile'; order: TileOrder }
  | { name: 'nothing' }

export type ResultOfJob<Of extends Job> = Of extends { name: infer Name extends HeavyRead }
  ? ResultOf<Name>
  : Of extends { name: 'tile' }
    ? RenderedTile
    : null

/** What a caller may see of some collections; areas by their ids. */
export interface ScopeMessage {
  collections: { collection: Collection; view: 'all' | string[][] }[]
}

export interface Task {
  scope: ScopeMessage
  /** Geometries that a worker said it lacks. */
  areas: ReadonlyMap<string, Polygon | MultiPolygon>
  /** What has happened up to here must have been heard of (`MapStore.changesSince`). */
  revision: number
  /** Epoch ms: how long it has waited counts as part of what it may take. */
  sentAt: number
  job: Job
}

export type Outcome =
  | { kind: 'done'; result: unknown }
  /** Nothing was done: the task has to be sent again with the scope's areas. */
  | { kind: 'lacks-areas' }
  /** The database cannot be used for now. */
  | { kind: 'unavailable'; message: string }

/** The part of a scope that a job needs. */
export interface JobScope {
  /** Whose turn it takes (`AccessScope`). */
  countedAs: string
  collections: readonly { collection: Collection; view: Exclude<View, 'none'> }[]
}

export function messageOf({ collections }: JobScope): ScopeMessage {
  return {
    collections: collections.map(({ collection, view }) => ({
      collection,
      view: view === 'all' ? view : view.layers.map((layer) => layer.map(({ id }) => id)),
    })),
  }
}

export function areasOf({ collections }: JobScope): Map<string, Polygon | MultiPolygon> {
  const areas = collections.flatMap(({ view }) => (view === 'all' ? [] : view.layers.flat()))
  return new Map(areas.map(({ id, geometry }) => [id, geometry]))
}

/** Of these collections, what the scope lets be seen. */
export function jobScope(scope: AccessScope, collectionIds: readonly string[]): JobScope {
  return {
    countedAs: scope.countedAs,
    collections: collectionIds.flatMap((id) => {
      const collection = scope.collection(id)
      const view = scope.read(id)
      return collection && view !== 'none' ? [{ collection, view }] : []
    }),
  }
}
