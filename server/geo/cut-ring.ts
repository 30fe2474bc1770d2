import type { Position } from 'geojson'
import type { Box } from './box.ts'

/**
 * What of a closed ring lies in a box, boundary included, closed along the box's sides (Sutherland and
 * Hodgman, one side after the other). Where a concave ring leaves the box and comes back, the result
 * runs there and back along a side. Heights are left out.
 * @returns an empty array when nothing does
 */
export function cutRing(ring: readonly Position[], box: Box): Position[] {
  let cut: Position[] = []
  for (const [x, y] of ring as [number, number][]) add(cut, x, y)
  cut = cutSide(cut, 0, box.west, 1)
  cut = cutSide(cut, 0, box.east, -1)
  cut = cutSide(cut, 1, box.south, 1)
  cut = cutSide(cut, 1, box.north, -1)
  return cut.length >= 4 ? cut : []
}

/** Keeps what is not less (`sign` 1) or not greater (-1) than the limit along the axis. */
function cutSide(ring: Position[], axis: 0 | 1, limit: number, sign: 1 | -1): Position[] {
  const isKept = (position: Position) => (position[axis]! - limit) * sign >= 0
  if (ring.every(isKept)) return ring
  const kept: Position[] = []
  for (const [index, position] of ring.entries()) {
    const [x, y] = position as [number, number]
    const before = ring[index - 1]
    if (before && isKept(before) !== isKept(position)) {
      const [fromX, fromY] = before as [number, number]
      if (axis === 0) add(kept, limit, fromY + (y - fromY) * ((limit - fromX) / (x - fromX)))
      else add(kept, fromX + (x - fromX) * ((limit - fromY) / (y - fromY)), limit)
    }
    if (isKept(position)) add(kept, x, y)
  }
  if (kept.length > 0) add(kept, kept[0]![0]!, kept[0]![1]!)
  return kept
}

/** Unless it is the one before. */
function add(ring: Position[], x: number, y: number): void {
  const last = ring.at(-1)
  if (!last || last[0] !== x || last[1] !== y) ring.push([x, y])
}

/** Twice the planar area; positive when the ring is counterclockwise. */
export function doubleArea(ring: readonly Position[]): number {
  const [originX, originY] = (ring[0] ?? [0, 0]) as [number, number]
  let sum = 0
  for (let index = 1; index < ring.length; index++) {
    const [x1, y1] = ring[index - 1] as [number, number]
    const [x2, y2] = ring[index] as [number, number]
    sum += (x1 - originX) * (y2 - originY) - (x2 - originX) * (y1 - originY)
  }
  return sum
}
