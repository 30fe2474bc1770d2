import type { MultiPolygon, Polygon, Position } from 'geojson'
import type { Box, LonLat } from './box.ts'

/**
 * Tiles of WebMercatorQuad (OGC 17-083r4): at zoom z the world is 2^z by 2^z tiles, x from the west,
 * y from the north.
 *
 * Whether a feature is in a tile is decided in degrees, against `boxOfTile`, as everywhere else: pixels
 * are rounded, so that what lies just outside of an area could land on its boundary, and a straight
 * edge in degrees is a curve in Mercator. Neighbours compute their common edge alike, and it belongs
 * to both. What lies beyond the world's edges in the north and south is in no tile.
 */
export interface Tile {
  z: number
  x: number
  y: number
}

/** Where Web Mercator ends, degrees north and south. */
export const MAXIMUM_LATITUDE = 85.05112877980659

export const MAXIMUM_ZOOM = 24

/** What a tile's side is divided into; buffers are given in this unit. */
export const TILE_EXTENT = 4096

/** @param buffer how far beyond each of its sides, in `TILE_EXTENT`; the world's edges are never passed */
export function boxOfTile({ z, x, y }: Tile, buffer = 0): Box {
  const tiles = 2 ** z
  const margin = buffer / TILE_EXTENT
  return {
    west: longitudeAt((x - margin) / tiles),
    south: latitudeAt((y + 1 + margin) / tiles),
    east: longitudeAt((x + 1 + margin) / tiles),
    north: latitudeAt((y - margin) / tiles),
  }
}

/**
 * What a tile with its buffer takes in: its box, and in the outermost columns that of its buffer on the
 * other side of the antimeridian.
 */
export function boxesOfTile(tile: Tile, buffer: number): Box[] {
  // At zoom 0 the other side is in it.
  const copies = tile.z === 0 ? [tile] : copiesOf(tile)
  return copies.map((copy) => boxOfTile(copy, buffer))
}

/**
 * The tile and, in the outermost columns, where it is to the other end of the world: a turn around the
 * world away, in a column that there is not. Of such a copy only the buffer is in the world, so what
 * is drawn for it is what lies behind the antimeridian, in the tile's own pixels.
 */
export function copiesOf({ z, x, y }: Tile): Tile[] {
  const tiles = 2 ** z
  const copies = [{ z, x, y }]
  if (x === 0) copies.push({ z, x: tiles, y })
  if (x === tiles - 1) copies.push({ z, x: -1, y })
  return copies
}

/** The tile that a position lies in; beyond ±85.05° the outermost. */
export function tileOf(longitude: number, latitude: number, z: number): Tile {
  const tiles = 2 ** z
  const index = (share: number) => Math.min(tiles - 1, Math.max(0, Math.floor(share * tiles)))
  return { z, x: index(shareEast(longitude)), y: index(shareSouth(latitude)) }
}

/** Whole pixels from the tile's north-west corner, rounded as geojson-vt does. */
export function toTile(
  [longitude, latitude]: LonLat,
  tile: Tile,
  extent = TILE_EXTENT,
): [x: number, y: number] {
  const [x, y] = toTilePlane(longitude, latitude, tile, extent)
  return [Math.round(x), Math.round(y)]
}

/** How far the drawn edge of an area may be from the true one, in pixels. */
const MAXIMUM_DEVIATION = 0.25

/**
 * An area in a tile's pixels, unrounded. Its edges are straight in degrees, so they get positions in
 * between, so many that the shape is true to a quarter of a pixel. Cut it to the tile first
 * (`clipAreaToBox`): a long edge seen from near would need very many.
 */
export function areaInTile(
  area: Polygon | MultiPolygon,
  tile: Tile,
  extent = TILE_EXTENT,
): Polygon | MultiPolygon {
  const ring = (positions: Position[]) => ringInTile(positions, tile, extent)
  return area.type === 'Polygon'
    ? { type: 'Polygon', coordinates: area.coordinates.map(ring) }
    : { type: 'MultiPolygon', coordinates: area.coordinates.map((rings) => rings.map(ring)) }
}

