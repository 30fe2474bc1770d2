import type { Feature } from 'geojson'
import type { View } from '../../access/scopes/access-scope.ts'
import { common } from '../../access/scopes/limits.ts'
import { type Box, boxContains, boxesIntersect, type LonLat } from '../../geo/box.ts'
import { boxesAround, LONGEST_DISTANCE_METRES } from '../../geo/distance.ts'
import { geometryIntersectsBox } from '../../geo/geometry.ts'
import type { SearchHit, SearchQuery } from '../store/search-query.ts'
import { viewWithin, windowsOf } from '../store/seen.ts'
import {
  compareRanks,
  lengthOf,
  type Match,
  MATCHES,
  matchOf,
  metresToBox,
  type Ranked,
  type Wanted,
  wantedOf,
} from './rank.ts'
import type { SearchRow } from './search-row.ts'
import { type NowOrLater, type Steps, wait } from './steps.ts'

/**
 * Search over the names and other chosen properties of features.
 *
 * A generation of a collection has a table of `SearchRow`s with an index over names and one over
 * words (`sqlite-search.ts`, `postgres-search.ts`); the stores fill it with the features. Both give
 * candidates alone: what a row is worth is judged here and in `rank.ts`, so both databases say the
 * same. Text is compared as `normalise.ts` makes it.
 *
 * The three kinds of match are gone through best first, until enough is found. Of each, so many
 * candidates are looked at (`MOST`), shared among the collections: names in the order of the alphabet,
 * words in that of keys. These are ranked. Near a point, where there are more, features around it are
 * looked at too, farther and farther: as long as these are no more than as many, the nearest are right
 * though the word is common. So a search ends soon whatever is looked for, and both databases say the
 * same. A row counts only after it was found to be seen: what is not leaves no trace.
 *
 * The stores run it: `runNow(search(...))` in a snapshot of SQLite, `await runLater(search(...))` in a
 * transaction of Postgres; they fill the index with `searchRowOf`.
 */

/** One collection, as far as it may be seen. */
export interface SearchedCollection {
  id: string
  view: View
  source: SearchSource
}

/** The search index of a generation, and its features. All of one snapshot. */
export interface SearchSource {
  /** All that may match, and perhaps more, in the order in which they are to be looked at. */
  open(lookup: Lookup): NowOrLater<SearchCursor>
  /** All whose box touches a window, and perhaps more, some twice, in any order. */
  around(windows: readonly Box[]): NowOrLater<SearchCursor>
  /** The GeoJSON text of features by their keys. */
  features(keys: readonly number[]): NowOrLater<ReadonlyMap<number, string>>
}

export interface Lookup {
  match: Match
  wanted: Wanted
  /** Only rows that touch one; null: all. May be inside out, as `Window`s are. */
  windows: readonly Box[] | null
  /** Only the first so many; null: all. */
  most: number | null
  /** Those then by length and id, those without a name last. */
  ranked: boolean
}

export interface SearchCursor {
  /** The next rows, up to this many; fewer: these were the last. */
  next(count: number): NowOrLater<SearchRow[]>
  close(): NowOrLater<void>
}

/** @returns the best hits, best first; none when the text has no letters or digits */
export function* search(
  query: Omit<SearchQuery, 'collectionIds'>,
  collections: readonly SearchedCollection[],
): Steps<SearchHit[]> {
  const wanted = wantedOf(query.text)
  const best = createBest(query.limit)
  for (const match of wanted ? MATCHES : []) {
    if (best.isFull()) break
    let left = query.most ?? MOST
    for (const [index, collection] of collections.entries()) {
      const share = Math.max(1, Math.floor(left / (collections.length - index)))
      left -= yield* collect({ query, wanted: wanted!, match, collection, best, share })
    }
  }
  return yield* hitsOf(best.all(), collections)
}

/** Candidates of one kind of match: ranking these takes a fifth of a second. */
const MOST = 20_000

