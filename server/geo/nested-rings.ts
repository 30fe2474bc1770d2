import type { Position } from 'geojson'
import { orient2d } from 'robust-predicates'
import { isSweptAlongX } from './simple-rings.ts'

/** Which ring, counted over all polygons, is where none may be. */
export interface NestingFault {
  kind: 'hole outside' | 'hole in hole' | 'part in part'
  ring: number
}

interface Ring {
  index: number
  polygon: number
  isHole: boolean
  positions: readonly Position[]
}

/** Where a ring is asked about: right beside its first position, on the edge that leaves eastwards. */
interface Probe {
  ring: Ring
  x: number
  y: number
  /** Where that edge ends. */
  endX: number
  endY: number
  /** How often its polygon's outer ring, and the other rings that matter, go around it. */
  withinOwn: number
  withinOthers: number
}

/**
 * Of polygons whose rings do not cross (`findRingFault`): the first hole outside of its polygon or within
 * another hole of it, or part within another part. An island in a hole is none. Exact, and looks at no
 * more pairs of edges than finding crossings did.
 * @param polygons `turned`
 */
export function findNestingFault(polygons: readonly Position[][][]): NestingFault | null {
  const rings: Ring[] = []
  for (const [polygon, all] of polygons.entries()) {
    for (const [index, positions] of all.entries()) {
      rings.push({ index: rings.length, polygon, isHole: index > 0, positions })
    }
  }
  if (rings.length === 1) return null
  const alongX = isSweptAlongX(rings.map(({ positions }) => positions))
  // Mirrored, rings go the other way round.
  const swept = alongX ? rings : rings.map(mirrored)
  const probes = swept.flatMap(probeOf).toSorted((a, b) => a.x - b.x)
  for (const ring of swept) windAround(probes, ring, alongX ? 1 : -1)
  const faults = probes.flatMap(faultOf)
  return faults.length === 0 ? null : faults.reduce((a, b) => (b.ring < a.ring ? b : a))
}

const mirrored = (ring: Ring): Ring => ({
  ...ring,
  positions: ring.positions.map(([x, y]) => [y!, x!]),
})

/** At the lowest of the western positions, from where one of the two edges leads east. */
function probeOf(ring: Ring): Probe[] {
  const { positions } = ring
  const length = positions.length - 1
  let first = 0
  for (let index = 1; index < length; index++) {
    const [x, y] = positions[index] as [number, number]
    const [west, low] = positions[first] as [number, number]
    if (x < west || (x === west && y < low)) first = index
  }
  const [x, y] = positions[first] as [number, number]
  const neighbours = [positions[first + 1]!, positions[first === 0 ? length - 1 : first - 1]!]
  const end = neighbours.find((each) => each[0]! > x)
  if (!end) return []
  return [{ ring, x, y, endX: end[0]!, endY: end[1]!, withinOwn: 0, withinOthers: 0 }]
}

/** Adds to each probe how often the ring goes around it: by its edges below, west to east or back. */
function windAround(probes: readonly Probe[], ring: Ring, sign: 1 | -1): void {
  const { positions } = ring
  for (let index = 1; index < positions.length; index++) {
    const [from, to] = [positions[index - 1]!, positions[index]!]
    const isEastward = from[0]! < to[0]!
    const [x1, y1, x2, y2] = isEastward
      ? [from[0]!, from[1]!, to[0]!, to[1]!]
      : [to[0]!, to[1]!, from[0]!, from[1]!]
    const turn = isEastward ? sign : -sign
    for (let at = firstFrom(probes, x1); at < probes.length && probes[at]!.x < x2; at++) {
      const probe = probes[at]!
      if (!counts(ring, probe.ring)) continue
      // `orient2d` is negative on the left, which is above. Where rings touch, the probe's edge tells.
      const above =
        orient2d(x1, y1, x2, y2, probe.x, probe.y) ||
        orient2d(x1, y1, x2, y2, probe.endX, probe.endY)
      if (above >= 0) continue
      if (ring.polygon === probe.ring.polygon && !ring.isHole) probe.withinOwn += turn
      else probe.withinOthers += turn
    }
  }
}

/** A hole is asked about within its polygon, an outer ring within all others. */
function counts(ring: Ring, asked: Ring): boolean {
  if (ring.index === asked.index) return false
  return (ring.polygon === asked.polygon) === asked.isHole
}

function firstFrom(probes: readonly Probe[], x: number): number {
  let low = 0
  let high = probes.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (probes[middle]!.x < x) low = middle + 1
    else high = middle
  }
  return low
}

function faultOf({ ring, withinOwn, withinOthers }: Probe): NestingFault[] {
  const { index, isHole } = ring
  if (isHole && withinOwn === 0) return [{ kind: 'hole outside', ring: index }]
  if (withinOthers === 0) return []
  return [{ kind: isHole ? 'hole in hole' : 'part in part', ring: index }]
}
