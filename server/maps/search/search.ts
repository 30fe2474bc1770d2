import type { Feature } from 'geojson'
import type { View } from '../../access/scopes/access-scope.ts'
import { common } from '../../access/scopes/limits.ts'
import { type Box, boxContains, boxesIntersect, type LonLat } from '../../geo/box.ts'
import { boxesAround, LONGEST_DISTANCE_METRES } from '../../geo/distance.ts'
import { geometryIntersectsBox } from '../../geo/geometry.ts'
import type { GenerationReader } from '../store/backend.ts'
import type { SearchHit, SearchQuery, SearchResult } from '../store/search-query.ts'
import { viewWithin, windowsOf } from '../store/seen.ts'
import { MAXIMUM_PAGE } from '../store/texts.ts'
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
 * features are ranked (`MOST`), shared among the collections: names in the order of the alphabet,
 * words in that of keys. Near a point, where there are more, features around it are looked at too,
 * farther and farther: as long as these are no more than as many, the nearest are right though the
 * word is common. So a search ends soon whatever is looked for.
 *
 * Where areas or a box leave some of a collection out, what is left out costs work too, and has a
 * bound of its own: seen and unseen are counted apart, so nobody can fill up with features of his own
 * what is left until a single unseen one shows. What is not seen never tells its name either: such a
 * search goes by keys alone, so where it ends says nothing about the alphabet. When it ends early, all
 * features in the areas are looked at instead, whatever their names, if they are few enough: then the
 * answer is whole again. Both ways give the same where they come to their end, and the quicker one for
 * few features is tried first.
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
  byKeys: GenerationReader['byKeys']
}

export interface Lookup {
  match: Match
  wanted: Wanted
  /** Of names: `name` is their alphabet. Words are always in the order of keys. */
  order: 'name' | 'key'
  /** Only the first so many. */
  most: number
  /** Those then by length and id, those without a name last; each says whether there are `more`. */
  ranked: boolean
}

export interface SearchCursor {
  /** The next rows, up to this many; fewer: these were the last. */
  next(count: number): NowOrLater<LookedUp[]>
  close(): NowOrLater<void>
}

/** @property more true or 1: the look-up would have found more than it was asked for */
type LookedUp = SearchRow & { more?: boolean | number }

/** @returns the best hits, best first; none when the text has no letters or digits */
export function* search(
  query: Omit<SearchQuery, 'collectionIds'>,
  collections: readonly SearchedCollection[],
): Steps<SearchResult> {
  const wanted = wantedOf(query.text)
  const best = createBest(query.limit)
  const most = query.most ?? MOST
  // Does not depend on what the other collections have left, which a caller could arrange.
  const unseen = Math.ceil((most * UNSEEN_FOR_EACH) / collections.length)
  let complete = true
  for (const match of wanted ? MATCHES : []) {
    if (best.isFull()) break
    let left = most
    for (const [index, collection] of collections.entries()) {
      const share = Math.max(1, Math.floor(left / (collections.length - index)))
      const budget = { seen: share, unseen }
      const done = yield* collect({ query, wanted: wanted!, match, collection, best, budget })
      left -= done.looked
      complete &&= done.complete
    }
  }
  const hits = yield* hitsOf(best.all(), collections)
  return { hits, complete: complete && hits.length === best.all().length }
}

/** Features of one kind of match: ranking these takes a fifth of a second. */
const MOST = 20_000

/** Rows that are not seen cost less, and may be more: so many for each that is ranked. */
const UNSEEN_FOR_EACH = 5

/** What may be looked at. */
interface Budget {
  seen: number
  unseen: number
}

/** Where only a geometry tells whether it is seen, so many characters of it cost as much as a row. */
const TEXT_OF_ROW = 4_000

/** What so few features in the areas cost is nothing to what a common word may. */
const FEW: Budget = { seen: 500, unseen: 500 }

interface Found extends Ranked {
  key: number
}

interface Collecting {
  query: Omit<SearchQuery, 'collectionIds'>
  wanted: Wanted
  match: Match
  collection: SearchedCollection
  best: Best
  budget: Budget
}

/** @returns how many that are seen have been looked at, and whether the best of all are among them */
function* collect(options: Collecting): Steps<{ looked: number; complete: boolean }> {
  const { wanted, match, best, budget } = options
  const { near, boxes } = options.query
  const { id: collectionId, source } = options.collection
  const view = viewWithin(options.collection.view, boxes)
  if (view === 'none') return { looked: 0, complete: true }
  // Then all that come are seen, so the database can count them.
  const isAll = view === 'all' && !boxes
  if (!isAll && (yield* lookAround(view, { ...options, budget: FEW }, LONGEST_DISTANCE_METRES))) {
    return { looked: 0, complete: true }
  }
  const ranked = isAll && near === undefined
  const cursor = yield* wait(
    source.open({
      match,
      wanted,
      order: isAll ? 'name' : 'key',
      // One more tells that these are not all.
      most: isAll ? budget.seen + (ranked ? 0 : 1) : budget.seen + budget.unseen + 1,
      ranked,
    }),
  )
  const left = { ...budget }
  let more = false
  const end = yield* walk(cursor, {
    judge: createJudge(view, boxes, source),
    left,
    // About as many as are needed, when the best come first.
    first: ranked ? 2 * best.limit : MOST_ROWS,
    take(row) {
      more ||= Boolean(row.more)
      // Better matches have been taken before.
      if (matchOf(wanted, row) !== match) return true
      const found = foundOf(row, match, near, collectionId)
      // All that follow are worse.
      if (ranked && !best.wants(found)) return false
      best.take(found)
      return true
    },
  })
  const looked = Math.min(budget.seen, budget.seen - left.seen)
  if (end === 'all') return { looked, complete: !more }
  const elsewhere = near !== undefined || end === 'unseen'
  const from = near ? FIRST_METRES : LONGEST_DISTANCE_METRES
  return { looked, complete: elsewhere && (yield* lookAround(view, options, from)) }
}

