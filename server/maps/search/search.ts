import type { Feature } from 'geojson'
import type { View } from '../../access/scopes/access-scope.ts'
import { type Box, boxContains, boxesIntersect } from '../../geo/box.ts'
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
 * The three kinds of match are gone through best first, until enough is found. Without a point, rows
 * come in the order of their rank and the first ones that are seen are the answer; near a point,
 * each row of a kind is looked at. So there is no number of candidates at which the answer would get
 * wrong. A row counts only after it was found to be seen: what is not leaves no trace.
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
  /** All that may match, and perhaps more. */
  open(lookup: Lookup): NowOrLater<SearchCursor>
  /** The GeoJSON text of features by their keys. */
  features(keys: readonly number[]): NowOrLater<ReadonlyMap<number, string>>
}

export interface Lookup {
  match: Match
  wanted: Wanted
  /** Only rows that touch one; null: all. May be inside out, as `Window`s are. */
  windows: readonly Box[] | null
  /** By length and id, those without a name last; else in any order. */
  ordered: boolean
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
    for (const collection of collections) {
      yield* collect({ query, wanted: wanted!, match, collection, best })
    }
  }
  return yield* hitsOf(best.all(), collections)
}

interface Found extends Ranked {
  key: number
}

function* collect(options: {
  query: Omit<SearchQuery, 'collectionIds'>
  wanted: Wanted
  match: Match
  collection: SearchedCollection
  best: Best
}): Steps<void> {
  const { wanted, match, best } = options
  const { near, boxes } = options.query
  const { id: collectionId, source } = options.collection
  const view = viewWithin(options.collection.view, boxes)
  if (view === 'none') return
  const ordered = near === undefined
  const windows = windowsOf(view, boxes ?? null)
  const cursor = yield* wait(source.open({ match, wanted, windows, ordered }))
  try {
    // First about as many as are needed, when all that come are seen.
    let count = ordered && view === 'all' ? 2 * best.limit : MOST_ROWS
    for (;;) {
      const rows = yield* wait(cursor.next(count))
      const unsure: { row: SearchRow; found: Found }[] = []
      let isOver = rows.length < count
      for (const row of rows) {
        // Better matches have been taken before.
        if (matchOf(wanted, row) !== match) continue
        const { key, id } = row
        const metres = near ? metresToBox(near, row) : null
        const found = { match, metres, length: lengthOf(row.name), id, collectionId, key }
        if (!best.wants(found)) {
          if (!ordered) continue
          // All that follow are worse.
          isOver = true
          break
        }
        const verdict = judgeBox(view, boxes, row)
        if (verdict === 'seen') best.take(found)
        if (verdict === 'unsure') unsure.push({ row, found })
      }
      yield* judgeGeometries({ view, boxes, unsure, source, best })
      if (isOver) return
      count = MOST_ROWS
    }
  } finally {
    yield* wait(cursor.close())
  }
}

const MOST_ROWS = 500

/** Geometries may be large, so few of them are held at a time. */
const MOST_GEOMETRIES = 20

function* judgeGeometries(options: {
  view: View
  boxes: readonly Box[] | undefined
  unsure: readonly { row: SearchRow; found: Found }[]
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

/** The best of all that it is given, up to a number. */
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
      if (!wants(one)) return
      const place = found.findIndex((other) => compareRanks(one, other) < 0)
      found.splice(place === -1 ? found.length : place, 0, one)
      if (found.length > limit) found.pop()
    },
    all: (): readonly Found[] => found,
  }
}
