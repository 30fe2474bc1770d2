import type { Geometry, Position } from 'geojson'
import { faultOfPolygons, type GeometryFault, withoutRepeats } from './judge-polygons.ts'
import { turned } from './polygon.ts'
import type { Effort } from './simple-rings.ts'

const MAXIMUM_POSITIONS = 100_000

/** One of a feature; collections of geometries have no one dimension. */
export type SimpleGeometry = Exclude<Geometry, { type: 'GeometryCollection' }>

export type ParseGeometryOutcome =
  | { kind: 'geometry'; geometry: SimpleGeometry; positions: number }
  | ({ kind: 'refused' } & GeometryFault)

/**
 * Judges a GeoJSON geometry in CRS84 (RFC 7946 §3.1) as a feature of a collection may have it. Members
 * other than `type` and `coordinates` are left out, heights are kept as they are. Rings are turned to
 * have the inside on their left (RFC 7946 §3.1.6), and a position of a ring that follows itself is left
 * out. The value may be anything, as deep and long as it likes: no more is looked at than a geometry
 * of `maximumPositions` has.
 * @param options.effort grows by what judging cost
 */
export function parseGeometry(
  value: unknown,
  options: { maximumPositions?: number; effort?: Effort } = {},
): ParseGeometryOutcome {
  const { maximumPositions = MAXIMUM_POSITIONS, effort } = options
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'refused', path: 'geometry', reason: 'must be a GeoJSON geometry' }
  }
  const { type, coordinates } = value as { type?: unknown; coordinates?: unknown }
  const budget = { left: maximumPositions, maximum: maximumPositions }
  const outcome = judge(type, coordinates, budget, effort)
  if ('reason' in outcome) return { kind: 'refused', ...outcome }
  return { kind: 'geometry', geometry: outcome, positions: maximumPositions - budget.left }
}

/** Counted before looking, so that no more is looked at than may be. */
interface Budget {
  maximum: number
  left: number
}

/** Null: nothing. The path begins where the value does. */
type Judgement = GeometryFault | null

function judge(
  type: unknown,
  coordinates: unknown,
  budget: Budget,
  effort: Effort | undefined,
): SimpleGeometry | GeometryFault {
  switch (type) {
    case 'Point':
      budget.left--
      return (
        within('coordinates', faultOfPosition(coordinates)) ?? {
          type,
          coordinates: coordinates as Position,
        }
      )
    case 'MultiPoint':
    case 'LineString':
      return (
        within('coordinates', faultOfPositions(coordinates, budget, type === 'LineString')) ?? {
          type,
          coordinates: coordinates as Position[],
        }
      )
    case 'MultiLineString':
      return (
        within(
          'coordinates',
          faultOfList(coordinates, (line) => faultOfPositions(line, budget, true)),
        ) ?? { type, coordinates: coordinates as Position[][] }
      )
    case 'Polygon': {
      const fault = within('coordinates', faultOfPolygon(coordinates, budget))
      if (fault) return fault
      const polygons = [coordinates as Position[][]].map(withoutRepeats)
      return (
        faultOfPolygons(polygons, () => 'coordinates', effort) ?? {
          type,
          coordinates: turned(polygons[0]!),
        }
      )
    }
    case 'MultiPolygon': {
      const fault = within(
        'coordinates',
        faultOfList(coordinates, (polygon) => faultOfPolygon(polygon, budget)),
      )
      if (fault) return fault
      const polygons = (coordinates as Position[][][]).map(withoutRepeats)
      return (
        faultOfPolygons(polygons, (index) => `coordinates[${index}]`, effort) ?? {
          type,
          coordinates: polygons.map(turned),
        }
      )
    }
    case 'GeometryCollection':
      return { path: 'type', reason: 'must not be GeometryCollection: one geometry per feature' }
    default:
      return {
        path: 'type',
        reason: 'must be Point, MultiPoint, LineString, MultiLineString, Polygon or MultiPolygon',
      }
  }
}

function faultOfPosition(value: unknown): Judgement {
  if (!Array.isArray(value) || value.length < 2 || value.length > 3) {
    return fault('must be a position: [longitude, latitude], perhaps with a height')
  }
  const [longitude, latitude, height] = value as unknown[]
  if (!isNumber(longitude) || !isNumber(latitude) || (value.length === 3 && !isNumber(height))) {
    return fault('must be a position of finite numbers')
  }
  if (Math.abs(longitude) > 360 || Math.abs(latitude) > 360) {
    return fault(
      `is ${longitude}, ${latitude}: are these degrees? It must be longitude and latitude`,
    )
  }
  if (longitude < -180 || longitude > 180) {
    return fault(`has longitude ${longitude}, beyond ±180: cut it at the antimeridian`)
  }
  if (latitude < -90 || latitude > 90) return fault(`has latitude ${latitude}, beyond ±90`)
  return null
}

/** RFC 7946 §3.1.9: what crosses the antimeridian is cut there. */
const TOO_WIDE = 'is over 180° of longitude from the position before: cut it at the antimeridian'

/** @param joined by edges, as those of a line are */
function faultOfPositions(value: unknown, budget: Budget, joined: boolean): Judgement {
  if (!Array.isArray(value)) return fault('must be an array of positions')
  if (value.length === 0) return fault('is empty')
  if (joined && value.length < 2) return fault('has one position, and a line needs two')
  budget.left -= value.length
  if (budget.left < 0) return fault(`has more positions than the ${budget.maximum} that are taken`)
  for (let index = 0; index < value.length; index++) {
    const found = faultOfPosition(value[index])
    if (found) return within(`[${index}]`, found)
    if (
      joined &&
      index > 0 &&
      Math.abs(longitudeAt(value, index) - longitudeAt(value, index - 1)) > 180
    ) {
      return within(`[${index}]`, fault(TOO_WIDE))
    }
  }
  return null
}

const longitudeAt = (positions: unknown[], index: number): number =>
  (positions[index] as Position)[0]!

function faultOfPolygon(value: unknown, budget: Budget): Judgement {
  return faultOfList(value, (ring) => {
    const found = faultOfPositions(ring, budget, true)
    if (found) return found
    const positions = ring as Position[]
    const [first, last] = [positions[0]!, positions.at(-1)!]
    return first[0] === last[0] && first[1] === last[1]
      ? null
      : fault('is not closed: its last position must be its first')
  })
}

function faultOfList(value: unknown, judgeItem: (item: unknown) => Judgement): Judgement {
  if (!Array.isArray(value)) return fault('must be an array')
  if (value.length === 0) return fault('is empty')
  for (let index = 0; index < value.length; index++) {
    const found = judgeItem(value[index])
    if (found) return within(`[${index}]`, found)
  }
  return null
}

const fault = (reason: string): GeometryFault => ({ path: '', reason })

const within = (path: string, found: Judgement): Judgement =>
  found && { path: path + found.path, reason: found.reason }

const isNumber = (value: unknown): value is number => Number.isFinite(value)
