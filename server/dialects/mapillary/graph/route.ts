import type {
  FastifyInstance,
  RouteGenericInterface,
  RouteHandlerMethod,
  RouteShorthandOptions,
} from 'fastify'
import type {
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import { type TSchema, Type } from 'typebox'
import type { ProtectedAccess } from '../../../http/route.ts'
import { graphErrors } from '../errors.ts'

/** How endpoints of the graph are declared. */

type Options = RouteShorthandOptions & { schema: object }

/** A GET route that takes a slash at its end too: some clients of Mapillary send one. */
export function getRoute<Generic extends RouteGenericInterface>(
  app: FastifyInstance,
  path: string,
  options: Options,
  handler: RouteHandlerMethod<
    RawServerDefault,
    RawRequestDefaultExpression,
    RawReplyDefaultExpression,
    Generic
  >,
): void {
  const route = options as RouteShorthandOptions<
    RawServerDefault,
    RawRequestDefaultExpression,
    RawReplyDefaultExpression,
    Generic
  >
  app.get<Generic>(path, route, handler)
  // The API reference has each once.
  app.get<Generic>(`${path}/`, { ...route, schema: { ...options.schema, hide: true } }, handler)
}

/** As documented for the entity endpoints, an application and minute. */
const ENTITY_LIMIT = { quota: 50_000, windowSeconds: 60 }

/**
 * The documentation's samples have tokens in the query, whoever they act for.
 */
export const graphAccess: ProtectedAccess = {
  scope: 'read',
  limit: ENTITY_LIMIT,
  queryToken: 'any',
}

/** An endpoint that reads map data. */
export function graphRead(
  endpoint: string,
  summary: string,
  schema: { querystring?: TSchema; params?: TSchema },
): Options {
  return {
    config: { endpoint, access: graphAccess },
    schema: {
      summary,
      tags: ['Mapillary'],
      ...schema,
      response: { 200: anyObject, ...graphErrors },
    },
  }
}

const anyObject = Type.Object({}, { additionalProperties: true })
