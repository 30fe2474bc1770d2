import type { Collection } from '../../access/collections/collection.ts'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { Box, LonLat } from '../../geo/box.ts'
import { geometryContainsPoint } from '../../geo/contains-point.ts'
import { searchedOf } from '../search/search-row.ts'
import type { GenerationReader, LiveGeneration, MapBackend, Opened, RowScan } from './backend.ts'
import type { CollectionState } from './collection-state.ts'
import { countOf } from './counting.ts'
import { type Candidate, etagOf, parseFeature } from './feature-rows.ts'
import type { KnownData } from './known-data.ts'
import type { FeatureFilter, ItemsPage, MapStore } from './map-store.ts'
import { createMatcher, type Matcher, narrowedAsk } from './matching.ts'
import { membersOf } from './members.ts'
import { metered, TooMuchTextError } from './metered.ts'
import { nearestOf } from './nearest.ts'
import { cutTo, isOf, isSeen, narrowed, viewOf } from './seen.ts'
import { MAXIMUM_PAGE, rowsByKeys } from './texts.ts'
import { createTurn } from './turns.ts'

type Reads = Pick<
  MapStore,
  'state' | 'items' | 'count' | 'item' | 'nearest' | 'containing' | 'search' | 'members' | 'light'
>

/**
 * All that reads features, the same for both databases: these find candidates, which are judged here.
 * A call reads one generation from beginning to end, in batches between which others have their turn;
 * each batch is a snapshot.
 */
