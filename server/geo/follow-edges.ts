import type { Geometry, Position } from 'geojson'
import { type Box, boxesIntersect } from './box.ts'
import { boxOfTile, stepsAlong, type Tile } from './tile.ts'

/**
 * Gives long edges positions in between where they pass a tile, so that what is drawn of them follows
 * the curves that straight edges in degrees are in Mercator, to half a pixel. What nothing has to be
 * done to, which is most, comes back as it is.
 *
 * An edge gets positions where it crosses the lines along the tile's sides, which is why it stays
 * outside of the tile where it is outside in degrees, and, within the tile, as many as it needs.
 * Elsewhere nobody sees it.
 * @param geometry lines or polygons
 * @param buffer how much around the tile is drawn, in `TILE_EXTENT`
 */
export function followEdges(geometry: Geometry, tile: Tile, buffer: number): Geometry {
  // A little more, so that rounding never brings a crossing into what is drawn.
  const box = boxOfTile(tile, buffer + 1)
  let left = MAXIMUM_ADDED

  /** The same array when there is nothing to add. */
  function followLine(line: Position[]): Position[] {
    let followed: Position[] | null = null
    for (let index = 1; index < line.length; index++) {
      const added = left > 0 ? positionsAlong(line[index - 1]!, line[index]!, tile.z, box) : NONE
      if (added.length > 0) {
        followed ??= line.slice(0, index)
        left -= added.length
        for (const position of added) followed.push(position)
      }
      followed?.push(line[index]!)
    }
    return followed ?? line
  }

  const followLines = (lines: Position[][]) => mapped(lines, followLine)

  function follow(part: Geometry): Geometry {
    switch (part.type) {
      case 'Point':
      case 'MultiPoint':
        return part
      case 'LineString':
        return withCoordinates(part, followLine(part.coordinates))
      case 'MultiLineString':
      case 'Polygon':
        return withCoordinates(part, followLines(part.coordinates))
      case 'MultiPolygon':
        return withCoordinates(part, mapped(part.coordinates, followLines))
      case 'GeometryCollection':
        return { ...part, geometries: part.geometries.map(follow) }
    }
  }

  return follow(geometry)
}

/** To one geometry: so many long edges are not seen apart anyway. */
const MAXIMUM_ADDED = 100_000

/** How far what is drawn may be from the true edge, in pixels, before these are rounded. */
const MAXIMUM_DEVIATION = 0.5

const NONE: Position[] = []

/** Of an edge in its order, without its ends. */
function positionsAlong(from: Position, to: Position, z: number, box: Box): Position[] {
  const [x1, y1] = from as [number, number]
  const [x2, y2] = to as [number, number]
  // Level and upright edges are straight.
  if (x1 === x2 || y1 === y2) return NONE
  const around = {
    west: Math.min(x1, x2),
    south: Math.min(y1, y2),
    east: Math.max(x1, x2),
    north: Math.max(y1, y2),
  }
  // Chord and curve alike stay in the edge's own box.
  if (!boxesIntersect(around, box)) return NONE
  if (stepsAlong(y1, y2, z, MAXIMUM_DEVIATION) === 1) return NONE

  const at = (share: number): Position => [x1 + (x2 - x1) * share, y1 + (y2 - y1) * share]
  const crossings = [
    (box.west - x1) / (x2 - x1),
    (box.east - x1) / (x2 - x1),
    (box.south - y1) / (y2 - y1),
    (box.north - y1) / (y2 - y1),
  ].filter((share) => share > 0 && share < 1)
  const shares = [...crossings.toSorted((a, b) => a - b), 1]
  const added: Position[] = []
  let begin = 0
  for (const end of shares) {
    const [x, y] = at((begin + end) / 2) as [number, number]
    if (x >= box.west && x <= box.east && y >= box.south && y <= box.north) {
      const steps = stepsAlong(at(begin)[1]!, at(end)[1]!, z, MAXIMUM_DEVIATION)
      for (let step = 1; step < steps; step++)
        added.push(at(begin + ((end - begin) * step) / steps))
    }
    if (end < 1) added.push(at(end))
    begin = end
  }
  return added
}

function mapped<Each>(all: Each[], change: (each: Each) => Each): Each[] {
  let changed: Each[] | null = null
  for (const [index, each] of all.entries()) {
    const now = change(each)
    if (now !== each) (changed ??= [...all])[index] = now
  }
  return changed ?? all
}

function withCoordinates<Of extends { coordinates: unknown }>(
  geometry: Of,
  coordinates: Of['coordinates'],
): Of {
  return coordinates === geometry.coordinates ? geometry : { ...geometry, coordinates }
}