interface Found extends Ranked {
  key: number
}

interface Collecting {
  query: Omit<SearchQuery, 'collectionIds'>
  wanted: Wanted
  match: Match
  collection: SearchedCollection
  best: Best
  /** How many candidates to look at. */
  share: number
}

/** @returns how many have been looked at */
function* collect(options: Collecting): Steps<number> {
  const { wanted, match, best, share } = options
  const { near, boxes } = options.query
  const { id: collectionId, source } = options.collection
  const view = viewWithin(options.collection.view, boxes)
  if (view === 'none') return 0
  // Then all that come are seen, so the database can count them.
  const isAll = view === 'all' && !boxes
  const ranked = isAll && near === undefined
  const cursor = yield* wait(
    source.open({
      match,
      wanted,
      windows: windowsOf(view, boxes ?? null),
      // One more tells that these are not all.
      most: isAll ? share + (ranked ? 0 : 1) : null,
      ranked,
    }),
  )
  let looked = 0
  try {
    // First about as many as are needed, when the best come first.
    let count = ranked ? 2 * best.limit : MOST_ROWS
    for (let isOver = false; !isOver;) {
      const rows = yield* wait(cursor.next(count))
      const unsure: Unsure[] = []
      isOver = rows.length < count
      for (const row of rows) {
        const verdict = judgeBox(view, boxes, row)
        if (verdict === 'unseen') continue
        if (verdict === 'seen' && looked++ === share) {
          isOver = true
          break
        }
        // Better matches have been taken before.
        if (matchOf(wanted, row) !== match) continue
        const found = foundOf(row, match, near, collectionId)
        if (!best.wants(found)) {
          if (!ranked) continue
          // All that follow are worse.
          isOver = true
          break
        }
        if (verdict === 'seen') best.take(found)
        else unsure.push({ row, found })
      }
      yield* judgeGeometries({ view, boxes, unsure, source, best })
      count = MOST_ROWS
    }
  } finally {
    yield* wait(cursor.close())
  }
  if (near && looked > share) yield* lookAround(options, near, view)
  return Math.min(looked, share)
}

/** Where it begins; each time it looks twice as far. */
const FIRST_METRES = 100

/**
 * Takes what matches near a point, until nothing farther would be among the best, or there are more
 * features than may be looked at. Only whole circles count, for an index gives them in any order.
 */
function* lookAround(options: Collecting, near: LonLat, view: View): Steps<void> {
  const { wanted, match, best, share } = options
  const { boxes } = options.query
  const { id: collectionId, source } = options.collection
  for (let metres = FIRST_METRES; ; metres = Math.min(2 * metres, LONGEST_DISTANCE_METRES)) {
    const circle = boxesAround(near, metres)
    const asked = boxes
      ? boxes.flatMap((box) => circle.map((around) => common(box, around)))
      : circle
    const cursor = yield* wait(source.around(windowsOf(view, asked) ?? circle))
    const within: Found[] = []
    const unsure: Unsure[] = []
    let looked = 0
    try {
      for (let isOver = false; !isOver;) {
        const rows = yield* wait(cursor.next(MOST_ROWS))
        isOver = rows.length < MOST_ROWS
        for (const row of rows) {
          if (!circle.some((box) => boxesIntersect(box, row))) continue
          const verdict = judgeBox(view, boxes, row)
          if (verdict === 'unseen') continue
          if (verdict === 'seen' && looked++ === share) return
          if (matchOf(wanted, row) !== match) continue
          const found = foundOf(row, match, near, collectionId)
          if (found.metres! > metres) continue
          if (verdict === 'seen') within.push(found)
          else if (best.wants(found)) unsure.push({ row, found })
        }
      }
    } finally {
      yield* wait(cursor.close())
    }
    for (const found of within) best.take(found)
    yield* judgeGeometries({ view, boxes, unsure, source, best })
    const beyond = { match, metres, length: 0, id: '', collectionId, key: -1 }
    if (metres >= LONGEST_DISTANCE_METRES || !best.wants(beyond)) return
  }
}

