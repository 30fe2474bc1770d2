import { attributes, type Html, html } from '../../../pages/html.ts'
import type { Box } from '../../../geo/box.ts'

/** A map on a page: an enhancement, which is not there without scripts. See `map-script.ts`. */

const ASSETS = '/maps/assets'
export const MAP_SCRIPT_PATH = `${ASSETS}/map.js`
export const MAP_STYLE_PATH = `${ASSETS}/maplibre-gl.css`

/**
 * @param options.features where GeoJSON of what it shows is; or `tiles`, where TileJSON is
 * @param options.items the page of a feature, up to its id
 */
export function map(options: {
  label: string
  features?: string
  tiles?: string
  items: string
  itemsQuery: string
  box: Box | null
  attribution: string
  /** What to fetch it with; null: nothing, or what is in the addresses. */
  token: string | null
}): Html {
  const { label, features, tiles, items, itemsQuery, box, attribution, token } = options
  return html`<div${attributes({
    id: 'map',
    class: 'map',
    hidden: true,
    role: 'region',
    'aria-label': label,
    'data-features': features,
    'data-tiles': tiles,
    'data-items': items,
    'data-items-query': itemsQuery,
    'data-box': box && [box.west, box.south, box.east, box.north].join(','),
    'data-attribution': attribution,
    'data-token': token,
  })}></div>`
}
