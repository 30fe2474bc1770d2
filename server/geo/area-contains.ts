import type { Geometry, Position } from 'geojson'
import { orient2d } from 'robust-predicates'
import { AreaEdges, sameSide } from './area-edges.ts'
import { boxOfGeometry } from './geometry.ts'
import { turned } from './polygon.ts'

/**
 * Whether all of a geometry lies within the edges of an area, boundary included. Exact: no new
 * point is computed. Where a line touches the boundary, the turn of the edges there
 * tells on which side it goes on; a polygon's boundary must lie within, and no edge of the area may
 * have its outer side within the polygon (a hole, or a gap between parts).
 * @param rings of the area, as they are in `edges`: with the inside on their left
 */
export function edgesContain(
  edges: AreaEdges,
  rings: readonly (readonly Position[])[],
  geometry: Geometry,
): boolean {
  const covers = ([x, y]: Position) => edges.covers(x!, y!)
  switch (geometry.type) {
    case 'Point':
      return covers(geometry.coordinates)
    case 'MultiPoint':
      return geometry.coordinates.every(covers)
    case 'LineString':
      return containsLine(edges, geometry.coordinates)
    case 'MultiLineString':
      return geometry.coordinates.every((line) => containsLine(edges, line))
    case 'Polygon':
      return containsPolygon(edges, rings, geometry.coordinates)
    case 'MultiPolygon':
      return geometry.coordinates.every((polygon) => containsPolygon(edges, rings, polygon))
    case 'GeometryCollection':
      return geometry.geometries.every((part) => edgesContain(edges, rings, part))
  }
}

function containsLine(edges: AreaEdges, line: readonly Position[]): boolean {
  if (line.length === 0) return true
  if (!edges.covers(line[0]![0]!, line[0]![1]!)) return false
  for (let index = 1; index < line.length; index++) {
    const [ax, ay] = line[index - 1] as [number, number]
    const [bx, by] = line[index] as [number, number]
    if (!staysWithin(edges, ax, ay, bx, by)) return false
  }
  return true
}

/** Of a segment whose start is within. */
function staysWithin(edges: AreaEdges, ax: number, ay: number, bx: number, by: number): boolean {
  // Vertices of the area that it touches, where it may leave, and edges that it crosses.
  const touched: [number, number][] = []
  const crossed: [number, number, number, number][] = []
  edges.someNear(
    Math.min(ax, bx),
    Math.min(ay, by),
    Math.max(ax, bx),
    Math.max(ay, by),
    (x1, y1, x2, y2) => {
      const a = orient2d(x1, y1, x2, y2, ax, ay)
      const b = orient2d(x1, y1, x2, y2, bx, by)
      if (sameSide(a, b)) return false
      const start = orient2d(ax, ay, bx, by, x1, y1)
      const end = orient2d(ax, ay, bx, by, x2, y2)
      if (sameSide(start, end)) return false
      // Every vertex is the start of an edge.
      if (start === 0) touched.push([x1, y1])
      else if (a !== 0 && b !== 0 && end !== 0) crossed.push([x1, y1, x2, y2])
      return false
    },
  )
  // It leaves where it crosses an edge, unless another part of the area touches the edge right there.
  const leaves = crossed.some(
    ([x1, y1, x2, y2]) => !touched.some(([x, y]) => orient2d(x1, y1, x2, y2, x, y) === 0),
  )
  if (leaves) return false
  return [[ax, ay] as const, ...touched].every(([x, y]) => {
    if (x === bx && y === by) return true
    const next = nextEdge(edges, x, y, bx, by)
    return next === null || next.along || next.insideBefore
  })
}

function containsPolygon(
  edges: AreaEdges,
  areaRings: readonly (readonly Position[])[],
  polygon: Position[][],
): boolean {
  if (!polygon.every((ring) => containsLine(edges, ring))) return false
  const box = boxOfGeometry({ type: 'Polygon', coordinates: polygon })
  if (!box) return true
  let own: AreaEdges | null = null
  for (const ring of areaRings) {
    for (let index = 1; index < ring.length; index++) {
      const [x, y] = ring[index - 1] as [number, number]
      if (x < box.west || x > box.east || y < box.south || y > box.north) continue
      own ??= new AreaEdges(turned(polygon), box)
      if (!own.covers(x, y)) continue
      const [endX, endY] = ring[index] as [number, number]
      const next = nextEdge(own, x, y, endX, endY)
      // What is on the right of the area's edge is outside of the area.
      if (next === null || next.insideBefore) return false
    }
  }
  return true
}

/** Halves of a turn clockwise from a direction: on the right, straight back, on the left, a whole turn. */
type Turn = 0 | 1 | 2 | 3

/**
 * Of the edges that pass through or end in a point p, the next one clockwise from the direction to d,
 * where edges in that very direction come last.
 * @returns null when no edge is there; `along`: one runs in that direction; `insideBefore`: what lies
 *   between the direction and that edge is inside
 */
function nextEdge(
  edges: AreaEdges,
  px: number,
  py: number,
  dx: number,
  dy: number,
): { along: boolean; insideBefore: boolean } | null {
  let next: { turn: Turn; x: number; y: number; leaves: boolean } | null = null
  let along = false
  const meet = (x: number, y: number, leaves: boolean) => {
    const turn = turnTo(px, py, dx, dy, x, y)
    if (turn === 3) along = true
    const isNext =
      next === null ||
      turn < next.turn ||
      (turn === next.turn && orient2d(px, py, x, y, next.x, next.y) > 0)
    if (isNext) next = { turn, x, y, leaves }
  }
  edges.someNear(px, py, px, py, (x1, y1, x2, y2) => {
    if (orient2d(x1, y1, x2, y2, px, py) !== 0) return false
    if (x2 !== px || y2 !== py) meet(x2, y2, true)
    if (x1 !== px || y1 !== py) meet(x1, y1, false)
    return false
  })
  // The inside is on the left of an edge: before one that leaves p, seen clockwise.
  const found = next as { leaves: boolean } | null
  return found && { along, insideBefore: found.leaves }
}

function turnTo(px: number, py: number, dx: number, dy: number, x: number, y: number): Turn {
  // `orient2d` is positive on the right.
  const side = orient2d(px, py, dx, dy, x, y)
  if (side !== 0) return side > 0 ? 0 : 2
  const isForward =
    Math.sign(x - px) === Math.sign(dx - px) && Math.sign(y - py) === Math.sign(dy - py)
  return isForward ? 3 : 1
}
