import type { Position } from 'geojson'
import { findNestingFault } from '../../geo/nested-rings.ts'
import { turned } from '../../geo/polygon.ts'
import { faultOfRings } from '../../geo/simple-rings.ts'
import type { AreaGeometry } from './areas.ts'

export const MAXIMUM_VERTICES = 10_000

export type ParseAreaOutcome =
  | { kind: 'area'; geometry: AreaGeometry; vertices: number }
  | { kind: 'refused'; reason: string }

/**
 * A GeoJSON Polygon or MultiPolygon in CRS84 (RFC 7946 §3.1.6, §3.1.7) that can be an area: heights
 * and other members are left out.
 * @returns `reason` completes the sentence "the area ..."
 */
export function parseArea(value: unknown): ParseAreaOutcome {
  try {
    const geometry = toGeometry(value)
    const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
    const rings = polygons.flat()
    const vertices = rings.reduce((sum, ring) => sum + ring.length, 0)
    const fault = faultOfRings(rings)
    if (fault === 'crossing') return refused('has lines that cross or touch each other')
    if (fault === 'intricate') return refused('is too intricate')
    // Else its boundary, which is part of it, would lie where it is not.
    const nesting = findNestingFault(polygons.map(turned))
    if (nesting) return refused(NESTING[nesting.kind])
    return { kind: 'area', geometry, vertices }
  } catch (error) {
    if (error instanceof AreaFault) return refused(error.message)
    throw error
  }
}

const NESTING = {
  'hole outside': 'has a hole outside of its polygon',
  'hole in hole': 'has a hole within another hole',
  'part in part': 'has a part within another part',
}

class AreaFault extends Error {
  override name = 'AreaFault'
}

const refused = (reason: string): ParseAreaOutcome => ({ kind: 'refused', reason })

function toGeometry(value: unknown): AreaGeometry {
  if (typeof value !== 'object' || value === null) throw new AreaFault('must be a GeoJSON geometry')
  const { type, coordinates } = value as { type?: unknown; coordinates?: unknown }
  const budget = { left: MAXIMUM_VERTICES }
  if (type === 'Polygon') return { type, coordinates: toPolygon(coordinates, budget) }
  if (type !== 'MultiPolygon') throw new AreaFault('must be a Polygon or a MultiPolygon')
  return { type, coordinates: toList(coordinates, (polygon) => toPolygon(polygon, budget)) }
}

/** Counted while reading, so that no more is read than may be. */
interface Budget {
  left: number
}

const toPolygon = (value: unknown, budget: Budget): Position[][] =>
  toList(value, (ring) => toRing(ring, budget))

function toList<Item>(value: unknown, toItem: (value: unknown) => Item): Item[] {
  if (!Array.isArray(value) || value.length === 0) throw new AreaFault('has no coordinates')
  if (value.length > MAXIMUM_VERTICES) throw tooMany()
  return value.map(toItem)
}

function toRing(value: unknown, budget: Budget): Position[] {
  const ring = toList(value, toPosition)
  budget.left -= ring.length
  if (budget.left < 0) throw tooMany()
  const [first, last] = [ring[0]!, ring.at(-1)!]
  if (ring.length < 4) throw new AreaFault('has a ring of fewer than four positions')
  if (first[0] !== last[0] || first[1] !== last[1])
    throw new AreaFault('has a ring that is not closed')
  for (let index = 1; index < ring.length; index++) {
    const width = Math.abs(ring[index]![0]! - ring[index - 1]![0]!)
    if (width > 180) throw new AreaFault('has an edge over 180°: cut it at the antimeridian')
  }
  return ring
}

function toPosition(value: unknown): Position {
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) {
    throw new AreaFault('has a position that is not [longitude, latitude]')
  }
  const [longitude, latitude] = value as unknown[]
  if (!isWithin(longitude, 180) || !isWithin(latitude, 90)) {
    throw new AreaFault('has a position beyond ±180 or ±90: cut it at the antimeridian')
  }
  return [longitude + 0, latitude + 0]
}

const isWithin = (value: unknown, limit: number): value is number =>
  typeof value === 'number' && value >= -limit && value <= limit

const tooMany = () => new AreaFault(`has more than ${MAXIMUM_VERTICES} positions`)
