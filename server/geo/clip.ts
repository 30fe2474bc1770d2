import type { Geometry, MultiPolygon, Polygon, Position } from 'geojson'
import { AreaEdges } from './area-edges.ts'
import { type Box, boxesIntersect } from './box.ts'
import { clipLine, coversOrNearly } from './clip-line.ts'
import { clipPolygon } from './clip-polygon.ts'
import { doubleArea } from './cut-ring.ts'
import { boxOfGeometry } from './geometry.ts'
import { intersectExactly, uniteExactly } from './intersect-exactly.ts'
import { withoutRepeats } from './judge-polygons.ts'
import { polygonCovers } from './polygon.ts'
import { findRingFault } from './simple-rings.ts'

/**
 * Cuts geometries to an area, as tiles show them. In which plane does not matter, as long as both are
 * in the same; a tile's features are best cut in its pixels, after `clipAreaToBox` and `areaInTile`,
 * because edges that are straight in degrees are not so there.
 *
 * Points are better judged in degrees, by the whole area: cut edges are rounded.
 *
 * What comes out never reaches beyond the area by more than rounding. When that cannot be had (the
 * library fails, or there is too much to compare), nothing comes out, never the uncut shape.
 */
export interface Clipper {
  /**
   * Points: those in the area, boundary included. Lines: their parts within; a touch leaves nothing.
   * Polygons: the surface within, wound as before. Heights may be lost.
   * @returns null when nothing is left
   */
  clip(geometry: Geometry): Geometry | null
}

/** How often a polygon may meet the area's edges; exact arithmetic takes much longer. */
const MAXIMUM_CUTS = 20_000
const MAXIMUM_CUTS_EXACTLY = 1_000

/** Of the size of the numbers: how far beyond the area rounding may bring what is cut. */
const ROUNDING = 1e-11

/**
 * @param area with few vertices, or it takes long (`clipAreaToBox`); its parts may overlap, as several
 *   areas do of which any may hold a feature
 */
