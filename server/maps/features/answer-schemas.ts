import { type TSchema, Type } from 'typebox'

/**
 * What the routes of map data answer, for the API reference alone: answers of features are put
 * together as text (`answers.ts`).
 */

const link = Type.Object({
  rel: Type.String(),
  href: Type.String({ format: 'uri' }),
  type: Type.Optional(Type.String()),
  title: Type.Optional(Type.String()),
})
const links = Type.Array(link)

export const landingBody = Type.Object({
  title: Type.String(),
  description: Type.String(),
  links,
})

export const conformanceBody = Type.Object({
  conformsTo: Type.Array(Type.String({ format: 'uri' })),
})

const attribution = Type.String({ description: 'To be shown wherever the data is.' })

export const collectionBody = Type.Object({
  id: Type.String(),
  title: Type.String(),
  description: Type.String(),
  attribution,
  itemType: Type.Literal('feature'),
  crs: Type.Array(Type.String({ format: 'uri' })),
  geometryDimension: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 2, description: '0: points, 1: lines, 2: areas.' }),
  ),
  featureCount: Type.Optional(
    Type.Integer({ description: 'Left out when the caller may not see all of it.' }),
  ),
  extent: Type.Optional(
    Type.Object({
      spatial: Type.Optional(
        Type.Object({ bbox: Type.Array(Type.Array(Type.Number())), crs: Type.String() }),
      ),
      temporal: Type.Optional(
        Type.Object({
          interval: Type.Array(Type.Array(Type.Union([Type.String(), Type.Null()]))),
          trs: Type.String(),
        }),
      ),
    }),
  ),
  links,
})

export const collectionsBody = Type.Object({ links, collections: Type.Array(collectionBody) })

export const geometry = Type.Object({ type: Type.String() }, { additionalProperties: true })
export const properties = Type.Object({}, { additionalProperties: true })

/** RFC 7946 §3.2 */
export const featureMembers = {
  type: Type.Literal('Feature'),
  id: Type.String(),
  geometry,
  properties,
}

export const featureBody = Type.Object({ ...featureMembers, attribution, links })

export function featureCollectionOf(feature: TSchema) {
  return Type.Object({
    type: Type.Literal('FeatureCollection'),
    numberReturned: Type.Integer(),
    numberMatched: Type.Optional(
      Type.Integer({ description: 'On the first page, unless it takes too long to count.' }),
    ),
    attribution,
    links: Type.Array(link, { description: '`next` is there when more features follow.' }),
    features: Type.Array(feature),
    timeStamp: Type.String({ format: 'date-time' }),
  })
}

export const nearbyFeature = Type.Object({
  ...featureMembers,
  distanceMeters: Type.Number({ description: 'From the point, along a great circle.' }),
})

const problem = Type.Object(
  { title: Type.String(), status: Type.Integer(), detail: Type.String() },
  { additionalProperties: true },
)

/** RFC 9457 answers by status. */
export function problems(descriptions: Record<number, string>) {
  return Object.fromEntries(
    Object.entries(descriptions).map(([status, description]) => [
      status,
      { description, content: { 'application/problem+json': { schema: problem } } },
    ]),
  )
}

const html = { 'text/html': { schema: Type.String() } }

export function ok(
  description: string,
  type: string,
  schema: TSchema,
  faults: Record<number, string>,
) {
  return {
    200: { description, content: { [type]: { schema }, ...html } },
    ...problems(faults),
  }
}

export const json = (description: string, schema: TSchema, faults: Record<number, string> = {}) =>
  ok(description, 'application/json', schema, faults)
export const geoJson = (description: string, schema: TSchema, faults: Record<number, string>) =>
  ok(description, 'application/geo+json', schema, faults)
export const jsonSchema = (description: string, faults: Record<number, string>) =>
  ok(description, 'application/schema+json', properties, faults)

export const BAD = 'A parameter is wrong; the answer names it.'
export const ABSENT = 'There is no such thing for this caller.'
