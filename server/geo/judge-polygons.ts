import type { Position } from 'geojson'
import { AreaEdges } from './area-edges.ts'
import { boxOfGeometry } from './geometry.ts'
import { turned } from './polygon.ts'
import { findRingFault } from './simple-rings.ts'

/** What is wrong with a geometry; `path` followed by `reason` is a sentence. */
export interface GeometryFault {
  /** Within the geometry, such as `coordinates[0][3]` or `type`; the whole is `geometry`. */
  path: string
  reason: string
}

/** Rings without the positions that follow themselves, which draw no edge. */
export function withoutRepeats(rings: Position[][]): Position[][] {
  return rings.map((ring) => {
    const isRepeated = (index: number) =>
      index > 0 &&
      ring[index]![0] === ring[index - 1]![0] &&
      ring[index]![1] === ring[index - 1]![1]
    const has = ring.some((_, index) => isRepeated(index))
    return has ? ring.filter((_, index) => !isRepeated(index)) : ring
  })
}

/**
 * Of polygons with closed rings without repeats: whether a ring is too short, rings cross or overlap
 * themselves or each other (`faultOfRings`), or a hole lies outside of its polygon. Parts within
 * parts are not looked for: they do no harm.
 * @param pathOf a polygon, by its index
 */
export function faultOfPolygons(
  polygons: Position[][][],
  pathOf: (index: number) => string,
): GeometryFault | null {
  const rings = polygons.flat()
  const paths = polygons.flatMap((each, index) => each.map((_, at) => `${pathOf(index)}[${at}]`))
  const short = rings.findIndex((ring) => ring.length < 4)
  if (short >= 0) {
    const reason = 'has too few positions: a ring needs three different ones, and the first again'
    return { path: paths[short]!, reason }
  }
  const found = findRingFault(rings)
  if (found?.kind === 'intricate') {
    return { path: 'coordinates', reason: 'is too intricate to tell whether it crosses itself' }
  }
  if (found) {
    const [first, second] = [found.ring, found.other].toSorted((a, b) => a - b) as [number, number]
    const other = first === second ? 'itself' : paths[first]!
    return {
      path: paths[second]!,
      reason: `crosses or touches ${other} near [${found.near.join(', ')}]`,
    }
  }
  for (const [index, polygon] of polygons.entries()) {
    const hole = holeOutside(polygon)
    if (hole !== null) {
      return { path: `${pathOf(index)}[${hole}]`, reason: 'is a hole outside of its polygon' }
    }
  }
  return null
}

/** The first hole that is not within the outer ring, which it does not cross. */
function holeOutside(rings: Position[][]): number | null {
  if (rings.length === 1) return null
  const outer = turned(rings.slice(0, 1))
  const edges = new AreaEdges(outer, boxOfGeometry({ type: 'Polygon', coordinates: outer })!)
  const hole = rings.findIndex(
    (ring, index) => index > 0 && !ring.every(([x, y]) => edges.covers(x!, y!)),
  )
  return hole < 0 ? null : hole
}
