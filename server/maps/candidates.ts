import type { Feature } from 'geojson'
import { type Box, boxContains, boxesIntersect, type LonLat } from '../geo/box.ts'
import { boxesAround, distanceMetres, LONGEST_DISTANCE_METRES } from '../geo/distance.ts'
import { geometryIntersectsBox } from '../geo/geometry.ts'
import type { ItemsPage, NearbyFeature } from './store.ts'

/** A row that an index over boxes found: its exact box, and the feature as GeoJSON text. */
export interface Candidate extends Box {
  key: number
  feature: string
}

/**
 * Fills a page with features that really intersect the boxes.
 * @param fetch gives up to `count` candidates with keys above `after`, in the order of their keys
 */
export async function pageOf(
  query: { boxes?: readonly Box[]; limit: number; after?: number },
  fetch: (after: number, count: number) => Candidate[] | Promise<Candidate[]>,
): Promise<ItemsPage> {
  const { boxes, limit } = query
  const features: string[] = []
  let after = query.after ?? 0
  // One more than is needed tells whether another page follows.
  const count = limit + 1
  for (;;) {
    const candidates = await fetch(after, count)
    for (const candidate of candidates) {
      if (boxes && !boxes.some((box) => intersects(candidate, box))) continue
      if (features.length === limit) return { features, next: after }
      features.push(candidate.feature)
      after = candidate.key
    }
    if (candidates.length < count) return { features, next: null }
    after = candidates.at(-1)!.key
  }
}

/**
 * The nearest of point features, nearest first, and in the order of import when equally far.
 * @param radiusMetres how far to look at first; as long as too few are found, half as far again
 * @param fetch gives all candidates in these boxes
 */
export async function nearestOf(
  query: { point: LonLat; limit: number; maximumMetres?: number; radiusMetres: number },
  fetch: (boxes: Box[]) => Candidate[] | Promise<Candidate[]>,
): Promise<NearbyFeature[]> {
  const maximum = query.maximumMetres ?? LONGEST_DISTANCE_METRES
  let radius = query.radiusMetres
  for (;;) {
    radius = Math.min(Math.max(radius, 1), maximum)
    const found = (await fetch(boxesAround(query.point, radius)))
      .map((candidate) => ({ candidate, metres: distanceTo(candidate, query.point) }))
      .filter(({ metres }) => metres <= radius)
    if (found.length >= query.limit || radius >= maximum) {
      return found
        .toSorted((a, b) => a.metres - b.metres || a.candidate.key - b.candidate.key)
        .slice(0, query.limit)
        .map(({ candidate, metres }) => ({ feature: candidate.feature, metres }))
    }
    radius *= 1.5
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