/**
 * Reads the numbers of a tile, plain decimals without leading zeros, z from 0 to 24.
 * @returns the tile, or which number is wrong and how, fit to follow its name
 */
export function parseTile(
  z: string,
  x: string,
  y: string,
): { kind: 'tile'; tile: Tile } | { kind: 'invalid'; name: 'z' | 'x' | 'y'; detail: string } {
  const zoom = parseNumber(z, MAXIMUM_ZOOM)
  if (zoom === null) return { kind: 'invalid', name: 'z', detail: range(MAXIMUM_ZOOM) }
  const last = 2 ** zoom - 1
  const [column, row] = [parseNumber(x, last), parseNumber(y, last)]
  if (column === null || row === null) {
    const name = column === null ? 'x' : 'y'
    return { kind: 'invalid', name, detail: `${range(last)} at zoom ${zoom}` }
  }
  return { kind: 'tile', tile: { z: zoom, x: column, y: row } }
}

const range = (maximum: number) => `must be a whole number from 0 to ${maximum}`

function parseNumber(text: string, maximum: number): number | null {
  const number = WHOLE_NUMBER.test(text) ? Number(text) : Infinity
  return number <= maximum ? number : null
}

const WHOLE_NUMBER = /^(0|[1-9]\d{0,8})$/

function ringInTile(ring: Position[], tile: Tile, extent: number): Position[] {
  const drawn: Position[] = []
  for (const [index, position] of ring.entries()) {
    const [x, y] = position as [number, number]
    if (index > 0) {
      const [fromX, fromY] = ring[index - 1] as [number, number]
      const steps = stepsAlong(fromY, y, tile.z, MAXIMUM_DEVIATION, extent)
      for (let step = 1; step < steps; step++) {
        const share = step / steps
        drawn.push(
          toTilePlane(fromX + (x - fromX) * share, fromY + (y - fromY) * share, tile, extent),
        )
      }
    }
    drawn.push(toTilePlane(x, y, tile, extent))
  }
  return drawn
}

/**
 * Into how many parts an edge between two latitudes is cut, so that none is further from the true edge
 * than so many pixels: a chord departs from its curve by at most h² / 8 · max |f″|.
 */
export function stepsAlong(
  fromLatitude: number,
  toLatitude: number,
  z: number,
  deviation: number,
  extent = TILE_EXTENT,
): number {
  const from = Math.min(MAXIMUM_LATITUDE, Math.abs(fromLatitude))
  const to = Math.min(MAXIMUM_LATITUDE, Math.abs(toLatitude))
  const furthest = (Math.max(from, to) * Math.PI) / 180
  const height = (Math.abs(toLatitude - fromLatitude) * Math.PI) / 180
  const bend = (Math.tan(furthest) / Math.cos(furthest)) * ((extent * 2 ** z) / (2 * Math.PI))
  return Math.max(1, Math.ceil(height * Math.sqrt(bend / (8 * deviation))))
}

function toTilePlane(
  longitude: number,
  latitude: number,
  { z, x, y }: Tile,
  extent: number,
): [number, number] {
  const tiles = 2 ** z
  return [extent * (shareEast(longitude) * tiles - x), extent * (shareSouth(latitude) * tiles - y)]
}

/** How much of the world lies west of it. */
function shareEast(longitude: number): number {
  return longitude / 360 + 0.5
}

/** How much of the Mercator square lies north of it, to the bit as geojson-vt computes it. */
function shareSouth(latitude: number): number {
  const sine = Math.sin((latitude * Math.PI) / 180)
  const share = 0.5 - (0.25 * Math.log((1 + sine) / (1 - sine))) / Math.PI
  return share < 0 ? 0 : share > 1 ? 1 : share
}

function longitudeAt(share: number): number {
  return Math.min(180, Math.max(-180, (share - 0.5) * 360))
}

function latitudeAt(share: number): number {
  if (share <= 0) return MAXIMUM_LATITUDE
  if (share >= 1) return -MAXIMUM_LATITUDE
  return (360 * Math.atan(Math.exp((1 - 2 * share) * Math.PI))) / Math.PI - 90
}
