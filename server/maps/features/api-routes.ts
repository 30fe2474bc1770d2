import type { FastifyInstance } from 'fastify'
import { mapsDefinition, type OpenApiDocument } from './api-definition.ts'
import { allowCaching } from './caching.ts'
import type { MapsContext } from './context.ts'
import { sendApiPage } from './html/api-page.ts'
import { OPENAPI_TYPE } from './links.ts'
import { wantsHtml } from './representation.ts'
import type { PlainQuery } from './query-schemas.ts'
import * as schemas from './schemas.ts'

/** The definition of the map data API (17-069r4 §7.3), which names no collection, so anybody may have it. */
export function apiRoutes(app: FastifyInstance, { publicUrl }: MapsContext): void {
  let definition: { document: OpenApiDocument; text: string } | null = null
  function define() {
    const document = mapsDefinition(app.swagger(), { prefix: app.prefix, publicUrl })
    return { document, text: JSON.stringify(document) }
  }

  app.get<{ Querystring: PlainQuery }>(
    '/api',
    { schema: schemas.api, config: { endpoint: 'maps.api', access: { public: true } } },
    async (request, reply) => {
      // All routes are there by the first request, and none comes after it.
      definition ??= define()
      allowCaching(request, reply, [])
      if (wantsHtml(request)) return sendApiPage(request, reply, definition.document)
      return reply.header('content-type', OPENAPI_TYPE).send(Buffer.from(definition.text))
    },
  )
}
