import { MAXIMUM_ZOOM } from '../../geo/tile.ts'

/** WebMercatorQuad, the one tile matrix set there is (OGC 17-083r4 Annex D.1). */
export const TILE_MATRIX_SET = 'WebMercatorQuad'

export const TILE_MATRIX_SET_TITLE = 'Google Maps Compatible for the World'

export const TILE_MATRIX_SET_URI =
  'http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad'

export const WEB_MERCATOR = 'http://www.opengis.net/def/crs/EPSG/0/3857'

/** Half the width of the world, in metres of the projection. */
const HALF = 20037508.3427892

/** Of tiles of 256 pixels, in metres. */
const WIDEST_CELL = 156543.033928041

/** By pixels of 0.28 mm (17-083r4 §6.1.1.1). */
const LARGEST_SCALE_DENOMINATOR = 559082264.028717

export const webMercatorQuad = {
  id: TILE_MATRIX_SET,
  title: TILE_MATRIX_SET_TITLE,
  uri: TILE_MATRIX_SET_URI,
  crs: WEB_MERCATOR,
  orderedAxes: ['X', 'Y'],
  wellKnownScaleSet: 'http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible',
  tileMatrices: Array.from({ length: MAXIMUM_ZOOM + 1 }, (_, z) => ({
    id: String(z),
    scaleDenominator: LARGEST_SCALE_DENOMINATOR / 2 ** z,
    cellSize: WIDEST_CELL / 2 ** z,
    cornerOfOrigin: 'topLeft',
    pointOfOrigin: [-HALF, HALF],
    matrixWidth: 2 ** z,
    matrixHeight: 2 ** z,
    tileWidth: 256,
    tileHeight: 256,
  })),
}
