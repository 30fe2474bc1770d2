import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { Caller } from '../../access/tokens/access-token.ts'
import { ABSENT, problems } from '../features/answer-schemas.ts'
import { READ } from '../features/read-access.ts'
import { refuseCollection } from '../features/refuse-collection.ts'
import type { MapStore } from '../store/map-store.ts'
import { exportCollection } from './export-collection.ts'
import { EXPORT_FORMATS, EXPORT_MEDIA_TYPES } from './formats.ts'

export interface ExportRoutesOptions {
  store: MapStore
  /** What a caller may see by now, which changes while the answer is under way. */
  scopeByNow: (caller: Caller | null, countedAs: string) => Promise<AccessScope>
  /** @throws BearerError 401 for a call without a token, where one is needed */
  needToken: (request: FastifyRequest) => never
}

const params = Type.Object({
  collectionId: Type.String({ pattern: '^[^\\x00-\\x1F\\x7F]{1,200}$' }),
})

const querystring = Type.Object(
  {
    format: Type.Optional(
      Type.Enum([...EXPORT_FORMATS], { description: 'What to write; default: geojson.' }),
    ),
    access_token: Type.Optional(
      Type.String({ description: 'The access token, for clients that can send no header.' }),
    ),
  },
  { additionalProperties: false },
)

/** All of a collection that the caller sees, in one answer that never is in memory whole. */
export async function exportRoutes(
  app: FastifyInstance,
  { store, scopeByNow, needToken }: ExportRoutesOptions,
): Promise<void> {
  app.get<{ Params: Static<typeof params>; Querystring: Static<typeof querystring> }>(
    '/collections/:collectionId/export',
    {
      schema: {
        tags: ['Map data'],
        summary: 'All features of a collection, as a file',
        description:
          'What an import of the same format reads again. Only what the token sees is in it.',
        params,
        querystring,
        response: {
          200: {
            description: 'The features.',
            content: Object.fromEntries(
              Object.values(EXPORT_MEDIA_TYPES).map((type) => [type, { schema: Type.String() }]),
            ),
          },
          ...problems({ 400: 'A parameter is wrong; the answer names it.', 404: ABSENT }),
        },
      },
      config: { endpoint: 'maps.export', access: READ },
    },
    async (request, reply) => {
      const { caller, countedAs } = request
      const { collectionId } = request.params
      const { format = 'geojson' } = request.query
      const text = await exportCollection({
        store,
        // Asked anew for each page: what ends meanwhile, ends the answer.
        scope: () => scopeByNow(caller, countedAs),
        collectionId,
        format,
      })
      if (!text) return refuseCollection(needToken, request, collectionId)
      return reply
        .type(EXPORT_MEDIA_TYPES[format])
        .header('content-disposition', `attachment; filename="${collectionId}.${format}"`)
        .header('cache-control', 'private, no-store')
        .header('vary', 'Authorization')
        .send(Readable.from(text, { objectMode: false }))
    },
  )
}
