import type { Position } from 'geojson'
import { orient2d } from 'robust-predicates'

/** What is told of rings by exact orientation (`robust-predicates`). They are closed. */

/**
 * Whether the point is inside or on the boundary. By the even-odd rule over all rings, so that a hole
 * is outside, but for its boundary.
 */
export function polygonCovers(rings: readonly Position[][], x: number, y: number): boolean {
  let inside = false
  for (const ring of rings) {
    for (let index = 1; index < ring.length; index++) {
      const [x1, y1] = ring[index - 1] as [number, number]
      const [x2, y2] = ring[index] as [number, number]
      if ((y1 > y && y2 > y) || (y1 < y && y2 < y) || (x1 < x && x2 < x)) continue
      const side = orient2d(x1, y1, x2, y2, x, y)
      if (side === 0 && isBetween(x, x1, x2) && isBetween(y, y1, y2)) return true
      // `orient2d` is positive on the right.
      if (y1 > y !== y2 > y && side > 0 === y2 < y1) inside = !inside
    }
  }
  return inside
}

/** Whether the point lies on the segment. */
export function segmentCovers(start: Position, end: Position, x: number, y: number): boolean {
  const [x1, y1] = start as [number, number]
  const [x2, y2] = end as [number, number]
  return isBetween(x, x1, x2) && isBetween(y, y1, y2) && orient2d(x1, y1, x2, y2, x, y) === 0
}

/** By the turn at the lowest of its western positions. No position may follow itself. */
function isCounterclockwise(ring: readonly Position[]): boolean {
  const length = ring.length - 1
  let first = 0
  for (let index = 1; index < length; index++) {
    const [x, y] = ring[index] as [number, number]
    const [westernmost, lowest] = ring[first] as [number, number]
    if (x < westernmost || (x === westernmost && y < lowest)) first = index
  }
  const [x, y] = ring[first] as [number, number]
  const [beforeX, beforeY] = ring[first === 0 ? length - 1 : first - 1] as [number, number]
  const [afterX, afterY] = ring[first + 1] as [number, number]
  // `orient2d` is negative on the left.
  return orient2d(beforeX, beforeY, x, y, afterX, afterY) < 0
}

/** The rings of a polygon with its inside on their left (RFC 7946 §3.1.6). */
export function turned(polygon: readonly Position[][]): Position[][] {
  return polygon.map((ring, index) =>
    isCounterclockwise(ring) === (index === 0) ? ring : ring.toReversed(),
  )
}

function isBetween(value: number, one: number, other: number): boolean {
  return one < other ? value >= one && value <= other : value >= other && value <= one
}
