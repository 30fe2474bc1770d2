import { type Static, Type } from 'typebox'
import { problems } from '../features/answer-schemas.ts'
import { MATCHES } from './rank.ts'
import { MOST_COLLECTIONS } from './where-to-search.ts'

/** The schemas of the search route: for checking requests, and for the API reference. */

const query = Type.Object(
  {
    q: Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'What to look for. Case, accents and punctuation do not matter; each word may be unfinished.',
    }),
    collections: Type.Optional(
      Type.String({
        description: `Where to look: ids of collections, separated by commas, at most ${MOST_COLLECTIONS}; default: all that may be seen, or so many of them.`,
      }),
    ),
    near: Type.Optional(
      Type.String({
        description:
          'Longitude,latitude in degrees (CRS84): of features that match alike, the nearer come first.',
      }),
    ),
    bbox: Type.Optional(
      Type.String({
        description:
          'Only features that intersect this box: west,south,east,north in degrees (CRS84). West greater than east crosses the antimeridian.',
      }),
    ),
    limit: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 20,
      description: 'How many features to return.',
    }),
    f: Type.Optional(Type.Enum(['json'], { description: 'The form of the answer.' })),
    access_token: Type.Optional(
      Type.String({ description: 'The access token, for clients that can send no header.' }),
    ),
  },
  { additionalProperties: false },
)
export type SearchParameters = Static<typeof query>

const link = Type.Object({
  rel: Type.String(),
  href: Type.String({ format: 'uri' }),
  type: Type.Optional(Type.String()),
  title: Type.Optional(Type.String()),
})

/** RFC 7946 §3.2, and how it was found. */
const hit = Type.Object({
  type: Type.Literal('Feature'),
  id: Type.String(),
  geometry: Type.Object({ type: Type.String() }, { additionalProperties: true }),
  properties: Type.Object({}, { additionalProperties: true }),
  collection: Type.String({ description: 'The id of its collection.' }),
  match: Type.Enum([...MATCHES], {
    description:
      '`exact`: its name is what was looked for; `prefix`: its name begins with it; `word`: its words, or those of other searched properties, do.',
  }),
  distanceMeters: Type.Optional(
    Type.Number({
      description:
        'From `near` along a great circle; of what is no point, to the box around it, 0 within.',
    }),
  ),
})

export const search = {
  summary: 'Search for features by name',
  description:
    'The best come first: exact names, names that begin so, then words; of these the nearer when `near` is given, then the shorter name, then by id.',
  tags: ['Map data'],
  querystring: query,
  response: {
    200: {
      description: 'The features that were found.',
      content: {
        'application/geo+json': {
          schema: Type.Object({
            type: Type.Literal('FeatureCollection'),
            numberReturned: Type.Integer(),
            allSearched: Type.Boolean({
              description: `False: there may be better ones, or more. The text is so common that not all could be ranked, the features so long that not all could be given, or more than ${MOST_COLLECTIONS} collections have something to search. More letters, \`near\`, a smaller \`bbox\` or \`collections\` help.`,
            }),
            attribution: Type.String({ description: 'To be shown wherever the data is.' }),
            links: Type.Array(link),
            features: Type.Array(hit),
          }),
        },
      },
    },
    ...problems({ 400: 'A parameter is wrong; the answer names it.' }),
  },
}
