import type { GeoJsonGeometryTypes, Geometry, Position } from 'geojson'
import { orient2d } from 'robust-predicates'
import { type Box, boxContains, boxesIntersect, boxUnion } from './box.ts'
import { polygonCovers } from './polygon.ts'

/** Of points 0, of lines 1, of polygons 2: what a collection's features have in common. */
export function dimensionOf(type: Exclude<GeoJsonGeometryTypes, 'GeometryCollection'>): 0 | 1 | 2 {
  switch (type) {
    case 'Point':
    case 'MultiPoint':
      return 0
    case 'LineString':
    case 'MultiLineString':
      return 1
    case 'Polygon':
    case 'MultiPolygon':
      return 2
  }
}

/** The smallest box around a geometry; null when it has no positions. Heights are ignored. */
export function boxOfGeometry(geometry: Geometry): Box | null {
  if (geometry.type === 'GeometryCollection') {
    return geometry.geometries
      .map(boxOfGeometry)
      .reduce((all, box) => (all && box ? boxUnion(all, box) : (all ?? box)), null)
  }
  const box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity }
  for (const line of linesOf(geometry)) {
    for (const [longitude, latitude] of line as [number, number][]) {
      if (longitude < box.west) box.west = longitude
      if (longitude > box.east) box.east = longitude
      if (latitude < box.south) box.south = latitude
      if (latitude > box.north) box.north = latitude
    }
  }
  return box.west === Infinity ? null : box
}

/**
 * Whether a geometry and a box share a point, boundaries included. Indexes only give candidates;
 * this decides, so that all databases say the same.
 */
export function geometryIntersectsBox(geometry: Geometry, box: Box): boolean {
  switch (geometry.type) {
    case 'Point':
      return isInBox(geometry.coordinates, box)
    case 'MultiPoint':
      return geometry.coordinates.some((position) => isInBox(position, box))
    case 'LineString':
      return lineIntersectsBox(geometry.coordinates, box)
    case 'MultiLineString':
      return geometry.coordinates.some((line) => lineIntersectsBox(line, box))
    case 'Polygon':
      return polygonIntersectsBox(geometry.coordinates, box)
    case 'MultiPolygon':
      return geometry.coordinates.some((polygon) => polygonIntersectsBox(polygon, box))
    case 'GeometryCollection':
      return geometry.geometries.some((part) => geometryIntersectsBox(part, box))
  }
}

function linesOf(geometry: Exclude<Geometry, { type: 'GeometryCollection' }>): Position[][] {
  switch (geometry.type) {
    case 'Point':
      return [[geometry.coordinates]]
    case 'MultiPoint':
    case 'LineString':
      return [geometry.coordinates]
    case 'MultiLineString':
    case 'Polygon':
      return geometry.coordinates
    case 'MultiPolygon':
      return geometry.coordinates.flat()
  }
}

function isInBox(position: Position, box: Box): boolean {
  const [x, y] = position as [number, number]
  return x >= box.west && x <= box.east && y >= box.south && y <= box.north
}

function lineIntersectsBox(line: Position[], box: Box): boolean {
  if (line.length === 1) return isInBox(line[0]!, box)
  for (let index = 1; index < line.length; index++) {
    if (segmentIntersectsBox(line[index - 1]!, line[index]!, box)) return true
  }
  return false
}

/** By separating axes: the two of the box, and the one across the segment. */
function segmentIntersectsBox(start: Position, end: Position, box: Box): boolean {
  const [x1, y1] = start as [number, number]
  const [x2, y2] = end as [number, number]
  const around = {
    west: Math.min(x1, x2),
    south: Math.min(y1, y2),
    east: Math.max(x1, x2),
    north: Math.max(y1, y2),
  }
  if (!boxesIntersect(around, box)) return false
  if (isInBox(start, box) || isInBox(end, box)) return true
  const side = (x: number, y: number) => Math.sign(orient2d(x1, y1, x2, y2, x, y))
  const corner = side(box.west, box.south)
  return (
    corner === 0 ||
    side(box.east, box.south) !== corner ||
    side(box.west, box.north) !== corner ||
    side(box.east, box.north) !== corner
  )
}

function polygonIntersectsBox(rings: Position[][], box: Box): boolean {
  const around = boxOfGeometry({ type: 'Polygon', coordinates: rings })
  if (!around || !boxesIntersect(around, box)) return false
  if (boxContains(box, around)) return true
  if (rings.some((ring) => lineIntersectsBox(ring, box))) return true
  // No ring touches the box, so it lies wholly inside the polygon or wholly outside: any corner tells.
  return polygonCovers(rings, box.west, box.south)
}
