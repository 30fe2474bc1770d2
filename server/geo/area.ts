import type { Geometry, MultiPolygon, Polygon, Position } from 'geojson'
import { edgesContain } from './area-contains.ts'
import { AreaEdges } from './area-edges.ts'
import { type Box, boxContains, boxesIntersect, boxUnion } from './box.ts'
import { boxOfGeometry } from './geometry.ts'
import { polygonCovers, turned } from './polygon.ts'

/** A polygon or several, ready to be asked what lies in it; planar, boundary included. */
export interface Area {
  box: Box
  /** That together hold it: few, and mostly one. Parts far apart leave out what lies between them. */
  boxes: readonly Box[]
  vertices: number
  /** `edge`: its boundary and the box share a point. */
  classify(box: Box): 'inside' | 'outside' | 'edge'
  covers(longitude: number, latitude: number): boolean
  /** Whether they share a point. */
  intersects(geometry: Geometry): boolean
  /** Whether every point of the geometry lies in it; false for one without points. */
  contains(geometry: Geometry): boolean
}

/**
 * Prepares up to 10,000 vertices in some milliseconds (`area-edges.ts`); a question then takes
 * microseconds.
 * @param geometry with rings that neither cross nor overlap themselves or each other (`faultOfRings`)
 */
export function prepareArea(geometry: Polygon | MultiPolygon): Area {
  return prepare(geometry).area
}

/** With its index, which counts what it looks at. */
export function prepare(geometry: Polygon | MultiPolygon): { area: Area; edges: AreaEdges } {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
  const parts = polygons.map((coordinates) => ({
    vertex: coordinates[0]![0]!,
    box: boxOfGeometry({ type: 'Polygon', coordinates })!,
  }))
  const box = parts.map((part) => part.box).reduce(boxUnion)
  const rings = polygons.flatMap(turned)
  const edges = new AreaEdges(rings, box)

  const covers = ([x, y]: Position) => edges.covers(x!, y!)

  function intersectsLine(line: Position[]): boolean {
    if (line.length === 0) return false
    if (covers(line[0]!)) return true
    for (let index = 1; index < line.length; index++) {
      const [ax, ay] = line[index - 1] as [number, number]
      const [bx, by] = line[index] as [number, number]
      if (edges.touchesSegment(ax, ay, bx, by)) return true
    }
    return false
  }

  function intersectsPolygon(polygon: Position[][]): boolean {
    const around = boxOfGeometry({ type: 'Polygon', coordinates: polygon })
    if (!around || !boxesIntersect(around, box)) return false
    if (polygon.some(intersectsLine)) return true
    // No boundary touches the other: a part of the area lies wholly inside or wholly outside.
    return parts.some(
      (part) =>
        boxesIntersect(part.box, around) &&
        polygonCovers(polygon, part.vertex[0]!, part.vertex[1]!),
    )
  }

  function intersects(other: Geometry): boolean {
    switch (other.type) {
      case 'Point':
        return covers(other.coordinates)
      case 'MultiPoint':
        return other.coordinates.some(covers)
      case 'LineString':
        return intersectsLine(other.coordinates)
      case 'MultiLineString':
        return other.coordinates.some(intersectsLine)
      case 'Polygon':
        return intersectsPolygon(other.coordinates)
      case 'MultiPolygon':
        return other.coordinates.some(intersectsPolygon)
      case 'GeometryCollection':
        return other.geometries.some(intersects)
    }
  }

  function contains(other: Geometry): boolean {
    const around = boxOfGeometry(other)
    if (!around || !boxContains(box, around)) return false
    if (edges.touchesBox(around)) return edgesContain(edges, rings, other)
    return edges.covers(around.west, around.south)
  }

  const area: Area = {
    box,
    boxes: fewBoxes(parts.map((part) => part.box)),
    vertices: rings.reduce((sum, ring) => sum + ring.length, 0),
    classify(asked) {
      if (!boxesIntersect(asked, box)) return 'outside'
      if (edges.touchesBox(asked)) return 'edge'
      return edges.covers(asked.west, asked.south) ? 'inside' : 'outside'
    },
    covers: (longitude, latitude) => edges.covers(longitude, latitude),
    intersects,
    contains,
  }
  return { area, edges }
}

const MAXIMUM_BOXES = 4

/** Neighbours from west to east are put together. */
function fewBoxes(boxes: readonly Box[]): Box[] {
  const sorted = boxes.toSorted((a, b) => a.west - b.west)
  const each = Math.ceil(sorted.length / MAXIMUM_BOXES)
  return Array.from({ length: Math.ceil(sorted.length / each) }, (_, index) =>
    sorted.slice(index * each, (index + 1) * each).reduce(boxUnion),
  )
}
