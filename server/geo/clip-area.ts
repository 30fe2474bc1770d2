import type { MultiPolygon, Polygon, Position } from 'geojson'
import { type Box, boxContains, boxesIntersect } from './box.ts'
import { cutRing } from './cut-ring.ts'
import { boxOfGeometry } from './geometry.ts'
import { turned } from './polygon.ts'
import { assemblePolygons, type Edge, traceRings } from './trace-rings.ts'

/**
 * What of an area lies in a box; for tiles, whose features are then clipped against few edges
 * (`clip.ts`). Each ring is cut by itself; what runs along the box's sides there and back is taken
 * out, and the rest is traced into rings anew. They may touch themselves, but enclose what the area
 * does, to rounding where they cross a side.
 * @param area with rings that neither cross nor overlap themselves or each other (`faultOfRings`)
 * @returns null when they share no surface
 */
export function clipAreaToBox(
  area: Polygon | MultiPolygon,
  box: Box,
): Polygon | MultiPolygon | null {
  const around = boxOfGeometry(area)
  if (!around || !boxesIntersect(around, box)) return null
  if (boxContains(box, around)) return area
  const polygons = area.type === 'Polygon' ? [area.coordinates] : area.coordinates
  const rings: Position[][] = []
  const inner: Edge[] = []
  const along: Edge[] = []
  for (const ring of polygons.flatMap(turned)) {
    const cut = cutRing(ring, box)
    const edges = cut.slice(1).map((to, index): Edge => [cut[index]!, to])
    if (!edges.some((edge) => sideOf(edge, box) !== null)) rings.push(cut)
    else for (const edge of edges) (sideOf(edge, box) === null ? inner : along).push(edge)
  }
  const traced = traceRings([...inner, ...withoutReturns(along, box)])
  const cut = traced && assemblePolygons([...rings, ...traced])
  if (!cut || cut.length === 0) return null
  return cut.length === 1
    ? { type: 'Polygon', coordinates: cut[0]! }
    : { type: 'MultiPolygon', coordinates: cut }
}

type Side = 'west' | 'south' | 'east' | 'north'

/** The side of the box that an edge runs along. */
function sideOf([from, to]: Edge, { west, south, east, north }: Box): Side | null {
  if (from[0] === to[0]) return from[0] === west ? 'west' : from[0] === east ? 'east' : null
  if (from[1] === to[1]) return from[1] === south ? 'south' : from[1] === north ? 'north' : null
  return null
}

/** Stretches of the sides, as often as more edges run there than back. */
function withoutReturns(edges: Edge[], box: Box): Edge[] {
  return (['west', 'south', 'east', 'north'] as const).flatMap((side) => {
    const axis = side === 'west' || side === 'east' ? 1 : 0
    const place = (value: number): Position =>
      axis === 0 ? [value, box[side]] : [box[side], value]
    const changes = new Map<number, number>()
    for (const edge of edges) {
      if (sideOf(edge, box) !== side) continue
      const [from, to] = [edge[0][axis]!, edge[1][axis]!]
      const direction = Math.sign(to - from)
      const [low, high] = direction > 0 ? [from, to] : [to, from]
      changes.set(low, (changes.get(low) ?? 0) + direction)
      changes.set(high, (changes.get(high) ?? 0) - direction)
    }
    const kept: Edge[] = []
    let count = 0
    let start = Number.NaN
    for (const [value, change] of [...changes].toSorted(([a], [b]) => a - b)) {
      for (let each = 0; each < Math.abs(count); each++) {
        const [low, high] = [place(start), place(value)]
        kept.push(count > 0 ? [low, high] : [high, low])
      }
      count += change
      start = value
    }
    return kept
  })
}
