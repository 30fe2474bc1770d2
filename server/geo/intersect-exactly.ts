import type { Position } from 'geojson'
import { intersection, setPrecision, union } from 'polyclip-ts'
import { type Box, boxContains } from './box.ts'
import { cutRing } from './cut-ring.ts'

const MAXIMUM_POSITIONS = 10_000

/** How near is touching, squared, tried in turn: first of all, nothing but the same. */
const PRECISIONS = [undefined, 1e-20, 1e-16]

/**
 * What a polygon and an area share, by `polyclip-ts`, which takes longer where edges cross. Each is cut
 * to the other's box before.
 * @returns null when there are too many positions, or the library fails
 */
export function intersectExactly(
  polygon: Position[][],
  boxOfPolygon: Box,
  area: Position[][][],
  boxOfArea: Box,
): Position[][][] | null {
  const subject = cutPolygons([polygon], boxOfArea, boxOfPolygon)
  const limits = cutPolygons(area, boxOfPolygon, boxOfArea)
  if (subject.length === 0 || limits.length === 0) return []
  if ([...subject, ...limits].flat(2).length > MAXIMUM_POSITIONS) return null
  return tryPrecisions(() => intersection(subject as Shape, limits as Shape))
}

/**
 * Polygons that may overlap as polygons that do not, enclosing the same.
 * @returns null as above
 */
export function uniteExactly(polygons: Position[][][]): Position[][][] | null {
  if (polygons.flat(2).length > MAXIMUM_POSITIONS) return null
  return tryPrecisions(() => union(polygons as Shape))
}

type Shape = Parameters<typeof intersection>[0]

function tryPrecisions(operation: () => Position[][][]): Position[][][] | null {
  for (const precision of PRECISIONS) {
    try {
      setPrecision(precision)
      return operation()
    } catch {
      // Where edges all but touch, it may lose its way.
    } finally {
      setPrecision()
    }
  }
  return null
}

/** What of polygons lies in the box, if any is beyond it. */
function cutPolygons(polygons: Position[][][], box: Box, around: Box): Position[][][] {
  if (boxContains(box, around)) return polygons
  return polygons
    .map((rings) => rings.map((ring) => cutRing(ring, box)))
    .filter((rings) => rings[0]!.length > 0)
    .map((rings) => rings.filter((ring) => ring.length > 0))
}
