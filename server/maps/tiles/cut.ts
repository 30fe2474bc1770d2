import type { Geometry, Position } from 'geojson'
import type { Limits, ScopeArea } from '../../access/scopes/access-scope.ts'
import type { Box, LonLat } from '../../geo/box.ts'
import { clipAreaToBox } from '../../geo/clip-area.ts'
import { type Clipper, createClipper } from '../../geo/clip.ts'
import { doubleArea } from '../../geo/cut-ring.ts'
import { areaInTile, type Tile } from '../../geo/tile.ts'
import { LINES, type ShapeType } from './encode.ts'

/**
 * Cuts what is drawn to the areas that limit a caller, where their edges cross a tile. Of areas in
 * one layer any may hold it; what is left of it is cut to the next layer.
 */
export interface Cut {
  /** In degrees: pixels could bring a point to the other side of an edge. */
  covers(position: LonLat): boolean
  /** Whether nothing in this box has to be cut. */
  holds(box: Box): boolean
  /** @returns what is left of the parts, whole pixels again; polygons: outer rings clockwise on screen */
  shape(type: ShapeType, parts: number[][]): number[][]
}

/** @param box of the tile with its buffer */
export function createCut(limits: Limits, tile: Tile, box: Box): Cut {
  // Points need none.
  let clippers: readonly Clipper[] | null = null

  return {
    covers: ([longitude, latitude]) =>
      limits.layers.every((layer) => layer.some(({ area }) => area.covers(longitude, latitude))),
    holds: (inner) => limits.judge(inner) === 'inside',
    shape(type, parts) {
      let geometry: Geometry | null =
        type === LINES
          ? { type: 'MultiLineString', coordinates: parts.map(positionsOf) }
          : { type: 'MultiPolygon', coordinates: polygonsOf(parts) }
      clippers ??= limits.layers.map((layer) => clipperOf(layer, tile, box))
      for (const clipper of clippers) geometry = geometry && clipper.clip(geometry)
      return geometry ? partsOf(geometry) : []
    },
  }
}

const NOTHING: Clipper = { clip: () => null }

function clipperOf(layer: readonly ScopeArea[], tile: Tile, box: Box): Clipper {
  const coordinates = layer.flatMap(({ geometry }) => {
    const near = clipAreaToBox(geometry, box)
    if (!near) return []
    const drawn = areaInTile(near, tile)
    return drawn.type === 'Polygon' ? [drawn.coordinates] : drawn.coordinates
  })
  return coordinates.length > 0 ? createClipper({ type: 'MultiPolygon', coordinates }) : NOTHING
}

function positionsOf(part: number[]): Position[] {
  const positions: Position[] = []
  for (let index = 0; index < part.length; index += 2) {
    positions.push([part[index]!, part[index + 1]!])
  }
  return positions
}

/** Outer rings come before their holes, which run the other way around. */
function polygonsOf(parts: number[][]): Position[][][] {
  const polygons: Position[][][] = []
  for (const ring of parts.map(positionsOf)) {
    const area = doubleArea(ring)
    if (area > 0) polygons.push([ring])
    else if (area < 0) polygons.at(-1)?.push(ring)
  }
  return polygons
}

function partsOf(geometry: Geometry): number[][] {
  switch (geometry.type) {
    case 'LineString':
      return [rounded(geometry.coordinates)]
    case 'MultiLineString':
    case 'Polygon':
      return geometry.coordinates.map(rounded)
    case 'MultiPolygon':
      return geometry.coordinates.flat().map(rounded)
    case 'Point':
    case 'MultiPoint':
    case 'GeometryCollection':
      throw new Error(`a ${geometry.type} came of cutting lines or polygons`)
  }
}

function rounded(positions: Position[]): number[] {
  return positions.flatMap(([x, y]) => [Math.round(x!), Math.round(y!)])
}
