import type { Position } from 'geojson'
import { findNestingFault } from './nested-rings.ts'
import { turned } from './polygon.ts'
import { type Effort, findRingFault } from './simple-rings.ts'

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
 * themselves or each other (`faultOfRings`), or one lies where none may (`findNestingFault`). These are
 * the rules of OGC Simple Features (06-103r4 §6.1.11, §6.1.14), but that holes may touch what is around
 * them so often that the surface falls apart: which points it has is clear all the same.
 * @param pathOf a polygon, by its index
 */
export function faultOfPolygons(
  polygons: Position[][][],
  pathOf: (index: number) => string,
  effort?: Effort,
): GeometryFault | null {
  const rings = polygons.flat()
  const paths = polygons.flatMap((each, index) => each.map((_, at) => `${pathOf(index)}[${at}]`))
  const short = rings.findIndex((ring) => ring.length < 4)
  if (short >= 0) {
    const reason = 'has too few positions: a ring needs three different ones, and the first again'
    return { path: paths[short]!, reason }
  }
  const found = findRingFault(rings, effort)
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
  const nesting = findNestingFault(polygons.map(turned))
  return nesting && { path: paths[nesting.ring]!, reason: NESTING[nesting.kind] }
}

const NESTING = {
  'hole outside': 'is a hole outside of its polygon',
  'hole in hole': 'is a hole within another hole',
  'part in part': 'lies within another part',
}
