import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { MapsContext } from './context.ts'
import type { CollectionParams, FeatureParams } from './query-schemas.ts'
import { READ } from './read-access.ts'
import { FEATURE_TYPES, PATCH_TYPES } from './read-body.ts'

/** What may be done with features, by OPTIONS (20-002r1, /req/create-replace-delete/options-op). */
export function optionsRoutes(app: FastifyInstance, { getCollection }: MapsContext): void {
  /** Which methods there are for this caller (20-002r1, /req/create-replace-delete/options-response). */
  async function sendOptions(
    request: FastifyRequest<{ Params: CollectionParams }>,
    reply: FastifyReply,
    methods: string[],
    accepted: Record<string, string>,
  ): Promise<FastifyReply> {
    const { scope, collection } = await getCollection(request, request.params.collectionId)
    const writable = scope.write(collection.id) !== 'none'
    return reply
      .headers({
        allow: ['GET', 'HEAD', 'OPTIONS', ...(writable ? methods : [])].join(', '),
        ...(writable && accepted),
      })
      .send()
  }

  app.options<{ Params: CollectionParams }>(
    '/collections/:collectionId/items',
    { schema: { hide: true }, config: { endpoint: 'maps.items.options', access: READ } },
    (request, reply) =>
      sendOptions(request, reply, ['POST'], { 'accept-post': FEATURE_TYPES.join(', ') }),
  )

  app.options<{ Params: FeatureParams }>(
    '/collections/:collectionId/items/:featureId',
    { schema: { hide: true }, config: { endpoint: 'maps.item.options', access: READ } },
    (request, reply) =>
      sendOptions(request, reply, ['PUT', 'PATCH', 'DELETE'], {
        'accept-patch': PATCH_TYPES.join(', '),
      }),
  )
}
