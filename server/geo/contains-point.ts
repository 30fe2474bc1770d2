import type { Geometry, Position } from 'geojson'
import type { LonLat } from './box.ts'
import { polygonCovers, segmentCovers } from './polygon.ts'

/**
 * Whether a point lies in a geometry, boundary included, for what contains a place: countries, rooms.
 * Exact; on lines and points it must lie itself. Heights are ignored.
 */
export function geometryContainsPoint(geometry: Geometry, [x, y]: LonLat): boolean {
  const isPoint = (position: Position) => position[0] === x && position[1] === y
  const isOnLine = (line: Position[]) =>
    line.length === 1
      ? isPoint(line[0]!)
      : line.some((end, index) => index > 0 && segmentCovers(line[index - 1]!, end, x, y))
  switch (geometry.type) {
    case 'Point':
      return isPoint(geometry.coordinates)
    case 'MultiPoint':
      return geometry.coordinates.some(isPoint)
    case 'LineString':
      return isOnLine(geometry.coordinates)
    case 'MultiLineString':
      return geometry.coordinates.some(isOnLine)
    case 'Polygon':
      return polygonCovers(geometry.coordinates, x, y)
    case 'MultiPolygon':
      return geometry.coordinates.some((rings) => polygonCovers(rings, x, y))
    case 'GeometryCollection':
      return geometry.geometries.some((part) => geometryContainsPoint(part, [x, y]))
  }
}
