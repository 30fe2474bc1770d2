import type { Position } from 'geojson'
import { doubleArea } from './cut-ring.ts'
import { polygonCovers } from './polygon.ts'

/** A directed edge, with the inside on its left. */
export type Edge = [from: Position, to: Position]

export const keyOf = ([x, y]: Position): string => `${x} ${y}`

/**
 * Closed rings of edges. Where several meet in a position, any may follow any: the rings enclose the
 * same.
 * @returns null when not as many edges leave each position as come to it
 */
export function traceRings(edges: readonly Edge[]): Position[][] | null {
  const leaving = Map.groupBy(edges, ([from]) => keyOf(from))
  const rings: Position[][] = []
  for (const [start, group] of leaving) {
    while (group.length > 0) {
      const ring: Position[] = [group[0]![0]]
      for (let next = group.pop(); next; next = leaving.get(keyOf(next[1]))?.pop()) {
        ring.push(next[1])
      }
      if (keyOf(ring.at(-1)!) !== start) return null
      rings.push(ring)
    }
  }
  return rings
}

/** Of rings with the inside on their left: a hole belongs to the smallest outer ring around it. */
export function assemblePolygons(rings: Position[][]): Position[][][] {
  const sized = rings
    .map((ring) => ({ ring, area: doubleArea(ring) }))
    .toSorted((a, b) => Math.abs(a.area) - Math.abs(b.area))
  const polygons = sized.filter(({ area }) => area > 0).map(({ ring }) => [ring])
  for (const { ring: hole } of sized.filter(({ area }) => area < 0)) {
    const around =
      polygons.length > 1 &&
      polygons.find(([outer]) => hole.every(([x, y]) => polygonCovers([outer!], x!, y!)))
    // Rounding may hide which one it is; cut out of all, it is in none.
    for (const polygon of around ? [around] : polygons) polygon.push(hole)
  }
  return polygons
}
