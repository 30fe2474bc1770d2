import type { Box } from '../../geo/box.ts'
import { MAXIMUM_LATITUDE, MAXIMUM_ZOOM } from '../../geo/tile.ts'
import type { CollectionState, Property } from '../store/collection-state.ts'

/** What map libraries and GDAL ask of tiles before they ask for one. */

/**
 * TileJSON 3.0 (https://github.com/mapbox/tilejson-spec/tree/master/3.0.0).
 * @param template the URL of a tile, with {z}, {x} and {y}
 * @param fields names of the attributes that the tiles will have; null: all
 */
export function tileJsonOf(
  state: CollectionState,
  template: string,
  fields: ReadonlySet<string> | null,
) {
  const { title, description, attribution } = state.collection
  return {
    tilejson: '3.0.0',
    name: title,
    description,
    attribution: markupOf(attribution),
    scheme: 'xyz',
    tiles: [template],
    minzoom: 0,
    maxzoom: MAXIMUM_ZOOM,
    ...placeOf(state),
    vector_layers: vectorLayersOf(state, fields),
    // For people: TileJSON has no word for it.
    thinning:
      'Tiles hold at most 500,000 bytes. Below zoom 14, of points that share a pixel the first is given; the header Mapgate-Thinned says what else was left out.',
  }
}

/** As GDAL's MVT driver reads it beside a folder of tiles, after MBTiles 1.3. */
export function metadataOf(state: CollectionState) {
  const { title, description, attribution } = state.collection
  const { bounds, center } = placeOf(state)
  return {
    name: title,
    description,
    attribution: markupOf(attribution),
    version: '2',
    type: 'overlay',
    format: 'pbf',
    minzoom: '0',
    maxzoom: String(MAXIMUM_ZOOM),
    ...(bounds && { bounds: bounds.join(',') }),
    ...(center && { center: center.join(',') }),
    json: JSON.stringify({ vector_layers: vectorLayersOf(state, null) }),
  }
}

function vectorLayersOf(
  { collection, schema }: CollectionState,
  fields: ReadonlySet<string> | null,
) {
  const given = schema.filter(({ name }) => fields?.has(name) ?? true)
  return [
    {
      id: collection.id,
      description: collection.description,
      minzoom: 0,
      maxzoom: MAXIMUM_ZOOM,
      // A property may be called `__proto__`, which an object literal would take for something else.
      fields: Object.fromEntries(given.map((property) => [property.name, typeOf(property)])),
    },
  ]
}

/** There it is HTML, which map libraries put into pages as it is; here it is a text of the owner. */
const markupOf = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

/** What TileJSON and GDAL know; JSON values are text in tiles. */
function typeOf({ type }: Property): 'String' | 'Number' | 'Boolean' {
  if (type === 'boolean') return 'Boolean'
  return type === 'number' || type === 'integer' ? 'Number' : 'String'
}

/** Both are left out where nothing can be seen. */
function placeOf({ extent }: CollectionState): {
  bounds?: [west: number, south: number, east: number, north: number]
  center?: [longitude: number, latitude: number, zoom: number]
} {
  if (!extent) return {}
  const south = withinTiles(extent.south)
  const north = withinTiles(extent.north)
  const center = [rounded((extent.west + extent.east) / 2), rounded((south + north) / 2)] as const
  return {
    bounds: [extent.west, south, extent.east, north],
    center: [...center, zoomFor(extent)],
  }
}

function rounded(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6
}

function withinTiles(latitude: number): number {
  return Math.max(-MAXIMUM_LATITUDE, Math.min(MAXIMUM_LATITUDE, latitude))
}

/** At which the box is about as wide as a tile. */
function zoomFor({ west, south, east, north }: Box): number {
  const degrees = Math.max(east - west, north - south, 1e-9)
  return Math.max(0, Math.min(MAXIMUM_ZOOM, Math.floor(Math.log2(360 / degrees))))
}
