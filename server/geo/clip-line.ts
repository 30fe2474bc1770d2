import type { Position } from 'geojson'
import { orient2d } from 'robust-predicates'
import { type AreaEdges, sameSide } from './area-edges.ts'

/** A part of a segment, from its start at 0 to its end at 1. */
type Part = [from: number, to: number]

/**
 * The parts of a line that lie within an area, its boundary included. It is cut where it crosses an
 * edge or passes a vertex as near as rounding may move it, and the middle tells of each part. Where it
 * only touches in a point, nothing is left.
 * @param tolerance what rounding may do, in the unit of the positions
 */
export function clipLine(
  edges: AreaEdges,
  line: readonly Position[],
  tolerance: number,
): Position[][] {
  const pieces: Position[][] = []
  let piece: Position[] | null = null
  for (let index = 1; index < line.length; index++) {
    const [ax, ay] = line[index - 1] as [number, number]
    const [bx, by] = line[index] as [number, number]
    if (ax === bx && ay === by) continue
    const at = (share: number): Position =>
      share === 1 ? [bx, by] : [ax + (bx - ax) * share, ay + (by - ay) * share]
    for (const [from, to] of partsWithin(edges, ax, ay, bx, by, tolerance)) {
      if (piece === null || from > 0) pieces.push((piece = [at(from)]))
      piece.push(at(to))
      if (to < 1) piece = null
    }
    const last = piece?.at(-1)
    if (last && (last[0] !== bx || last[1] !== by)) piece = null
  }
  return pieces
}

/** In order; those that follow each other are one. */
function partsWithin(
  edges: AreaEdges,
  ax: number,
  ay: number,
  bx: number,
  by: number,
  tolerance: number,
): Part[] {
  const cuts = findCuts(edges, ax, ay, bx, by, tolerance).toSorted((a, b) => a - b)
  const shortest = (2 * tolerance) / Math.hypot(bx - ax, by - ay)
  const within: Part[] = []
  let from = 0
  for (const to of [...cuts, 1]) {
    if (to - from < shortest && to < 1) continue
    const middle = (from + to) / 2
    const last = within.at(-1)
    if (coversOrNearly(edges, ax + (bx - ax) * middle, ay + (by - ay) * middle, tolerance)) {
      if (last && last[1] === from) last[1] = to
      else within.push([from, to])
    }
    from = to
  }
  return within
}

/** Whether the point is inside, on an edge, or as far beyond as rounding may have moved it. */
export function coversOrNearly(edges: AreaEdges, x: number, y: number, tolerance: number): boolean {
  const [west, south, east, north] = [x - tolerance, y - tolerance, x + tolerance, y + tolerance]
  return edges.covers(x, y) || edges.touchesBox({ west, south, east, north })
}

function findCuts(
  edges: AreaEdges,
  ax: number,
  ay: number,
  bx: number,
  by: number,
  tolerance: number,
): number[] {
  const cuts: number[] = []
  const length = Math.hypot(bx - ax, by - ay)
  const cut = (share: number) => {
    if (share > 0 && share < 1) cuts.push(share)
  }
  edges.someNear(
    Math.min(ax, bx) - tolerance,
    Math.min(ay, by) - tolerance,
    Math.max(ax, bx) + tolerance,
    Math.max(ay, by) + tolerance,
    (x1, y1, x2, y2) => {
      const start = orient2d(ax, ay, bx, by, x1, y1)
      // Every vertex is the start of an edge.
      if (Math.abs(start) <= tolerance * length) {
        cut(((x1 - ax) * (bx - ax) + (y1 - ay) * (by - ay)) / (length * length))
      }
      if (sameSide(start, orient2d(ax, ay, bx, by, x2, y2))) return false
      const a = orient2d(x1, y1, x2, y2, ax, ay)
      const b = orient2d(x1, y1, x2, y2, bx, by)
      if (!sameSide(a, b) && a !== b) cut(a / (a - b))
      return false
    },
  )
  return cuts
}