/** Where it begins; each time it looks twice as far. */
const FIRST_METRES = 100

/**
 * Takes what matches near a point, until nothing farther would be among the best, or there are more
 * features than may be looked at. Only whole circles count, for an index gives them in any order.
 * @param first how far it looks first, in metres; the longest distance: everywhere, with or without a point
 * @returns whether no better ones are left
 */
function* lookAround(view: View, options: Collecting, first: number): Steps<boolean> {
  const { wanted, match, best, budget } = options
  const { near, boxes } = options.query
  const { id: collectionId, source } = options.collection
  const left = { ...budget }
  for (let metres = first; ; metres = Math.min(2 * metres, LONGEST_DISTANCE_METRES)) {
    const circle = boxesAround(near ?? [0, 0], metres)
    const asked = boxes
      ? boxes.flatMap((box) => circle.map((around) => common(box, around)))
      : circle
    const cursor = yield* wait(source.around(windowsOf(view, asked) ?? circle))
    const within: Found[] = []
    left.seen = budget.seen
    const end = yield* walk(cursor, {
      judge: createJudge(view, boxes, source),
      left,
      first: MOST_ROWS,
      take(row) {
        if (matchOf(wanted, row) !== match) return true
        const found = foundOf(row, match, near, collectionId)
        if ((found.metres ?? 0) <= metres) within.push(found)
        return true
      },
    })
    if (end !== 'all' || left.seen < 0) return false
    for (const found of within) best.take(found)
    const beyond = { match, metres, length: 0, id: '', collectionId, key: -1 }
    if (metres >= LONGEST_DISTANCE_METRES || !best.wants(beyond)) return true
  }
}

/**
 * Hands on what is seen, and closes the cursor.
 * @param left is spent: on a row that is seen as long as there is any, on others up to the end of it
 * @returns `all`: there are no more, or no more are wanted; otherwise what is spent
 */
function* walk(
  cursor: SearchCursor,
  {
    judge,
    left,
    first,
    take,
  }: {
    judge: ReturnType<typeof createJudge>
    left: Budget
    first: number
    take: (row: LookedUp) => boolean
  },
): Steps<'all' | keyof Budget> {
  try {
    for (let count = first; ; count = MOST_ROWS) {
      const rows = yield* wait(cursor.next(count))
      for (const [index, row] of rows.entries()) {
        const { seen, cost } = yield* judge(rows, index)
        const kind = seen ? 'seen' : 'unseen'
        if (left[kind] < (seen ? 1 : cost)) return kind
        left[kind] -= cost
        if (seen && !take(row)) return 'all'
      }
      if (rows.length < count) return 'all'
    }
  } finally {
    yield* wait(cursor.close())
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

const MOST_ROWS = 500

/** Geometries may be large, so few of them are read ahead. */
const MOST_GEOMETRIES = 20

interface Verdict {
  seen: boolean
  /** In rows. */
  cost: number
}

const SEEN: Verdict = { seen: true, cost: 1 }
const UNSEEN: Verdict = { seen: false, cost: 1 }

/** @returns judges the row of that index, and may read ahead what the rows behind it need */
function createJudge(view: View, boxes: readonly Box[] | undefined, source: SearchSource) {
  const judged = new Map<number, Verdict>()
  const isUnsure = (row: SearchRow) => judgeBox(view, boxes, row) === 'unsure'

  function* readAhead(rows: readonly SearchRow[], index: number): Steps<void> {
    const some: SearchRow[] = []
    for (let next = index; next < rows.length && some.length < MOST_GEOMETRIES; next++) {
      if (isUnsure(rows[next]!)) some.push(rows[next]!)
    }
    const texts = yield* wait(source.byKeys(some.map(({ key }) => key)))
    for (const { key, feature } of texts.rows) {
      const row = some.find((each) => each.key === key)!
      judged.set(key, {
        seen: isSeen(view, boxes, row, feature),
        cost: 1 + feature.length / TEXT_OF_ROW,
      })
    }
  }

  return function* judge(rows: readonly SearchRow[], index: number): Steps<Verdict> {
    const row = rows[index]!
    const verdict = judgeBox(view, boxes, row)
    if (verdict !== 'unsure') return verdict === 'seen' ? SEEN : UNSEEN
    if (!judged.has(row.key)) yield* readAhead(rows, index)
    return judged.get(row.key) ?? UNSEEN
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

/** Features in their order, as many as a page may have: at least one, however long it is. */
function* hitsOf(
  best: readonly Found[],
  collections: readonly SearchedCollection[],
): Steps<SearchHit[]> {
  const hits: SearchHit[] = []
  let length = 0
  for (let position = 0; position < best.length;) {
    const { collectionId } = best[position]!
    const end = best.findIndex((each, at) => at > position && each.collectionId !== collectionId)
    const some = best.slice(position, end === -1 ? undefined : end)
    const { source } = collections.find(({ id }) => id === collectionId)!
    const { rows, read } = yield* wait(source.byKeys(some.map(({ key }) => key)))
    const features = new Map(rows.map(({ key, feature }) => [key, feature]))
    for (const { key, match, metres } of some.slice(0, read)) {
      const feature = features.get(key)
      if (feature === undefined) continue
      length += feature.length
      if (hits.length > 0 && length > MAXIMUM_PAGE) return hits
      hits.push({ collectionId, feature, metres, match })
    }
    position += read
  }
  return hits
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
