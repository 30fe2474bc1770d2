import { Type } from 'typebox'
import * as answers from './answer-schemas.ts'
import { ABSENT, BAD, geoJson, json, jsonSchema, ok } from './answer-schemas.ts'
import * as queries from './query-schemas.ts'

/** The schemas of the routes that read map data: for checking requests, and for the API reference. */

const tags = ['Map data']

export const landing = {
  summary: 'Show where the map data is',
  tags,
  querystring: queries.plainQuery,
  response: json('Links to everything else.', answers.landingBody),
}

export const conformance = {
  summary: 'List the conformance classes',
  tags,
  querystring: queries.plainQuery,
  response: json('What of the standards this server obeys.', answers.conformanceBody),
}

export const api = {
  summary: 'Show the definition of this API (OpenAPI 3.0)',
  tags,
  querystring: queries.plainQuery,
  response: ok(
    'The definition.',
    'application/vnd.oai.openapi+json;version=3.0',
    answers.properties,
    {},
  ),
}

export const collections = {
  summary: 'List the collections',
  tags,
  querystring: queries.plainQuery,
  response: json(
    'The collections that the caller may read, their extents cut to its areas.',
    answers.collectionsBody,
  ),
}

export const collection = {
  summary: 'Show a collection',
  tags,
  params: queries.collectionParams,
  querystring: queries.plainQuery,
  response: json('The collection.', answers.collectionBody, { 404: ABSENT }),
}

export const schema = {
  summary: 'Show the properties of a collection’s features',
  tags,
  params: queries.collectionParams,
  querystring: queries.schemaQuery,
  response: jsonSchema('A JSON Schema.', { 404: ABSENT }),
}

export const queryables = {
  summary: 'Show what features can be filtered by',
  tags,
  params: queries.collectionParams,
  querystring: queries.plainQuery,
  response: jsonSchema('A JSON Schema; each property is a parameter of the list of features.', {
    404: ABSENT,
  }),
}

export const items = {
  summary: 'List features',
  description:
    'Every property of the collection that is no object is a parameter too, and finds the features where it has that value: `name=Madison`.',
  tags,
  params: queries.collectionParams,
  querystring: queries.itemsQuery,
  response: geoJson(
    'A page of features.',
    answers.featureCollectionOf(Type.Object(answers.featureMembers)),
    {
      400: BAD,
      404: ABSENT,
    },
  ),
}

export const item = {
  summary: 'Show a feature',
  tags,
  params: queries.featureParams,
  querystring: queries.itemQuery,
  response: geoJson('The feature.', answers.featureBody, { 400: BAD, 404: ABSENT }),
}

export const nearest = {
  summary: 'Find the features nearest to a point',
  description: 'For collections of points. The nearest comes first.',
  tags,
  params: queries.collectionParams,
  querystring: queries.nearestQuery,
  response: geoJson('The nearest features.', answers.featureCollectionOf(answers.nearbyFeature), {
    400: BAD,
    404: ABSENT,
  }),
}

export const containing = {
  summary: 'Find the features that contain a point',
  description: 'A boundary belongs to what it bounds. The one with the smallest box comes first.',
  tags,
  params: queries.collectionParams,
  querystring: queries.containingQuery,
  response: geoJson(
    'The features.',
    answers.featureCollectionOf(Type.Object(answers.featureMembers)),
    {
      400: BAD,
      404: ABSENT,
    },
  ),
}
