import type { Geometry, Polygon, Position } from 'geojson'
import { jstsIntersects } from './jsts.ts'

/** Where a feature must be drawn, however its edges run between its positions, as JSTS says. */

/** How far a place is from every edge: degrees, far less than any detail of a test's geometries. */
const MARGIN = 1e-7

/**
 * A position of the feature that lies well within one area of each layer, or one of an area that lies
 * well within the feature and one area of each other layer. null: there is none, although they may
 * intersect: they only touch, or only their edges cross.
 */
export function placeWithin(
  geometry: Geometry,
  layers: readonly (readonly Geometry[])[],
  random: (count: number) => number,
): Position | null {
  const own = positionsOf(geometry).filter((position) => isWellWithin(position, layers))
  if (own.length > 0) return own[random(own.length)]!
  if (geometry.type !== 'Polygon' && geometry.type !== 'MultiPolygon') return null
  const margin = bendOf(geometry)
  for (const [index, layer] of layers.entries()) {
    const others = [...layers.slice(0, index), ...layers.slice(index + 1)]
    for (const position of layer.flatMap(positionsOf)) {
      if (isWellWithin(position, [[geometry]], margin) && isWellWithin(position, others)) {
        return position
      }
    }
  }
  return null
}

function positionsOf(geometry: Geometry): Position[] {
  if (geometry.type === 'GeometryCollection') return geometry.geometries.flatMap(positionsOf)
  const flat = geometry.coordinates.flat(3)
  return Array.from({ length: flat.length / 2 }, (_, index) => flat.slice(2 * index, 2 * index + 2))
}

function isWellWithin(
  [x, y]: Position,
  layers: readonly (readonly Geometry[])[],
  margin = MARGIN,
): boolean {
  const corners = [
    [-1, -1],
    [-1, 1],
    [1, -1],
    [1, 1],
  ].map(([dx, dy]): Geometry => ({
    type: 'Point',
    coordinates: [x! + dx! * margin, y! + dy! * margin],
  }))
  return layers.every((areas) =>
    areas.some((area) => corners.every((corner) => jstsIntersects(area, corner))),
  )
}

/** How far from its straight line in degrees an edge may run that is straight on a Mercator map. */
function bendOf(geometry: Polygon | Geometry): number {
  const latitudes = positionsOf(geometry).map(([, y]) => y!)
  const [low, high] = [Math.min(...latitudes), Math.max(...latitudes)]
  const project = (latitude: number) => Math.asinh(Math.tan((latitude * Math.PI) / 180))
  const middle =
    (Math.atan(Math.sinh((project(low) + project(high)) / 2)) * 180) / Math.PI - (low + high) / 2
  return 2 * Math.abs(middle) + MARGIN
}
