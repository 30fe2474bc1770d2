import type { Geometry } from 'geojson'
import GeometryFactory from 'jsts/org/locationtech/jts/geom/GeometryFactory.js'
import GeoJSONReader from 'jsts/org/locationtech/jts/io/GeoJSONReader.js'
import RelateOp from 'jsts/org/locationtech/jts/operation/relate/RelateOp.js'
import IsValidOp from 'jsts/org/locationtech/jts/operation/valid/IsValidOp.js'

/** JSTS as the judge of what lies in an area. */

const reader = new GeoJSONReader(new GeometryFactory())
const parsed = new WeakMap<Geometry, unknown>()

function toJsts(geometry: Geometry): unknown {
  const known = parsed.get(geometry) ?? reader.read(geometry)
  parsed.set(geometry, known)
  return known
}

/** By JSTS; it does not take collections of geometries, so their parts are asked one by one. */
export function jstsIntersects(a: Geometry, b: Geometry): boolean {
  if (b.type === 'GeometryCollection') return b.geometries.some((part) => jstsIntersects(a, part))
  const [left, right] = [toJsts(a), toJsts(b)] as Parameters<typeof RelateOp.intersects>
  return RelateOp.intersects(left, right)
}

/** Whether it lies in the area, boundary included; each part of a collection of geometries must. */
export function jstsCovers(area: Geometry, geometry: Geometry): boolean {
  if (geometry.type === 'GeometryCollection') {
    return geometry.geometries.every((part) => jstsCovers(area, part))
  }
  const [left, right] = [toJsts(area), toJsts(geometry)] as Parameters<typeof RelateOp.covers>
  return RelateOp.covers(left, right)
}

export const jstsIsValid = (geometry: Geometry): boolean =>
  IsValidOp.isValid(toJsts(geometry) as Parameters<typeof IsValidOp.isValid>[0])

/** What makes it invalid; null: nothing. */
export function jstsFault(geometry: Geometry): string | null {
  const judge = new IsValidOp(toJsts(geometry) as Parameters<typeof IsValidOp.isValid>[0])
  const error = judge.getValidationError() as { getErrorType(): number } | null
  return error && (FAULTS[error.getErrorType()] ?? 'another')
}

/** Of `TopologyValidationError`, those that can be told apart here. */
const FAULTS: Record<number, string> = {
  2: 'hole outside',
  3: 'nested holes',
  4: 'disconnected interior',
  7: 'nested shells',
}
