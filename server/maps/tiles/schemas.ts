import { type Static, Type } from 'typebox'
import { ABSENT, problems } from '../features/answer-schemas.ts'

/** The schemas of the tile routes: for checking requests, and for the API reference. */

const token = {
  access_token: Type.Optional(
    Type.String({ description: 'The access token, for clients that can send no header.' }),
  ),
}

const fields = {
  fields: Type.Optional(
    Type.String({
      description: 'The attributes to be given, separated by commas; default: all; empty: none.',
    }),
  ),
}

const jsonForm = {
  f: Type.Optional(Type.Enum(['json'], { description: 'The form of the answer.' })),
}

const tokenQuery = Type.Object({ ...token, ...jsonForm }, { additionalProperties: false })
export type TokenQuery = Static<typeof tokenQuery>

const fieldsQuery = Type.Object(
  { ...fields, ...token, ...jsonForm },
  { additionalProperties: false },
)
export type FieldsQuery = Static<typeof fieldsQuery>

const tileQuery = Type.Object(
  {
    ...fields,
    ...token,
    f: Type.Optional(Type.Enum(['mvt', 'pbf'], { description: 'The form of the tile.' })),
  },
  { additionalProperties: false },
)
export type TileQuery = Static<typeof tileQuery>

const collectionId = Type.String({
  pattern: '^[^\\x00-\\x1F\\x7F]{1,200}$',
  description: 'The collection.',
})
const collectionParams = Type.Object({ collectionId })
export type CollectionParams = Static<typeof collectionParams>

const tileMatrixSetId = Type.String({ description: 'WebMercatorQuad.' })
const setParams = Type.Object({ tileMatrixSetId })
export type SetParams = Static<typeof setParams>

const tilesetParams = Type.Object({ collectionId, tileMatrixSetId })
export type TilesetParams = Static<typeof tilesetParams>

/** What is wrong with these is said by `parseTile`, which knows how many tiles there are. */
const ogcTileParams = Type.Object({
  collectionId,
  tileMatrixSetId,
  tileMatrix: Type.String({ description: 'The zoom, 0 to 24.' }),
  tileRow: Type.String({ description: 'From the north, from 0.' }),
  tileCol: Type.String({ description: 'From the west, from 0.' }),
})
export type OgcTileParams = Static<typeof ogcTileParams>

const xyzTileParams = Type.Object({
  collectionId,
  z: Type.String({ description: 'The zoom, 0 to 24.' }),
  x: Type.String({ description: 'From the west, from 0.' }),
  y: Type.String({ description: 'From the north, from 0.' }),
})
export type XyzTileParams = Static<typeof xyzTileParams>

const tags = ['Map data']

const object = Type.Object({}, { additionalProperties: true })
const faults = problems({ 400: 'A parameter is wrong; the answer names it.', 404: ABSENT })
const json = {
  200: { description: 'JSON.', content: { 'application/json': { schema: object } } },
  ...faults,
}

const vectorTile = {
  200: {
    description:
      'The tile, of at most 500,000 bytes uncompressed. `Mapgate-Thinned` says when something was left out for that, or `features` of those that lie together.',
    content: {
      'application/vnd.mapbox-vector-tile': { schema: Type.String({ format: 'binary' }) },
    },
  },
  204: { description: 'Nothing is in the tile.', type: 'null' },
  ...faults,
}

export const tile = {
  summary: 'A vector tile, by z, x and y',
  tags,
  params: xyzTileParams,
  querystring: tileQuery,
  response: vectorTile,
}

export const ogcTile = {
  summary: 'A vector tile, by zoom, row and column (OGC API - Tiles)',
  tags,
  params: ogcTileParams,
  querystring: tileQuery,
  response: vectorTile,
}

const ofCollection = (summary: string) => ({
  summary,
  tags,
  params: collectionParams,
  querystring: tokenQuery,
  response: json,
})

export const tileJson = {
  ...ofCollection('TileJSON of a collection'),
  querystring: fieldsQuery,
}
export const metadata = ofCollection('What GDAL asks of a folder of tiles')
export const style = ofCollection('A MapLibre style for a collection')
export const tilesets = ofCollection('In which tile matrix sets there are tiles')

export const tileset = {
  summary: 'About the tiles of a collection',
  tags,
  params: tilesetParams,
  querystring: tokenQuery,
  response: json,
}

export const tileMatrixSets = {
  summary: 'The tile matrix sets',
  tags,
  querystring: tokenQuery,
  response: json,
}

export const tileMatrixSet = {
  summary: 'A tile matrix set',
  tags,
  params: setParams,
  querystring: tokenQuery,
  response: json,
}