export function createReads(backend: MapBackend, known: KnownData): Reads {
  async function liveOf(collection: Collection): Promise<LiveGeneration | null> {
    const live = await known.live(collection.id)
    return live && isOf(live, collection) ? live : null
  }

  /** @returns null: no such collection for this scope */
  async function reading<Result>(
    scope: AccessScope,
    collectionId: string,
    empty: Result,
    work: (opened: Opened) => Promise<Result>,
  ): Promise<Result | null> {
    const viewed = viewOf(scope, collectionId)
    if (!viewed) return null
    for (let attempt = 1; ; attempt++) {
      const generation = await liveOf(viewed.collection)
      if (!generation) return empty
      try {
        return await work({ ...viewed, generation, reader: backend.reader(generation) })
      } catch (error) {
        // It took so long that the tables were removed meanwhile.
        if (attempt > 2 || !backend.isGone(error)) throw error
        known.expire()
      }
    }
  }

  async function readingLightly<Result>(
    scope: AccessScope,
    collectionId: string,
    empty: Result,
    work: (opened: Opened) => Promise<Result | 'heavy'>,
  ): Promise<Result | 'heavy' | null> {
    try {
      return await reading<Result | 'heavy'>(scope, collectionId, empty, (opened) =>
        work({ ...opened, reader: metered(opened.reader, LIGHT_TEXT) }),
      )
    } catch (error) {
      if (error instanceof TooMuchTextError) return 'heavy'
      throw error
    }
  }

  /** The same object as long as nothing changes, so that callers can keep what they make of it. */
  const states = new WeakMap<LiveGeneration, CollectionState>()

  return {
    async state(scope, collectionId) {
      const viewed = viewOf(scope, collectionId)
      if (!viewed) return null
      const { collection, view } = viewed
      const live = await liveOf(collection)
      if (!live) {
        const nothing = { schema: [], dimension: null, featureCount: 0, extent: null }
        return cutTo(view, { collection, generation: 0, ...nothing, interval: null })
      }
      const kept = view === 'all' ? states.get(live) : undefined
      if (kept?.collection === collection) return kept
      const { generation, schema, dimension, featureCount, extent, interval } = live
      const state = { collection, generation, schema, dimension, featureCount, extent, interval }
      if (view === 'all') states.set(live, state)
      return cutTo(view, state)
    },

    items: (scope, collectionId, { limit, after = 0, ...filter }) =>
      reading(scope, collectionId, NO_ITEMS, (opened) => {
        const matcher = createMatcher(opened.view, filter, opened.generation.schema)
        return pageOf(opened, matcher, limit, after)
      }),

    count: (scope, collectionId, filter, budgetMilliseconds) =>
      reading<number | 'unknown'>(scope, collectionId, 0, (opened) => {
        const matcher = createMatcher(opened.view, filter, opened.generation.schema)
        return countOf(opened, matcher, budgetMilliseconds)
      }),

    item: (scope, collectionId, featureId) =>
      reading(scope, collectionId, null, async ({ reader, view }) => {
        // Postgres takes NUL for an error, so nothing is named with one.
        if (featureId.includes('\0')) return null
        const row = await reader.byId(featureId)
        if (!row || !isSeen(view, row)) return null
        return { feature: row.feature, etag: etagOf(row.feature) }
      }),

    nearest: (scope, collectionId, point, limit, maximumMetres) =>
      reading(scope, collectionId, [], (opened) => nearestOf(opened, point, limit, maximumMetres)),

    containing: (scope, collectionId, point, limit) =>
      reading(scope, collectionId, [], (opened) => containingOf(opened, point, limit)),

    async search(scope, { collectionIds, ...query }) {
      for (let attempt = 1; ; attempt++) {
        const collections = []
        for (const id of new Set(collectionIds)) {
          const viewed = viewOf(scope, id)
          const generation = viewed && (await liveOf(viewed.collection))
          if (generation && searchedOf(generation.schema)) {
            collections.push({ id, view: viewed.view, generation })
          }
        }
        try {
          return await backend.search(query, collections)
        } catch (error) {
          if (attempt > 2 || !backend.isGone(error)) throw error
          known.expire()
        }
      }
    },

    async members(scope, collectionId, boxes, options) {
      // What comes after this is told by a later revision, whether it is among the members or not.
      const revision = await known.revision()
      const empty = { features: [], more: false, generation: 0, revision }
      return reading(scope, collectionId, empty, async (opened) => {
        const matcher = createMatcher(opened.view, { boxes }, opened.generation.schema)
        const members = await membersOf(opened, matcher, options)
        return { ...members, generation: opened.generation.generation, revision }
      })
    },

    light: {
      items: (scope, collectionId, { limit, after = 0, ...filter }) =>
        readingLightly(scope, collectionId, NO_ITEMS, async (opened) => {
          const matcher = createMatcher(opened.view, filter, opened.generation.schema)
          const weight = await weigh(opened, matcher, limit)
          return weight === 'heavy' ? weight : pageOf(opened, matcher, limit, after, weight)
        }),

      count: (scope, collectionId, filter, budgetMilliseconds) =>
        readingLightly<number | 'unknown'>(scope, collectionId, 0, async (opened) => {
          const matcher = createMatcher(opened.view, filter, opened.generation.schema)
          const isKnown = matcher.isEverything || matcher.isNothing
          if (!isKnown && (await weigh(opened, matcher)) === 'heavy') return 'heavy'
          return countOf(opened, matcher, budgetMilliseconds)
        }),

      nearest: (scope, collectionId, point, limit, maximumMetres) =>
        readingLightly(scope, collectionId, [], async (opened) => {
          // Areas may leave few of those that are near.
          const isQuick = opened.view === 'all' && limit <= FEW_NEAREST
          return isQuick || opened.generation.featureCount <= HEAVY
            ? nearestOf(opened, point, limit, maximumMetres)
            : 'heavy'
        }),

      containing: (scope, collectionId, point, limit) =>
        readingLightly(scope, collectionId, [], async (opened) => {
          const filter = { boxes: [boxOfPoint(point)] }
          const matcher = createMatcher(opened.view, filter, opened.generation.schema)
          const weight = await weigh(opened, matcher)
          return weight === 'heavy' ? weight : containingOf(opened, point, limit)
        }),
    },
  }
}

const NO_ITEMS: ItemsPage = { features: [], next: null, generation: 0 }

/** A read of more features than this belongs in a worker. */
const HEAVY = 1_000

/** In characters, of what is looked at in a light read: some hundredths of a second to parse. */
const LIGHT_TEXT = 2_000_000

/** Of the nearest, so many are found before another request notices. */
const FEW_NEAREST = 100

