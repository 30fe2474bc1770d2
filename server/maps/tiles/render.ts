import { hash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { AccessScope, View } from '../../access/scopes/access-scope.ts'
import { boxesOfTile, type Tile } from '../../geo/tile.ts'
import type { Property } from '../store/collection-state.ts'
import type { MapStore } from '../store/map-store.ts'
import { createDraw, type DrawnFeature } from './draw.ts'
import { encodeTile } from './encode.ts'
import { coarser, firstOfEachPlace, largest, placesOf, THINNED_BELOW_ZOOM } from './thin.ts'
import { MAXIMUM_TILE_BYTES, TILE_BUFFER } from './tile-size.ts'

/**
 * Draws one tile, in a worker: members -> shapes in the tile, cut to the area -> bytes.
 *
 * Members are what the store says: seen features that intersect the tile and its buffer, in degrees
 * (`geo/tile.ts`). Only among these is thinned (`thin.ts`), so nothing that is not seen leaves a
 * trace. What makes a tile too large is left out in this order, until it fits:
 * 1. of points, all but the first in each cell of a grid, whose cells grow;
 * 2. of lines and polygons, all attributes but the name;
 * 3. the smallest of what is left;
 * 4. attributes altogether.
 */
export interface TileOrder {
  collectionId: string
  tile: Tile
  /** Names of the attributes, in the order of the schema; null: all. */
  fields: readonly string[] | null
}

export interface RenderedTile {
  /** null: nothing is in it. */
  content: TileContent | null
  generation: number
  /** See `Members`. */
  revision: number
}

export interface TileContent {
  bytes: Uint8Array
  gzip: Uint8Array
  /** Of the bytes: 22 characters of base64url. */
  digest: string
  /** What was left out; null: nothing. */
  thinned: Thinned | null
}

export type Thinned = 'features' | 'attributes'

/** Features that are read for one tile. */
const MAXIMUM_MEMBERS = 20_000

/** Tiles get 2 % larger than at zlib's own 6, in less than half of the time. */
export const GZIP_LEVEL = 4

export async function renderTile(
  store: MapStore,
  scope: AccessScope,
  { collectionId, tile, fields }: TileOrder,
): Promise<RenderedTile> {
  const state = await store.state(scope, collectionId)
  if (!state) return NOTHING
  const isOfPoints = state.dimension === 0
  const boxes = boxesOfTile(tile, TILE_BUFFER)
  let cell = isOfPoints && tile.z < THINNED_BELOW_ZOOM ? placesOf(tile.z) : null
  let members = await store.members(scope, collectionId, boxes, optionsOf(cell))
  let thinned: Thinned | null = null
  while (members?.more && isOfPoints && (cell = coarser(cell, tile.z, 4))) {
    thinned = 'features'
    members = await store.members(scope, collectionId, boxes, optionsOf(cell))
  }
  if (!members) return NOTHING
  if (members.more) thinned = 'features'

  const { generation, revision } = members
  const draw = createDraw(tile, scope.read(collectionId) as Exclude<View, 'none'>)
  const names = fields ?? state.schema.map(({ name }) => name)
  let features = members.features.flatMap(({ key, feature }) => draw(key, feature, names))
  const encode = () => encodeTile(collectionId, features)
  let bytes = encode()
  const isTooLarge = () => bytes !== null && bytes.length > MAXIMUM_TILE_BYTES

  while (isTooLarge() && isOfPoints && (cell = coarser(cell, tile.z, 2))) {
    thinned = 'features'
    features = firstOfEachPlace(features, cell)
    bytes = encode()
  }
  if (isTooLarge()) {
    thinned ??= 'attributes'
    const kept = fields === null ? nameOf(state.schema) : null
    features = features.map((feature) => withOnly(feature, isOfPoints ? null : kept))
    bytes = encode()
  }
  while (isTooLarge() && features.length > 1) {
    thinned = 'features'
    features = largest(features, (0.9 * MAXIMUM_TILE_BYTES) / bytes!.length)
    bytes = encode()
  }
  // One feature alone, of very many positions or with a very long name.
  if (isTooLarge()) {
    features = features.map((feature) => withOnly(feature, null))
    bytes = encode()
    if (isTooLarge()) bytes = null
  }
  if (!bytes) return { content: null, generation, revision }
  const digest = hash('sha256', bytes, 'base64url').slice(0, 22)
  const content = { bytes, gzip: gzipSync(bytes, { level: GZIP_LEVEL }), digest, thinned }
  return { content, generation, revision }
}

const NOTHING: RenderedTile = { content: null, generation: 0, revision: 0 }

function optionsOf(cell: ReturnType<typeof coarser>) {
  return { maximum: MAXIMUM_MEMBERS, ...(cell && { placeOf: cell.placeOf }) }
}

function nameOf(schema: readonly Property[]): string | null {
  return schema.find(({ search }) => search === 'name')?.name ?? null
}

function withOnly(feature: DrawnFeature, kept: string | null): DrawnFeature {
  return { ...feature, attributes: feature.attributes.filter(([name]) => name === kept) }
}
