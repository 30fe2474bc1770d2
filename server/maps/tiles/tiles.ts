import type { Collection } from '../../access/collections/collection.ts'
import type { AccessScope, View } from '../../access/scopes/access-scope.ts'
import { boxesOfTile, type Tile } from '../../geo/tile.ts'
import type { MapStore } from '../store/map-store.ts'
import type { WorkerPool } from '../workers/pool.ts'
import type { RenderedTile } from './render.ts'
import {
  createTileCache,
  type Drawing,
  type DrawnTile,
  type Place,
  type TileBody,
} from './tile-cache.ts'
import { TILE_BUFFER } from './tile-size.ts'

/**
 * Finds tiles for callers. The tile with its buffer is judged once: outside of what the caller may
 * see it is empty, and nobody looks at the data; inside it is the same for all. Only where the edge of
 * an area crosses it, it is drawn and kept for those areas.
 */
export interface Tiles {
  /** @param fields as in `TileOrder` */
  find(
    scope: AccessScope,
    collection: Collection,
    tile: Tile,
    fields: readonly string[] | null,
  ): Promise<DrawnTile>
  /** With all fields; null: it is not kept, or not sure to be good. */
  atHand(scope: AccessScope, collection: Collection, tile: Tile): DrawnTile | null
}

export function createTiles(options: {
  store: Pick<MapStore, 'changesSince' | 'revisionAtHand'>
  pool: Pick<WorkerPool, 'start'>
  maximumBytes: number
}): Tiles {
  const { pool } = options
  const cache = createTileCache(options)

  /** null: nothing is seen there. */
  function placeOf(
    scope: AccessScope,
    collection: Collection,
    { z, x, y }: Tile,
    fields: readonly string[] | null,
  ): { view: Exclude<View, 'none'>; place: Place } | null {
    const seen = scope.read(collection.id)
    if (seen === 'none') return null
    const boxes = boxesOfTile({ z, x, y }, TILE_BUFFER)
    if (seen !== 'all' && boxes.every((box) => seen.judge(box) === 'outside')) return null
    const view = seen === 'all' ? seen : seen.within(boxes)
    if (view === 'none') return null
    const areas = view === 'all' ? '' : JSON.stringify(view.layers.map((layer) => layer.map(idOf)))
    const chosen = fields === null ? '' : JSON.stringify(fields)
    // One of the same id that was deleted is another collection.
    const key = `${collection.id}/${collection.createdAt}/${z}/${x}/${y}/${areas}/${chosen}`
    return { view, place: { key, collectionId: collection.id, boxes } }
  }

  return {
    async find(scope, collection, tile, fields) {
      const found = placeOf(scope, collection, tile, fields)
      if (!found) return EMPTY
      const { countedAs } = scope
      return cache.find({ ...found.place, caller: countedAs }, (revision) => {
        const order = { collectionId: collection.id, tile, fields }
        const seen = { countedAs, collections: [{ collection, view: found.view }] }
        const { result, share } = pool.start(seen, revision, { name: 'tile', order })
        return { drawing: result.then(drawingOf), share }
      })
    },

    atHand(scope, collection, tile) {
      const found = placeOf(scope, collection, tile, null)
      return found ? cache.atHand(found.place) : EMPTY
    },
  }
}

const EMPTY: DrawnTile = { bytes: null, gzip: null, etag: '', thinned: null }

const idOf = ({ id }: { id: string }) => id

function drawingOf({ content, revision }: RenderedTile): Drawing {
  if (!content) return { tile: EMPTY, revision }
  const { bytes, gzip, digest, thinned } = content
  return {
    tile: {
      bytes: bodyOf(bytes),
      gzip: bodyOf(gzip),
      // Weak: it is the same tile, compressed or not (RFC 9110 §8.8.1).
      etag: `W/"${digest}"`,
      thinned,
    },
    revision,
  }
}

function bodyOf({ buffer, byteOffset, byteLength }: Uint8Array): TileBody {
  const bytes = Buffer.from(buffer, byteOffset, byteLength)
  return byteLength > SMALL ? bytes : bytes.toString('latin1')
}

/** Longer ones take their time anyhow. */
const SMALL = 16_384