export function createClipper(area: Polygon | MultiPolygon): Clipper {
  const given = (area.type === 'Polygon' ? [area.coordinates] : area.coordinates)
    .filter(([outer]) => outer && doubleArea(outer) !== 0)
    .map(turnedByArea)
  const polygons = mayOverlap(given) ? (uniteExactly(given) ?? []) : given
  const box = boxOfGeometry({ type: 'MultiPolygon', coordinates: polygons })
  if (!box) return { clip: () => null }
  const edges = new AreaEdges(polygons.flat(), box)
  const tolerance = ROUNDING * Math.max(...Object.values(box).map(Math.abs), Number.MIN_VALUE)

  function clipPolygons(given: Position[][][]): Position[][][] {
    return given.flatMap((polygon) => {
      const around = boxOfGeometry({ type: 'Polygon', coordinates: polygon })
      if (!around || !boxesIntersect(around, box!)) return []
      if (!meets(polygon, around)) {
        const [x, y] = polygon[0]![0] as [number, number]
        return edges.covers(x, y) ? [polygon] : []
      }
      const wound = turnedByArea(polygon)
      const cut = clipTurned(wound, around).filter(([outer]) => !isSliver(outer!))
      return wound[0] === polygon[0] ? cut : cut.map((rings) => rings.map(reversed))
    })
  }

  function clipTurned(polygon: Position[][], around: Box): Position[][][] {
    const { polygons: quick, cuts } = clipPolygon(polygon, polygons.flat(), edges, MAXIMUM_CUTS)
    if (quick?.flat().every(isWithin)) return quick
    if (cuts > MAXIMUM_CUTS_EXACTLY) return []
    const exact = intersectExactly(polygon, around, polygons, box!)
    return exact?.flat().every(isWithin) ? exact : []
  }

  /** If not, all of the polygon lies on one side of the area's boundary. */
  function meets(polygon: Position[][], around: Box): boolean {
    if (!edges.touchesBox(around)) return false
    const isNear = ([x, y]: Position) => isInBox(around, x!, y!)
    const touches = (ring: Position[]) =>
      ring.some(([x, y], index) => {
        const [fromX, fromY] = (ring[index - 1] ?? [x, y]) as [number, number]
        return edges.touchesSegment(fromX, fromY, x!, y!)
      })
    return (
      polygons.some((rings) => rings.some((ring) => ring.some(isNear))) || polygon.some(touches)
    )
  }

  /** Whether the positions of a ring, and the middles of its edges, lie in the area or as good as. */
  function isWithin(ring: Position[]): boolean {
    return ring.every(([x, y], index) => {
      const [fromX, fromY] = (ring[index - 1] ?? [x, y]) as [number, number]
      return isNear(x!, y!) && isNear((x! + fromX) / 2, (y! + fromY) / 2)
    })
  }

  /** Made by rounding alone, where edges lie along each other. */
  function isSliver(ring: Position[]): boolean {
    const { west, south, east, north } = boxOfGeometry({ type: 'Polygon', coordinates: [ring] })!
    return Math.abs(doubleArea(ring)) <= tolerance * (east - west + (north - south))
  }

  const isNear = (x: number, y: number) => coversOrNearly(edges, x, y, tolerance)

  function clip(geometry: Geometry): Geometry | null {
    switch (geometry.type) {
      case 'Point':
        return edges.covers(geometry.coordinates[0]!, geometry.coordinates[1]!) ? geometry : null
      case 'MultiPoint': {
        const coordinates = geometry.coordinates.filter(([x, y]) => edges.covers(x!, y!))
        return coordinates.length > 0 ? { type: 'MultiPoint', coordinates } : null
      }
      case 'LineString':
        return toLines(clipLine(edges, geometry.coordinates, tolerance))
      case 'MultiLineString':
        return toLines(geometry.coordinates.flatMap((line) => clipLine(edges, line, tolerance)))
      case 'Polygon':
        return toPolygons(clipPolygons([geometry.coordinates]))
      case 'MultiPolygon':
        return toPolygons(clipPolygons(geometry.coordinates))
      case 'GeometryCollection': {
        const geometries = geometry.geometries.map(clip).filter((part) => part !== null)
        return geometries.length > 0 ? { type: 'GeometryCollection', geometries } : null
      }
    }
  }

  return { clip }
}

/** Of a single geometry; many are faster with one `createClipper`. */
export function clipToArea(geometry: Geometry, area: Polygon | MultiPolygon): Geometry | null {
  return createClipper(area).clip(geometry)
}

const reversed = (ring: Position[]): Position[] => ring.toReversed()

/** With the inside on their left; rings that `clipAreaToBox` made may touch themselves. */
function turnedByArea(polygon: Position[][]): Position[][] {
  return polygon.map((ring, index) =>
    doubleArea(ring) > 0 === (index === 0) ? ring : reversed(ring),
  )
}

/** Whether rings of several polygons cross, or one may lie within another. */
function mayOverlap(polygons: Position[][][]): boolean {
  if (polygons.length < 2) return false
  if (findRingFault(withoutRepeats(polygons.flat())) !== null) return true
  const boxes = polygons.map((coordinates) => boxOfGeometry({ type: 'Polygon', coordinates })!)
  return polygons.some(([outer], index) => {
    const [x, y] = outer![0] as [number, number]
    return polygons.some(
      (other, at) => at !== index && isInBox(boxes[at]!, x, y) && polygonCovers(other, x, y),
    )
  })
}

const isInBox = ({ west, south, east, north }: Box, x: number, y: number): boolean =>
  x >= west && x <= east && y >= south && y <= north

function toLines(coordinates: Position[][]): Geometry | null {
  if (coordinates.length === 0) return null
  return coordinates.length === 1
    ? { type: 'LineString', coordinates: coordinates[0]! }
    : { type: 'MultiLineString', coordinates }
}

function toPolygons(coordinates: Position[][][]): Geometry | null {
  if (coordinates.length === 0) return null
  return coordinates.length === 1
    ? { type: 'Polygon', coordinates: coordinates[0]! }
    : { type: 'MultiPolygon', coordinates }
}
