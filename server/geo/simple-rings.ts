import type { Position } from 'geojson'
import { orient2d } from 'robust-predicates'

interface Edge {
  ring: number
  index: number
  x1: number
  y1: number
  x2: number
  y2: number
}

/** What comparing may cost, far more than shapes of the real world need: about 0.1 s. */
const MAXIMUM_COST = 10_000_000

/** What judging has cost so far, for who judges many geometries one after the other. */
export interface Effort {
  /** Some nanoseconds each; of one geometry at most about 10,000,000. */
  spent: number
}

/** Of a look at two edges that overlap along both axes; else it is 1. */
const COST_OF_CLOSE_LOOK = 10

/**
 * What speaks against closed rings as an area: `crossing` when they cross or overlap themselves or
 * each other, `intricate` when telling that would take too long; null: nothing. Two different rings
 * may touch in single points, as OGC Simple Features lets holes and parts do; a ring may not touch
 * itself.
 */
export function faultOfRings(
  rings: readonly (readonly Position[])[],
): 'crossing' | 'intricate' | null {
  return findRingFault(rings)?.kind ?? null
}

export type RingFault =
  | { kind: 'crossing'; ring: number; other: number; near: Position }
  | { kind: 'intricate' }

/**
 * As `faultOfRings`, with the place of the crossing found first.
 * @returns `ring`, `other`: which rings, the same one if it is with itself; `near`: where, or a position
 *   that begins an edge that crosses
 */
export function findRingFault(
  rings: readonly (readonly Position[])[],
  effort: Effort = { spent: 0 },
): RingFault | null {
  const edges: Edge[] = []
  for (const [ring, positions] of rings.entries()) {
    for (let index = 1; index < positions.length; index++) {
      const [x1, y1] = positions[index - 1] as [number, number]
      const [x2, y2] = positions[index] as [number, number]
      // A position said twice is no edge.
      if (x1 === x2 && y1 === y2) return { kind: 'crossing', ring, other: ring, near: [x1, y1] }
      edges.push({ ring, index, x1, y1, x2, y2 })
    }
  }
  return compareAll(edges, rings, effort)
}

/** Swept along one axis: only edges that overlap on it are compared on the other, and then closely. */
function compareAll(
  edges: Edge[],
  rings: readonly (readonly Position[])[],
  effort: Effort,
): RingFault | null {
  const alongX = isSweptAlongX(rings)
  const start = (edge: Edge) => (alongX ? Math.min(edge.x1, edge.x2) : Math.min(edge.y1, edge.y2))
  edges.sort((a, b) => start(a) - start(b))
  const starts = Float64Array.from(edges, start)
  const ends = Float64Array.from(edges, ({ x1, x2, y1, y2 }) =>
    alongX ? Math.max(x1, x2) : Math.max(y1, y2),
  )
  const lows = Float64Array.from(edges, ({ x1, x2, y1, y2 }) =>
    alongX ? Math.min(y1, y2) : Math.min(x1, x2),
  )
  const highs = Float64Array.from(edges, ({ x1, x2, y1, y2 }) =>
    alongX ? Math.max(y1, y2) : Math.max(x1, x2),
  )
  let cost = edges.length
  for (let first = 0; first < edges.length; first++) {
    const end = ends[first]!
    const low = lows[first]!
    const high = highs[first]!
    for (let second = first + 1; second < edges.length && starts[second]! <= end; second++) {
      if (++cost > MAXIMUM_COST) {
        effort.spent += cost
        return { kind: 'intricate' }
      }
      if (lows[second]! > high || highs[second]! < low) continue
      cost += COST_OF_CLOSE_LOOK
      const [a, b] = [edges[first]!, edges[second]!]
      if (conflict(a, b, rings)) {
        return { kind: 'crossing', ring: a.ring, other: b.ring, near: meetingPoint(a, b) }
      }
    }
  }
  effort.spent += cost
  return null
}

/** Whether edges overlap less along x than along y. */
export function isSweptAlongX(rings: readonly (readonly Position[])[]): boolean {
  let [width, height] = [0, 0]
  for (const positions of rings) {
    for (let index = 1; index < positions.length; index++) {
      const [before, after] = [positions[index - 1]!, positions[index]!]
      width += Math.abs(after[0]! - before[0]!)
      height += Math.abs(after[1]! - before[1]!)
    }
  }
  return width <= height
}

