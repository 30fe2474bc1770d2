import type { Box, LonLat } from './box.ts'

/** The mean radius of the Earth (IUGG): distances are on a sphere, up to 0.6 % off the ellipsoid. */
const EARTH_RADIUS_METRES = 6_371_008.8

/** No two places are farther apart than this: half way round, rounded up. */
export const LONGEST_DISTANCE_METRES = Math.ceil(Math.PI * EARTH_RADIUS_METRES)

/** Great-circle distance in metres, by the haversine formula. */
export function distanceMetres(from: LonLat, to: LonLat): number {
  const latitudes = (radians(to[1]) - radians(from[1])) / 2
  const longitudes = (radians(to[0]) - radians(from[0])) / 2
  const square =
    Math.sin(latitudes) ** 2 +
    Math.cos(radians(from[1])) * Math.cos(radians(to[1])) * Math.sin(longitudes) ** 2
  return 2 * EARTH_RADIUS_METRES * Math.asin(Math.min(1, Math.sqrt(square)))
}

/**
 * Boxes that together hold every place within a distance of a point: one, two across the
 * antimeridian, and a whole cap when the circle reaches a pole.
 */
export function boxesAround([longitude, latitude]: LonLat, metres: number): Box[] {
  // A little more, so that rounding never loses a place that is just inside.
  const angle = (metres / EARTH_RADIUS_METRES) * (1 + 1e-9) + 1e-12
  const south = latitude - degrees(angle)
  const north = latitude + degrees(angle)
  if (south <= -90 || north >= 90) {
    return [{ west: -180, south: Math.max(-90, south), east: 180, north: Math.min(90, north) }]
  }
  // The circle's widest part lies nearer to the pole than its centre.
  const halfWidth = degrees(Math.asin(Math.sin(angle) / Math.cos(radians(latitude)))) + 1e-9
  const west = longitude - halfWidth
  const east = longitude + halfWidth
  // 180 and -180 are one meridian: a box that reaches it goes on behind it.
  if (west <= -180) {
    return [
      { west: west + 360, south, east: 180, north },
      { west: -180, south, east, north },
    ]
  }
  if (east >= 180) {
    return [
      { west, south, east: 180, north },
      { west: -180, south, east: east - 360, north },
    ]
  }
  return [{ west, south, east, north }]
}

function radians(value: number): number {
  return (value * Math.PI) / 180
}

function degrees(value: number): number {
  return (value * 180) / Math.PI
}
