import type { FastifyRequest } from 'fastify'
import type { Collection } from '../../../access/collections/collection.ts'
import type { Box } from '../../../geo/box.ts'
import { attributes, type Html, html } from '../../../pages/html.ts'
import { collectionPath, type LinkQuery, queryText, tokenOf } from '../links.ts'
import { pageTokenOf } from './page-token.ts'

/** A map on a page: an enhancement, which is not there without scripts. See `map-script.ts`. */

const ASSETS = '/maps/assets'
export const MAP_SCRIPT_PATH = `${ASSETS}/map.js`
export const MAP_STYLE_PATH = `${ASSETS}/maplibre-gl.css`

/**
 * A map of features of one collection, whose pages it leads to.
 * @param options.features where GeoJSON of what it shows is; or `tiles`, where TileJSON is
 * @param options.box what it shows at first; missing: all features
 */
export function map(
  request: FastifyRequest,
  collection: Collection,
  options: { label: string; features?: string; tiles?: string; box?: Box },
): Html {
  const { label, features, tiles, box } = options
  return html`<div${attributes({
    id: 'map',
    class: 'map',
    hidden: true,
    role: 'region',
    'aria-label': label,
    'data-features': features,
    'data-tiles': tiles,
    'data-items': `/maps${collectionPath(collection.id)}/items/`,
    'data-items-query': queryText({ f: 'html', ...tokenOf(request.query as LinkQuery) }),
    'data-box': box && [box.west, box.south, box.east, box.north].join(','),
    'data-attribution': collection.attribution,
    // What to fetch it with, unless that is in the addresses.
    'data-token': pageTokenOf(request),
  })}></div>`
}
