import { type Static, type TSchema, Type } from 'typebox'
import { badParameter } from '../../protocol/problem.ts'
import { DEFAULT_LIMIT, MAXIMUM_LIMIT } from './items-query.ts'

/** What the routes of map data take in paths and queries. */

const formatParameter = {
  f: Type.Optional(
    Type.Enum(['json', 'html'], {
      type: 'string',
      description: 'The form of the answer; default: as the `Accept` header says.',
    }),
  ),
}

const tokenParameter = {
  access_token: Type.Optional(
    Type.String({ description: 'The access token, for clients that can send no header.' }),
  ),
}

function queryOf<Properties extends Record<string, TSchema>>(properties: Properties, more = {}) {
  return Type.Object(
    { ...properties, ...formatParameter, ...tokenParameter },
    { additionalProperties: false, ...more },
  )
}

/** No control characters: Postgres takes no NUL, and no id has one. */
const id = { pattern: '^[^\\x00-\\x1F\\x7F]{1,200}$' }
const ID = new RegExp(id.pattern)

/** For a route whose parameters no schema judges. @throws Problem 400 */
export function requireCollectionId(text: string): void {
  if (!ID.test(text)) throw badParameter('collectionId', `must match pattern "${id.pattern}"`)
}
const collectionId = Type.String({ ...id, description: 'The collection.' })
const featureId = Type.String({ ...id, description: 'The feature.' })

export const plainQuery = queryOf({})
export type PlainQuery = Static<typeof plainQuery>

export const collectionParams = Type.Object({ collectionId })
export type CollectionParams = Static<typeof collectionParams>

export const featureParams = Type.Object({ collectionId, featureId })
export type FeatureParams = Static<typeof featureParams>

/**
 * For the API reference alone: `items-query.ts` reads it, because schemas know no collection. Lists are
 * one text with commas (OpenAPI 3.0 §4.7.12.2).
 */
export const itemsQuery = queryOf(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAXIMUM_LIMIT,
        default: DEFAULT_LIMIT,
        description: `How many features to return; more than ${MAXIMUM_LIMIT} means ${MAXIMUM_LIMIT}.`,
      }),
    ),
    bbox: Type.Optional(
      Type.Array(Type.Number(), {
        minItems: 4,
        maxItems: 6,
        description:
          'Only features that intersect this box: west,south,east,north in degrees (CRS84). West greater than east crosses the antimeridian. Of six numbers, the third and the sixth are heights, which count for nothing.',
      }),
    ),
    'bbox-crs': Type.Optional(
      Type.String({ format: 'uri', description: 'What `bbox` is in: CRS84 alone.' }),
    ),
    datetime: Type.Optional(
      Type.String({
        description:
          'Only features that are valid at this time: an RFC 3339 date-time or date, or an interval of two with a slash between them, of which an open end is `..` or empty. Features without time always match.',
      }),
    ),
    fields: Type.Optional(
      Type.Array(Type.String(), { description: 'The properties to be given; default: all.' }),
    ),
    after: Type.Optional(Type.String({ description: 'Where to go on: from a `next` link.' })),
  },
  { style: 'form', explode: false },
)

const pointQuery = {
  point: Type.String({ description: 'Longitude,latitude in degrees (CRS84).' }),
  limit: Type.Integer({
    minimum: 1,
    maximum: 100,
    default: 1,
    description: 'How many features to return.',
  }),
}
export const nearestQuery = queryOf(pointQuery)
export const containingQuery = queryOf({
  ...pointQuery,
  limit: Type.Integer({ ...pointQuery.limit, default: 10 }),
})
export type PointQuery = Static<typeof nearestQuery>

export const itemQuery = queryOf({
  fields: Type.Optional(
    Type.String({ description: 'The properties to be given, separated by commas; default: all.' }),
  ),
})
export type ItemQuery = Static<typeof itemQuery>

export const schemaQuery = queryOf({
  type: Type.Optional(
    Type.Enum(['create', 'replace'], {
      type: 'string',
      description: 'Of what: the GeoJSON feature to be sent; default: the properties.',
    }),
  ),
})
export type SchemaQuery = Static<typeof schemaQuery>