function foundOf(
  row: SearchRow,
  match: Match,
  near: LonLat | undefined,
  collectionId: string,
): Found {
  const metres = near ? metresToBox(near, row) : null
  return { match, metres, length: lengthOf(row.name), id: row.id, collectionId, key: row.key }
}

interface Unsure {
  row: SearchRow
  found: Found
}

const MOST_ROWS = 500

/** Geometries may be large, so few of them are held at a time. */
const MOST_GEOMETRIES = 20

function* judgeGeometries(options: {
  view: View
  boxes: readonly Box[] | undefined
  unsure: readonly Unsure[]
  source: SearchSource
  best: Best
}): Steps<void> {
  const { view, boxes, source, best } = options
  const unsure = options.unsure.toSorted((a, b) => compareRanks(a.found, b.found))
  for (let start = 0; start < unsure.length; start += MOST_GEOMETRIES) {
    const some = unsure.slice(start, start + MOST_GEOMETRIES)
    if (!best.wants(some[0]!.found)) return
    const features = yield* wait(source.features(some.map(({ row }) => row.key)))
    for (const { row, found } of some) {
      const feature = features.get(row.key)
      if (feature !== undefined && isSeen(view, boxes, row, feature)) best.take(found)
    }
  }
}

/** By the box around a feature; `unsure`: only its geometry tells. The box of a point tells all. */
function judgeBox(
  view: View,
  boxes: readonly Box[] | undefined,
  row: SearchRow,
): 'seen' | 'unseen' | 'unsure' {
  if (boxes && !boxes.some((box) => boxesIntersect(box, row))) return 'unseen'
  const verdict = typeof view === 'string' ? 'inside' : view.judge(row)
  if (verdict === 'outside') return 'unseen'
  const contained = !boxes || boxes.some((box) => boxContains(box, row))
  return contained && verdict === 'inside' ? 'seen' : 'unsure'
}

function isSeen(
  view: View,
  boxes: readonly Box[] | undefined,
  row: SearchRow,
  feature: string,
): boolean {
  const { geometry } = JSON.parse(feature) as Feature
  if (typeof view === 'object' && view.judge(row) === 'edge' && !view.sees(geometry)) return false
  return (
    !boxes || boxes.some((box) => boxContains(box, row) || geometryIntersectsBox(geometry, box))
  )
}

function* hitsOf(
  best: readonly Found[],
  collections: readonly SearchedCollection[],
): Steps<SearchHit[]> {
  const texts = new Map<string, ReadonlyMap<number, string>>()
  for (const { id, source } of collections) {
    const keys = best.filter(({ collectionId }) => collectionId === id).map(({ key }) => key)
    if (keys.length > 0) texts.set(id, yield* wait(source.features(keys)))
  }
  return best.flatMap(({ collectionId, key, match, metres }) => {
    const feature = texts.get(collectionId)?.get(key)
    return feature === undefined ? [] : [{ collectionId, feature, metres, match }]
  })
}

type Best = ReturnType<typeof createBest>

const isSame = (one: Found, other: Found) =>
  one.key === other.key && one.collectionId === other.collectionId

/** The best of all that it is given, each once, up to a number. */
function createBest(limit: number) {
  const found: Found[] = []
  const isFull = () => found.length >= limit
  /** Whether it would be among them. */
  const wants = (one: Found) => !isFull() || compareRanks(one, found.at(-1)!) < 0
  return {
    limit,
    isFull,
    wants,
    take(one: Found) {
      if (!wants(one) || found.some((other) => isSame(one, other))) return
      const place = found.findIndex((other) => compareRanks(one, other) < 0)
      found.splice(place === -1 ? found.length : place, 0, one)
      if (found.length > limit) found.pop()
    },
    all: (): readonly Found[] => found,
  }
}
