import { setImmediate } from 'node:timers/promises'
import type { Feature } from 'geojson'
import { type Box, boxContains, boxesIntersect, type LonLat } from '../../geo/box.ts'
import { boxesAround, distanceMetres, LONGEST_DISTANCE_METRES } from '../../geo/distance.ts'
import { geometryIntersectsBox } from '../../geo/geometry.ts'
import { isSeen, type View } from './seen.ts'
import type { ItemsPage, NearbyFeature } from './map-store.ts'

/** A row that an index over boxes found: its exact box, and the feature as GeoJSON text. */
export interface Candidate extends Box {
  key: number
  feature: string
}

/**
 * Fills a page with features that are seen and really intersect the boxes. Others leave no trace in
 * it: whether it is full, and where the next one begins, depend on those alone.
 * @param fetch gives up to `count` candidates with keys above `after`, in the order of their keys
 */
export async function pageOf(
  query: { view: View; boxes?: readonly Box[]; limit: number; after?: number },
  fetch: (after: number, count: number) => Candidate[] | Promise<Candidate[]>,
): Promise<ItemsPage> {
  const { view, boxes, limit } = query
  const features: string[] = []
  let next = query.after ?? 0
  let after = next
  // One more than is needed tells whether another page follows.
  const count = view === 'all' ? limit + 1 : Math.min(Math.max(limit + 1, 100), MAXIMUM_BATCH)
  const turn = createTurn()
  for (;;) {
    const candidates = await fetch(after, count)
    for (const candidate of candidates) {
      if (turn.isOver()) await turn.yield()
      if (boxes && !boxes.some((box) => intersects(candidate, box))) continue
      if (!isSeen(view, candidate)) continue
      if (features.length === limit) return { features, next }
      features.push(candidate.feature)
      next = candidate.key
    }
    if (candidates.length < count) return { features, next: null }
    after = candidates.at(-1)!.key
  }
}

/** Of candidates among which most may not be seen. */
const MAXIMUM_BATCH = 1_000

/**
 * The nearest of point features that are seen, nearest first, and in the order of import when
 * equally far.
 * @param radiusMetres how far to look at first; as long as too few are found, half as far again
 * @param fetch gives all candidates in these boxes
 */
export async function nearestOf(
  query: {
    view: View
    point: LonLat
    limit: number
    maximumMetres?: number
    radiusMetres: number
  },
  fetch: (boxes: Box[]) => Candidate[] | Promise<Candidate[]>,
): Promise<NearbyFeature[]> {
  const { view, limit } = query
  const maximum = query.maximumMetres ?? LONGEST_DISTANCE_METRES
  const turn = createTurn()
  // Up to the first window there is nothing to be found.
  let radius = Math.max(query.radiusMetres, distanceToWindows(view, query.point))
  for (;;) {
    radius = Math.min(Math.max(radius, 1), maximum)
    const found: { candidate: Candidate; metres: number }[] = []
    for (const candidate of await fetch(boxesAround(query.point, radius))) {
      if (turn.isOver()) await turn.yield()
      const metres = distanceTo(candidate, query.point)
      if (metres <= radius && isSeen(view, candidate)) found.push({ candidate, metres })
    }
    if (found.length >= limit || radius >= maximum) {
      return found
        .toSorted((a, b) => a.metres - b.metres || a.candidate.key - b.candidate.key)
        .slice(0, limit)
        .map(({ candidate, metres }) => ({ feature: candidate.feature, metres }))
    }
    if (turn.isOver()) await turn.yield()
    radius *= 1.5
  }
}

/** To the nearest of them, about; it decides only where a search begins. */
function distanceToWindows(view: View, [longitude, latitude]: LonLat): number {
  if (typeof view === 'string') return 0
  const within = (value: number, low: number, high: number) =>
    Math.max(Math.min(low, high), Math.min(Math.max(low, high), value))
  return Math.min(
    ...view.windows.map(({ west, south, east, north }) =>
      distanceMetres(
        [longitude, latitude],
        [within(longitude, west, east), within(latitude, south, north)],
      ),
    ),
  )
}

/** How long one request may keep all others waiting. */
const TURN_MILLISECONDS = 5

function createTurn() {
  let began = performance.now()
  return {
    isOver: () => performance.now() - began > TURN_MILLISECONDS,
    async yield() {
      await setImmediate()
      began = performance.now()
    },
  }
}

/** In metres, to a point feature: its box is the point. */
export function distanceTo(place: Pick<Box, 'west' | 'south'>, point: LonLat): number {
  return distanceMetres(point, [place.west, place.south])
}

function intersects(candidate: Candidate, box: Box): boolean {
  if (boxContains(box, candidate)) return true
  if (!boxesIntersect(candidate, box)) return false
  return geometryIntersectsBox((JSON.parse(candidate.feature) as Feature).geometry, box)
}
