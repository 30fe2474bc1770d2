import type { Collection } from '../../access/collections/collection.ts'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import { boxOfTile, type Tile } from '../../geo/tile.ts'
import type { MapStore } from '../store/map-store.ts'
import type { WorkerPool } from '../workers/pool.ts'
import type { RenderedTile } from './render.ts'
import { createTileCache, type Drawing, type DrawnTile } from './tile-cache.ts'
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
}

export function createTiles(options: {
  store: Pick<MapStore, 'changesSince'>
  pool: Pick<WorkerPool, 'start'>
  maximumBytes: number
}): Tiles {
  const { pool } = options
  const cache = createTileCache(options)

  return {
    async find(scope, collection, tile, fields) {
      const seen = scope.read(collection.id)
      const box = boxOfTile(tile, TILE_BUFFER)
      if (seen === 'none' || (seen !== 'all' && seen.judge(box) === 'outside')) return EMPTY
      const view = seen === 'all' ? seen : seen.within(box)
      if (view === 'none') return EMPTY
      const areas =
        view === 'all' ? '' : JSON.stringify(view.layers.map((layer) => layer.map(idOf)))
      const chosen = fields === null ? '' : JSON.stringify(fields)
      const { z, x, y } = tile
      return cache.find(
        {
          // One of the same id that was deleted is another collection.
          key: `${collection.id}/${collection.createdAt}/${z}/${x}/${y}/${areas}/${chosen}`,
          collectionId: collection.id,
          box,
          caller: scope.countedAs,
        },
        (revision) => {
          const order = { collectionId: collection.id, tile, fields }
          const seenOfTile = { countedAs: scope.countedAs, collections: [{ collection, view }] }
          const { result, share } = pool.start(seenOfTile, revision, { name: 'tile', order })
          return { drawing: result.then(drawingOf), share }
        },
      )
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
      bytes: asBuffer(bytes),
      gzip: asBuffer(gzip),
      // Weak: it is the same tile, compressed or not (RFC 9110 §8.8.1).
      etag: `W/"${digest}"`,
      thinned,
    },
    revision,
  }
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
