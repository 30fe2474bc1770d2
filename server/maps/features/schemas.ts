import { type Static, type TSchema, Type } from 'typebox'

/** The schemas of the map data API's routes: for checking requests, and for the API reference. */

const tokenQuery = {
  access_token: Type.Optional(
    Type.String({ description: 'The access token, for clients that can send no header.' }),
  ),
}

function queryOf<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Object({ ...properties, ...tokenQuery }, { additionalProperties: false })
}

/** No control characters: Postgres takes no NUL, and no id has one. */
const id = { pattern: '^[^\\x00-\\x1F\\x7F]{1,200}$' }
const collectionId = Type.String({ ...id, description: 'The collection.' })
const featureId = Type.String({ ...id, description: 'The feature.' })

const tokenOnly = queryOf({})
export type TokenQuery = Static<typeof tokenOnly>

const collectionParams = Type.Object({ collectionId })
export type CollectionParams = Static<typeof collectionParams>

const featureParams = Type.Object({ collectionId, featureId })
export type FeatureParams = Static<typeof featureParams>

const itemsQuery = queryOf({
  bbox: Type.Optional(
    Type.String({
      description:
        'Only features that intersect this box: west,south,east,north in degrees (CRS84). West greater than east crosses the antimeridian.',
    }),
  ),
  limit: Type.Integer({
    minimum: 1,
    default: 100,
    description: 'How many features to return; more than 10,000 means 10,000.',
  }),
  after: Type.Optional(Type.String({ description: 'Where to go on: from a `next` link.' })),
})
export type ItemsQuery = Static<typeof itemsQuery>

const nearestQuery = queryOf({
  point: Type.String({ description: 'Longitude,latitude in degrees (CRS84).' }),
  limit: Type.Integer({
    minimum: 1,
    maximum: 100,
    default: 1,
    description: 'How many features to return.',
  }),
})
export type NearestQuery = Static<typeof nearestQuery>

const link = Type.Object({
  rel: Type.String(),
  href: Type.String({ format: 'uri' }),
  type: Type.Optional(Type.String()),
  title: Type.Optional(Type.String()),
})

const landingBody = Type.Object({
  title: Type.String(),
  description: Type.String(),
  links: Type.Array(link),
})

export const collectionBody = Type.Object({
  id: Type.String(),
  title: Type.String(),
  description: Type.String(),
  attribution: Type.String({ description: 'To be shown wherever the data is.' }),
  itemType: Type.Literal('feature'),
  geometryType: Type.String({ description: 'The GeoJSON type of all its geometries.' }),
  featureCount: Type.Optional(
    Type.Integer({ description: 'Left out when the token may not see all of it.' }),
  ),
  extent: Type.Optional(
    Type.Object({ spatial: Type.Object({ bbox: Type.Array(Type.Array(Type.Number())) }) }),
  ),
  links: Type.Array(link),
})

const collectionsBody = Type.Object({
  links: Type.Array(link),
  collections: Type.Array(collectionBody),
})

/** RFC 7946 §3.2 */
const featureMembers = {
  type: Type.Literal('Feature'),
  id: Type.String(),
  geometry: Type.Object({ type: Type.String() }, { additionalProperties: true }),
  properties: Type.Object({}, { additionalProperties: true }),
}

const featureBody = Type.Object({
  ...featureMembers,
  attribution: Type.String(),
  links: Type.Array(link),
})

function featureCollectionOf(feature: TSchema) {
  return Type.Object({
    type: Type.Literal('FeatureCollection'),
    numberReturned: Type.Integer(),
    attribution: Type.String({ description: 'To be shown wherever the data is.' }),
    links: Type.Array(link, { description: '`next` is there when more features follow.' }),
    features: Type.Array(feature),
  })
}

const nearbyFeature = Type.Object({
  ...featureMembers,
  distanceMeters: Type.Number({ description: 'From the point, along a great circle.' }),
})

function json(description: string, schema: TSchema) {
  return { 200: { description, content: { 'application/json': { schema } } } }
}

function geoJson(description: string, schema: TSchema) {
  return { 200: { description, content: { 'application/geo+json': { schema } } } }
}

const tags = ['Map data']

export const landing = {
  summary: 'Show where the map data is',
  tags,
  querystring: tokenOnly,
  response: json('Links to the collections and the API reference.', landingBody),
}

export const collections = {
  summary: 'List the collections',
  tags,
  querystring: tokenOnly,
  response: json(
    'The collections that the token may read, their extents cut to its areas.',
    collectionsBody,
  ),
}

export const collection = {
  summary: 'Show a collection',
  tags,
  params: collectionParams,
  querystring: tokenOnly,
  response: json('The collection.', collectionBody),
}

export const items = {
  summary: 'List features',
  tags,
  params: collectionParams,
  querystring: itemsQuery,
  response: geoJson('A page of features.', featureCollectionOf(Type.Object(featureMembers))),
}

export const item = {
  summary: 'Show a feature',
  tags,
  params: featureParams,
  querystring: tokenOnly,
  response: geoJson('The feature.', featureBody),
}

export const nearest = {
  summary: 'Find the features nearest to a point',
  description: 'For collections of points. The nearest comes first.',
  tags,
  params: collectionParams,
  querystring: nearestQuery,
  response: geoJson('The nearest features.', featureCollectionOf(nearbyFeature)),
}
