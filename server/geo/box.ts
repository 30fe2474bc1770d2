/**
 * Boxes of longitude and latitude in degrees (CRS84), planar, boundary included. `west` is never
 * greater than `east`: what crosses the antimeridian is two boxes.
 *
 * `geometry.ts` tests geometries against boxes, `distance.ts` makes the boxes around a point.
 */
export interface Box {
  west: number
  south: number
  east: number
  north: number
}

/** Longitude, latitude. */
export type LonLat = readonly [longitude: number, latitude: number]

export function boxesIntersect(a: Box, b: Box): boolean {
  return a.west <= b.east && a.east >= b.west && a.south <= b.north && a.north >= b.south
}

export function boxContains(outer: Box, inner: Box): boolean {
  return (
    outer.west <= inner.west &&
    outer.east >= inner.east &&
    outer.south <= inner.south &&
    outer.north >= inner.north
  )
}

/** The smallest box around both. */
export function boxUnion(a: Box, b: Box): Box {
  return {
    west: Math.min(a.west, b.west),
    south: Math.min(a.south, b.south),
    east: Math.max(a.east, b.east),
    north: Math.max(a.north, b.north),
  }
}

/**
 * Degrees as indexes take them: 1e-12, a ten-thousandth of a millimetre, and less is zero. SQLite's
 * RTREE rounds numbers below the float32 range wrongly, and Postgres refuses those below float64's.
 */
export function snapToZero(value: number): number {
  return Math.abs(value) < 1e-12 ? 0 : value
}

/**
 * Reads `west,south,east,north` in degrees (OGC API - Features, 17-069r4 §7.15.3, without heights).
 * @returns one box, two when west > east, or what is wrong with the text, fit to follow its name
 */
export function parseBoxes(
  text: string,
): { kind: 'boxes'; boxes: Box[] } | { kind: 'invalid'; detail: string } {
  const numbers = parseNumbers(text)
  if (numbers === null || numbers.length !== 4) {
    return invalid(
      `must be four numbers, west,south,east,north; ${numbers ? `these are ${numbers.length}` : 'not all of these are numbers'}`,
    )
  }
  const [west, south, east, north] = numbers as [number, number, number, number]
  const fault = positionFault([west, south]) ?? positionFault([east, north])
  if (fault) return invalid(fault)
  if (south > north) return invalid(`south (${south}) is greater than north (${north})`)
  if (west <= east) return { kind: 'boxes', boxes: [{ west, south, east, north }] }
  return {
    kind: 'boxes',
    boxes: [
      { west, south, east: 180, north },
      { west: -180, south, east, north },
    ],
  }
}

/** Reads `longitude,latitude` in degrees, or says what is wrong with the text. */
export function parsePosition(
  text: string,
): { kind: 'position'; position: LonLat } | { kind: 'invalid'; detail: string } {
  const numbers = parseNumbers(text)
  if (numbers === null || numbers.length !== 2) {
    return invalid('must be two numbers, longitude,latitude')
  }
  const position = numbers as [number, number]
  const fault = positionFault(position)
  return fault ? invalid(fault) : { kind: 'position', position }
}

const DECIMAL = /^[+-]?(\d{1,20}(\.\d{0,30})?|\.\d{1,30})(e[+-]?\d{1,3})?$/i

/** Null when a part is not a plain decimal number: `Number` would also take '', '0x1' and 'Infinity'. */
function parseNumbers(text: string): number[] | null {
  const numbers: number[] = []
  for (const part of text.split(',', 7)) {
    const number = part.trim()
    if (!DECIMAL.test(number)) return null
    numbers.push(Number(number))
  }
  return numbers
}

function positionFault([longitude, latitude]: LonLat): string | null {
  if (Math.abs(longitude) > 180) return `longitude ${longitude} is outside -180 to 180`
  if (Math.abs(latitude) > 90) return `latitude ${latitude} is outside -90 to 90`
  return null
}

function invalid(detail: string): { kind: 'invalid'; detail: string } {
  return { kind: 'invalid', detail }
}