/** @returns where an index told what has to be looked at, the keys of that; null: it has not been asked */
async function weigh(
  { generation, reader }: Opened,
  matcher: Matcher,
  limit = Infinity,
): Promise<'heavy' | number[] | null> {
  if (generation.featureCount <= HEAVY) return null
  if (matcher.isEverything) return limit > HEAVY ? 'heavy' : null
  const windows = narrowed(matcher.ask.windows, generation.extent)
  return (windows && (await reader.keysIn(windows, HEAVY))) ?? 'heavy'
}

/** Of candidates at a time, among which most may not match. */
const FEW = 100
const MAXIMUM_BATCH = 1_000

/**
 * Fills a page with features that match. Others leave no trace in it: whether it is full, and where
 * the next one begins, depend on those alone.
 * @param keys of all that has to be looked at, where they are known
 */
async function pageOf(
  { reader, generation: of }: Opened,
  matcher: Matcher,
  limit: number,
  after: number,
  keys: readonly number[] | null = null,
): Promise<ItemsPage> {
  const features: string[] = []
  const { generation } = of
  let length = 0
  let next = after
  if (matcher.isNothing) return { features, next: null, generation }
  // One more than is needed tells whether another page follows.
  const count = Math.min(Math.max(limit + 1, matcher.isEverything ? 1 : FEW), MAXIMUM_BATCH)
  const turn = createTurn()
  const scan = keys
    ? scanKeys(reader, keys, after)
    : reader.scan(narrowedAsk(matcher, of.extent), after)
  for (;;) {
    const { rows, done } = await scan.next(count)
    for (const candidate of rows) {
      if (turn.isOver()) await turn.yield()
      if (!matcher.judge(candidate)) continue
      length += candidate.feature.length
      const isFull = features.length === limit || (features.length > 0 && length > MAXIMUM_PAGE)
      if (isFull) return { features, next, generation }
      features.push(candidate.feature)
      next = candidate.key
    }
    if (done) return { features, next: null, generation }
    if (turn.isOver()) await turn.yield()
  }
}

function scanKeys(
  reader: GenerationReader,
  all: readonly number[],
  after: number,
): RowScan<Candidate> {
  const keys = all.filter((key) => key > after)
  let position = 0
  return {
    async next(count) {
      const { rows, read } = await reader.byKeys(keys.slice(position, position + count))
      position += read
      return { rows, done: position >= keys.length }
    },
  }
}

async function containingOf(
  { view, reader, generation }: Opened,
  point: LonLat,
  limit: number,
): Promise<string[]> {
  const filter: FeatureFilter = { boxes: [boxOfPoint(point)] }
  const matcher = createMatcher(view, filter, generation.schema)
  const turn = createTurn()
  const around: { key: number; size: number }[] = []
  const scan = reader.scanHeads(matcher.ask, 0)
  for (let done = false; !done;) {
    const batch = await scan.next(MAXIMUM_BATCH)
    for (const head of batch.rows) {
      if (matcher.judgeHead(head) === 'no') continue
      around.push({
        key: head.key,
        size: (head.east - head.west) * (head.north - head.south),
      })
    }
    done = batch.done
    if (turn.isOver()) await turn.yield()
  }
  around.sort((a, b) => a.size - b.size || a.key - b.key)
  const features: string[] = []
  let length = 0
  const keys = around.map(({ key }) => key)
  for (let start = 0; start < keys.length; start += FEW_TEXTS) {
    for await (const rows of rowsByKeys(reader, keys.slice(start, start + FEW_TEXTS))) {
      for (const row of rows) {
        if (turn.isOver()) await turn.yield()
        if (!isSeen(view, row)) continue
        if (!geometryContainsPoint(parseFeature(row.feature).geometry, point)) continue
        length += row.feature.length
        if (features.length > 0 && length > MAXIMUM_PAGE) return features
        features.push(row.feature)
        if (features.length === limit) return features
      }
    }
  }
  return features
}

/** Mostly the first ones are enough. */
const FEW_TEXTS = 20

function boxOfPoint([longitude, latitude]: LonLat): Box {
  return { west: longitude, south: latitude, east: longitude, north: latitude }
}
