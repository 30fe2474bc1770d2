import { geoJSONToTile } from '@maplibre/geojson-vt'
import type { Feature, Geometry } from 'geojson'
import type { Limits } from '../../access/scopes/access-scope.ts'
import { boxesIntersect, type Box, type LonLat } from '../../geo/box.ts'
import { followEdges } from '../../geo/follow-edges.ts'
import { boxOfGeometry } from '../../geo/geometry.ts'
import {
  boxOfTile,
  copiesOf,
  MAXIMUM_ZOOM,
  type Tile,
  TILE_EXTENT,
  toTile,
} from '../../geo/tile.ts'
import { createCut } from './cut.ts'
import { POINTS, type ShapeType, type TileFeature } from './encode.ts'
import { TILE_BUFFER } from './tile-size.ts'

/** As it is written, and where it is if it is one point. */
export interface DrawnFeature extends TileFeature {
  at: LonLat | null
}

/**
 * Makes members of a tile into what is drawn of them: long edges following their curves, simplified to
 * what can be told apart at the tile's zoom, and cut to the tile and to the area.
 *
 * At the highest zoom nothing is simplified. Before, lines and outlines may run three units beside
 * their place, as geojson-vt does it; they are cut to the area after that.
 *
 * What lies on both sides of the antimeridian is drawn for each by itself, so there may be several of
 * one feature.
 * @param view what is seen of the collection
 * @returns empty when nothing of it is in the tile and the area
 */
export function createDraw(
  tile: Tile,
  view: 'all' | Limits,
): (key: number, text: string, names: readonly string[]) => DrawnFeature[] {
  const [draw, ...drawOthers] = copiesOf(tile).map((copy) => createDrawOfCopy(copy, view))
  return (key, text, names) => {
    const { geometry, properties } = JSON.parse(text) as Feature
    const attributes = names.map((name): [string, unknown] => [name, properties?.[name]])
    const drawn = draw!(key, geometry, attributes)
    for (const drawOther of drawOthers) drawn.push(...drawOther(key, geometry, attributes))
    return drawn
  }
}

function createDrawOfCopy(
  tile: Tile,
  view: 'all' | Limits,
): (key: number, geometry: Geometry, attributes: TileFeature['attributes']) => DrawnFeature[] {
  const box = boxOfTile(tile, TILE_BUFFER)
  const edge = view === 'all' ? view : view.within([box])
  const cut = typeof edge === 'object' ? createCut(edge, tile, box) : null

  const isIn = ([x, y]: LonLat) =>
    x >= box.west && x <= box.east && y >= box.south && y <= box.north

  const pointFeature = (
    id: number,
    positions: readonly LonLat[],
    attributes: TileFeature['attributes'],
  ): DrawnFeature => ({
    id,
    type: POINTS,
    parts: positions.map((position) => toTile(position, tile)),
    attributes,
    at: positions.length === 1 ? positions[0]! : null,
  })

  return (key, geometry, attributes) => {
    if (geometry.type === 'Point') {
      const position = geometry.coordinates as [number, number]
      // Whether it is seen has been judged, but not on which side of the antimeridian it is.
      return isIn(position) ? [pointFeature(key, [position], attributes)] : []
    }
    if (geometry.type === 'MultiPoint') {
      const positions = geometry.coordinates as [number, number][]
      const seen = positions.filter((each) => isIn(each) && (cut?.covers(each) ?? true))
      return seen.length > 0 ? [pointFeature(key, seen, attributes)] : []
    }
    const around = boxOfGeometry(geometry)
    if (!around || !boxesIntersect(around, box)) return []
    const isCut = cut !== null && !cut.holds(common(around, box))
    return shapesOf(key, geometry, tile).flatMap(({ type, parts }) => {
      const left = isCut ? cut.shape(type, parts) : parts
      return left.length > 0 ? [{ id: key, type, parts: left, attributes, at: null }] : []
    })
  }
}

type Shape = Pick<TileFeature, 'parts'> & { type: ShapeType }

/** Mostly one; a collection of geometries gives several. */
function shapesOf(id: number, given: Geometry, tile: Tile): Shape[] {
  const { z, x, y } = tile
  const geometry = followEdges(given, tile, TILE_BUFFER)
  const feature: Feature = { type: 'Feature', id, geometry, properties: null }
  const { features } = geoJSONToTile(feature, z, x, y, {
    clip: true,
    extent: TILE_EXTENT,
    buffer: TILE_BUFFER,
    // What is smaller than can be told apart one zoom further need not be weighed.
    maxZoom: Math.min(z + 1, MAXIMUM_ZOOM),
  }) as { features: TileShape[] }
  return features.map(({ type, geometry: lines }) => ({
    type,
    parts: lines.map((line) => line.flat()),
  }))
}

/** What geojson-vt says of lines and polygons; its own types are not found by their names. */
interface TileShape {
  type: ShapeType
  geometry: [x: number, y: number][][]
}

function common(a: Box, b: Box): Box {
  return {
    west: Math.max(a.west, b.west),
    south: Math.max(a.south, b.south),
    east: Math.min(a.east, b.east),
    north: Math.min(a.north, b.north),
  }
}
