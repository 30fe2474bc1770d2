import { MAXIMUM_ZOOM } from '../../geo/tile.ts'
import {
  collectionPath,
  JSON_TYPE,
  type Link,
  type LinkQuery,
  type Links,
} from '../features/links.ts'
import type { CollectionState } from '../store/collection-state.ts'
import {
  TILE_MATRIX_SET,
  TILE_MATRIX_SET_TITLE,
  TILE_MATRIX_SET_URI,
  WEB_MERCATOR,
} from './tile-matrix-sets.ts'

/** Descriptions of tiles after OGC API - Tiles (20-057 §8, §9, §11) and 17-083r4 §8, §9. */

export const VECTOR_TILE = 'application/vnd.mapbox-vector-tile'

const TILING_SCHEME = 'http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme'
const CRS84 = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84'

export function tileMatrixSetPath(id = TILE_MATRIX_SET): string {
  return `/tileMatrixSets/${id}`
}

/** The list of a collection's tilesets, which is one (20-057 §9.2). */
export function tilesetsOf({ collection }: CollectionState, links: Links, token: LinkQuery) {
  const path = `${collectionPath(collection.id)}/tiles`
  return {
    links: [links.to('self', path, JSON_TYPE, token)],
    tilesets: [
      {
        title: collection.title,
        dataType: 'vector',
        crs: WEB_MERCATOR,
        tileMatrixSetId: TILE_MATRIX_SET,
        tileMatrixSetURI: TILE_MATRIX_SET_URI,
        links: tilesetLinks(collection.id, links, token),
      },
    ],
  }
}

/**
 * What is in the tiles, and where (17-083r4 §8.2.2). It names no `tileMatrixSetLimits`: tiles beyond them
 * would have to be errors (20-057, /req/core/tc-error) instead of empty.
 */
export function tilesetOf(state: CollectionState, links: Links, token: LinkQuery) {
  const { collection, dimension, extent } = state
  const { title, description, attribution } = collection
  return {
    title,
    description,
    attribution,
    dataType: 'vector',
    crs: WEB_MERCATOR,
    tileMatrixSetId: TILE_MATRIX_SET,
    tileMatrixSetURI: TILE_MATRIX_SET_URI,
    ...(extent && {
      boundingBox: {
        lowerLeft: [extent.west, extent.south],
        upperRight: [extent.east, extent.north],
        crs: CRS84,
      },
    }),
    layers: [
      {
        id: collection.id,
        title,
        description,
        dataType: 'vector',
        ...(dimension !== null && { geometryDimension: dimension }),
        minTileMatrix: '0',
        maxTileMatrix: String(MAXIMUM_ZOOM),
        propertiesSchema: {
          type: 'object',
          properties: Object.fromEntries(
            state.schema.map(({ name, type, title: label, description: about }) => [
              name,
              {
                // JSON is text in tiles.
                type: type === 'object' ? 'string' : type,
                ...(label !== undefined && { title: label }),
                ...(about !== undefined && { description: about }),
              },
            ]),
          ),
        },
      },
    ],
    links: tilesetLinks(collection.id, links, token),
  }
}

export function tileMatrixSetList(links: Links, token: LinkQuery) {
  return {
    tileMatrixSets: [
      {
        id: TILE_MATRIX_SET,
        title: TILE_MATRIX_SET_TITLE,
        uri: TILE_MATRIX_SET_URI,
        crs: WEB_MERCATOR,
        links: [links.to('self', tileMatrixSetPath(), JSON_TYPE, token)],
      },
    ],
  }
}

function tilesetLinks(collectionId: string, links: Links, token: LinkQuery): Link[] {
  const path = `${collectionPath(collectionId)}/tiles/${TILE_MATRIX_SET}`
  const id = encodeURIComponent(collectionId)
  const tiles = links.to('item', `${path}/{tileMatrix}/{tileRow}/{tileCol}`, VECTOR_TILE, token)
  return [
    links.to('self', path, JSON_TYPE, token),
    links.to(TILING_SCHEME, tileMatrixSetPath(), JSON_TYPE, token),
    { ...tiles, templated: true } as Link,
    links.to('describedby', `/tiles/${id}/tilejson.json`, JSON_TYPE, token, 'TileJSON'),
    links.to('stylesheet', `/tiles/${id}/style.json`, JSON_TYPE, token, 'MapLibre style'),
  ]
}