function conflict(a: Edge, b: Edge, rings: readonly (readonly Position[])[]): boolean {
  // Which side of `a` the ends of `b` are on, and the other way round.
  const b1 = side(a, b.x1, b.y1)
  const b2 = side(a, b.x2, b.y2)
  const a1 = side(b, a.x1, a.y1)
  const a2 = side(b, a.x2, a.y2)
  if (b1 * b2 < 0 && a1 * a2 < 0) return true
  if (b1 === 0 && b2 === 0) {
    // On one line: they may share an end, not a stretch.
    const shared = a.x1 === a.x2 ? overlap(a.y1, a.y2, b.y1, b.y2) : overlap(a.x1, a.x2, b.x1, b.x2)
    if (shared > 0) return true
    if (shared < 0) return false
  }
  const touching =
    b1 === 0 && isWithin(a, b.x1, b.y1)
      ? [b.x1, b.y1]
      : b2 === 0 && isWithin(a, b.x2, b.y2)
        ? [b.x2, b.y2]
        : a1 === 0 && isWithin(b, a.x1, a.y1)
          ? [a.x1, a.y1]
          : a2 === 0 && isWithin(b, a.x2, a.y2)
            ? [a.x2, a.y2]
            : null
  if (touching === null) return false
  if (a.ring !== b.ring) {
    const way = wayThrough(a, touching, rings)
    const [from, to] = wayThrough(b, touching, rings)
    return isOnLeft(way, touching, from) !== isOnLeft(way, touching, to)
  }
  // Neighbours meet in the position between them, and nowhere else: they share no stretch.
  const length = rings[a.ring]!.length - 1
  const apart = Math.abs(a.index - b.index)
  return apart !== 1 && apart !== length - 1
}

type Way = readonly [from: Position, to: Position]

/** Where its ring comes from and goes to, at a position on the edge. */
function wayThrough(
  { ring, index, x1, y1, x2, y2 }: Edge,
  [x, y]: Position,
  rings: readonly (readonly Position[])[],
): Way {
  const positions = rings[ring]!
  const last = positions.length - 1
  if (x === x1 && y === y1) return [positions[index === 1 ? last - 1 : index - 2]!, [x2, y2]]
  if (x === x2 && y === y2) return [[x1, y1], positions[index === last ? 1 : index + 1]!]
  return [
    [x1, y1],
    [x2, y2],
  ]
}

/** Of what leaves a position in another direction than the way through it. */
function isOnLeft([from, to]: Way, [x, y]: Position, [endX, endY]: Position): boolean {
  const before = orient2d(from[0]!, from[1]!, x!, y!, endX!, endY!)
  const after = orient2d(x!, y!, to[0]!, to[1]!, endX!, endY!)
  const turnsRight = orient2d(from[0]!, from[1]!, x!, y!, to[0]!, to[1]!) > 0
  // `orient2d` is negative on the left.
  return turnsRight ? !(before > 0 && after > 0) : before < 0 && after < 0
}

/** -1 on the left, 1 on the right; 0: on the line through the edge. */
function side({ x1, y1, x2, y2 }: Edge, x: number, y: number): number {
  return Math.sign(orient2d(x1, y1, x2, y2, x, y))
}

/** Where their lines cross, rounded; of edges on one line, an end. */
function meetingPoint(a: Edge, b: Edge): Position {
  const from = orient2d(b.x1, b.y1, b.x2, b.y2, a.x1, a.y1)
  const to = orient2d(b.x1, b.y1, b.x2, b.y2, a.x2, a.y2)
  if (from === to) return isWithin(b, a.x1, a.y1) ? [a.x1, a.y1] : [a.x2, a.y2]
  const share = from / (from - to)
  return [a.x1 + (a.x2 - a.x1) * share, a.y1 + (a.y2 - a.y1) * share]
}

/** How much of two stretches of one line is shared; negative: how far they are apart. */
function overlap(a1: number, a2: number, b1: number, b2: number): number {
  return Math.min(Math.max(a1, a2), Math.max(b1, b2)) - Math.max(Math.min(a1, a2), Math.min(b1, b2))
}

function isWithin({ x1, y1, x2, y2 }: Edge, x: number, y: number): boolean {
  return (
    x >= Math.min(x1, x2) && x <= Math.max(x1, x2) && y >= Math.min(y1, y2) && y <= Math.max(y1, y2)
  )
}
