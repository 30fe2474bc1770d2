import { type TObject, type TProperties, type TSchema, Type } from 'typebox'
import type { ProtectedAccess } from '../http/route.ts'

/** What the routes under `/admin` declare alike. */
export function adminRoute<Schema extends RouteSchema>(
  endpoint: `admin.${string}`,
  scope: 'operate' | null,
  { response, ...schema }: Schema,
) {
  const access: ProtectedAccess = { scope, limit: { quota: 600, windowSeconds: 60 } }
  return {
    config: { endpoint, access },
    schema: { tags: ['Management'], ...schema, response: { ...refusals, ...response } },
  }
}

interface RouteSchema {
  summary: string
  description?: string
  params?: TObject
  querystring?: TObject
  body?: TObject
  response: Record<number, TSchema | DescribedResponse>
}

/** A response whose content types are named: problem details have one of their own. */
interface DescribedResponse {
  description: string
  content: Record<string, { schema: TSchema }>
}

/** An object that takes no other members. */
export const strict = <Properties extends TProperties>(
  properties: Properties,
  options: { description?: string; minProperties?: number } = {},
) => Type.Object(properties, { additionalProperties: false, ...options })

/** One line; without what Postgres does not store (NUL) or UTF-8 does not know. */
export const line = (maximum: number, description = '') =>
  Type.String({
    minLength: 1,
    maxLength: maximum,
    pattern: '^[^\\p{Cc}\\p{Cs}]+$',
    description,
  })

/** Several lines, or none. */
export const prose = (maximum: number, description = '') =>
  Type.String({
    maxLength: maximum,
    pattern: '^(?:[^\\p{Cc}\\p{Cs}]|[\\t\\n\\r])*$',
    description,
  })

/** An id in a path or query; what there is not is a 404, so this only keeps out what no id can be. */
export const idParameter = line(200)

/** ISO 8601 with an offset (RFC 3339). */
export const dateTime = (description = '') => Type.String({ format: 'date-time', description })

export const nullable = <Schema extends TSchema>(schema: Schema) =>
  Type.Union([schema, Type.Null()])

/** A refusal as RFC 9457 writes it. */
export const problemResponse = (description: string): DescribedResponse => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
})

const problemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    parameter: Type.Optional(Type.String({ description: 'The parameter that is at fault.' })),
  },
  { additionalProperties: true },
)

const refusals = {
  400: problemResponse('A parameter is missing or not valid.'),
  401: problemResponse('There is no valid access token.'),
  403: problemResponse('The token is good, but not for this.'),
  429: problemResponse('Too many calls.'),
}

export const notFoundResponse = {
  404: problemResponse('There is no such object, or it is not the caller’s to see.'),
}

export const noContent = Type.Null({ description: 'Done.' })

/** Wire times are ISO 8601, ours epoch milliseconds. */
export const toIso = (at: number): string => new Date(at).toISOString()
export const toIsoOrNull = (at: number | null): string | null => (at === null ? null : toIso(at))
