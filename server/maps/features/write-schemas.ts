import { type TSchema, Type } from 'typebox'
import { ABSENT, geometry, problems, properties } from './answer-schemas.ts'
import { collectionParams, featureParams } from './query-schemas.ts'

/**
 * The schemas of the routes that write features, for the API reference alone: a body is judged by the
 * collection (`parse-feature.ts`).
 */

const newFeature = Type.Object(
  {
    type: Type.Literal('Feature'),
    id: Type.Optional(
      Type.String({
        description: 'Default: made up, as always for tokens that are limited to an area.',
      }),
    ),
    geometry,
    properties,
  },
  { additionalProperties: true },
)

const newFeatures = Type.Object(
  { type: Type.Literal('FeatureCollection'), features: Type.Array(newFeature) },
  { additionalProperties: true },
)

const written = Type.Object({
  features: Type.Array(
    Type.Object({ id: Type.String(), etag: Type.String(), href: Type.String() }),
  ),
})

const writeTags = ['Map data: writing']
const JUDGED =
  'The body is not as the schema says, or a header or a parameter is wrong; the answer names it and why.'
const UNWRITABLE = 'The token may not write here.'
const CHANGED = 'The feature is not as `If-Match` or `If-None-Match` says.'

/** Described, not checked by it: `read-body.ts` and `parse-feature.ts` do, and name what is wrong. */
function body(contents: Record<string, TSchema>) {
  return {
    content: Object.fromEntries(
      Object.entries(contents).map(([type, schema]) => [type, { schema }]),
    ),
  }
}

export const createItems = {
  summary: 'Create features',
  description:
    'One feature, or a collection of up to 10,000, of which all are created or none. An id that is there already is refused; a token that is limited to an area gets ids that are made up.',
  tags: writeTags,
  params: collectionParams,
  body: body({ 'application/geo+json': Type.Union([newFeature, newFeatures]) }),
  response: {
    201: {
      description: 'Created. Of one feature, `Location` says where it is.',
      content: { 'application/json': { schema: written } },
    },
    ...problems({
      400: JUDGED,
      403: UNWRITABLE,
      404: ABSENT,
      409: 'The id is taken, or the collection cannot be written now.',
      413: 'The body is too large.',
    }),
  },
}

const WRITE_PROBLEMS = { 400: JUDGED, 403: UNWRITABLE, 404: ABSENT, 409: 'Not now.', 412: CHANGED }

export const replaceItem = {
  summary: 'Replace a feature',
  description:
    'It must be there: a new one is created by its collection. `If-Match` and `If-None-Match` may guard it.',
  tags: writeTags,
  params: featureParams,
  body: body({ 'application/geo+json': newFeature }),
  response: {
    204: { description: 'Replaced; `ETag` is of what it is now.' },
    ...problems(WRITE_PROBLEMS),
  },
}

export const updateItem = {
  summary: 'Change a part of a feature',
  description:
    'By a JSON merge patch (RFC 7396) of its GeoJSON: properties that are null are unset, the geometry is replaced whole.',
  tags: writeTags,
  params: featureParams,
  body: body({
    'application/merge-patch+json': Type.Object(
      { geometry: Type.Optional(geometry), properties: Type.Optional(properties) },
      { additionalProperties: true },
    ),
  }),
  response: {
    204: { description: 'Changed; `ETag` is of what it is now.' },
    ...problems(WRITE_PROBLEMS),
  },
}

export const deleteItem = {
  summary: 'Delete a feature',
  tags: writeTags,
  params: featureParams,
  response: {
    204: { description: 'Deleted.' },
    ...problems({ ...WRITE_PROBLEMS, 400: 'A header or a parameter is wrong.' }),
  },
}
