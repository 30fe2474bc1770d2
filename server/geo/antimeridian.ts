import type { Position } from 'geojson'

/**
 * Cuts polygons at the antimeridian (RFC 7946 §3.1.9), for data whose rings run across it or around
 * a pole. Longitudes that jump by more than 180° are taken as going the short way.
 * @param polygon an outer ring and its holes
 * @returns polygons within -180 to 180, outer rings counterclockwise, holes clockwise (RFC 7946 §3.1.6)
 */
export function cutAtAntimeridian(polygon: Position[][]): Position[][][] {
  const rings = polygon.filter((ring) => !isPole(ring)).map(unwrap)
  const start = Math.min(...rings.slice(0, 1).flat().map(longitudeOf))
  for (const ring of rings.slice(1)) {
    // A hole may be written a turn away from where its outer ring has been unwrapped to.
    const turns = Math.ceil((start - Math.min(...ring.map(longitudeOf)) - 1e-9) / 360)
    for (const position of ring) position[0]! += 360 * turns
  }
  return [-360, 0, 360].flatMap((shift) => {
    const [outer, ...holes] = rings
      .map((ring) => clip(ring, shift).map(([x, y]): Position => [x! - shift, y!]))
      .filter((ring) => ring.length >= 4 && doubleArea(ring) !== 0)
    return outer ? [[wound(outer, 1), ...holes.map((hole) => wound(hole, -1))]] : []
  })
}

function longitudeOf(position: Position): number {
  return position[0]!
}

/** Some data close a polar cap by a tiny ring around the pole, which `unwrap` makes needless. */
function isPole(ring: Position[]): boolean {
  return ring.every((position) => Math.abs(position[1]!) > 89.99)
}

/** The ring with longitudes that do not jump; one around a pole is closed along the pole's edge of the map. */
function unwrap(ring: Position[]): Position[] {
  const open = ring.slice(0, -1)
  const start = Math.max(
    0,
    open.findIndex((position) => Math.abs(longitudeOf(position)) === 180),
  )
  const turned = [...open.slice(start), ...open.slice(0, start + 1)]
  let longitude = turned[0]![0]!
  const unwrapped = turned.map(([x, y]): Position => {
    const step = x! - longitude
    longitude += step - 360 * Math.round(step / 360)
    return [longitude, y!]
  })
  const first = unwrapped[0]!
  if (Math.abs(longitude - first[0]!) < 180) return unwrapped
  const pole = first[1]! < 0 ? -90 : 90
  return [...unwrapped, [longitude, pole], [first[0]!, pole], [...first]]
}

/** What of the ring lies between the meridians `shift` ± 180 (Sutherland-Hodgman, one side after the other). */
function clip(ring: Position[], shift: number): Position[] {
  return clipSide(clipSide(ring, shift - 180, 1), shift + 180, -1)
}

function clipSide(ring: Position[], meridian: number, sign: 1 | -1): Position[] {
  const kept: Position[] = []
  for (const [index, [x, y]] of (ring as [number, number][]).entries()) {
    const [fromX, fromY] = (index > 0 ? ring[index - 1] : [x, y]) as [number, number]
    const inside = (x - meridian) * sign >= 0
    if (inside !== (fromX - meridian) * sign >= 0) {
      kept.push([meridian, fromY + ((y - fromY) * (meridian - fromX)) / (x - fromX)])
    }
    if (inside) kept.push([x, y])
  }
  const [first, last] = [kept[0], kept.at(-1)]
  if (first && last && (first[0] !== last[0] || first[1] !== last[1])) kept.push(first)
  return kept
}

function wound(ring: Position[], direction: 1 | -1): Position[] {
  return Math.sign(doubleArea(ring)) === direction ? ring : ring.toReversed()
}

/** Twice the planar area; positive when the ring is counterclockwise. */
function doubleArea(ring: Position[]): number {
  let sum = 0
  for (let index = 1; index < ring.length; index++) {
    const [x1, y1] = ring[index - 1] as [number, number]
    const [x2, y2] = ring[index] as [number, number]
    sum += x1 * y2 - x2 * y1
  }
  return sum
}
