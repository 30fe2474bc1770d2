import type { FastifyInstance } from 'fastify'
import type { TokenEndpoint } from '../../oauth/token.ts'
import { answerGraphError, GraphError } from './errors.ts'
import type { GraphData } from './graph/imagery.ts'
import { imageRoutes } from './graph/images.ts'
import { type LoginOptions, loginRoute } from './graph/login.ts'
import { entityRoutes } from './graph/me.ts'
import { tokenRoute } from './graph/token.ts'
import { type WwwOptions, wwwRoutes } from './www.ts'

/**
 * The Mapillary dialect: what an application written from Mapillary's documentation calls, under
 * another base URL.
 *
 * | documented base                | here                |
 * | ------------------------------ | ------------------- |
 * | `https://www.mapillary.com`    | `/mapillary/www`    |
 * | `https://graph.mapillary.com`  | `/mapillary/graph`  |
 *
 * - `/connect` is the core's authorization endpoint with a profile (`www.ts`), and `POST /token` the
 *   core's pipeline with another way to log in, to refresh and to answer (`graph/token.ts`).
 * - The graph reads the collections `images` and `sequences` of the map store (`graph/imagery.ts`,
 *   `graph/images.ts`, `graph/me.ts`) with client tokens (`access/client-tokens`) or for a person.
 * - `POST /login` is for Mapillary's own tools (`graph/login.ts`).
 *
 * Its grants have an issuer of their own: a code from `/connect` is redeemed at this `/token` only.
 * Errors have Mapillary's envelope (`errors.ts`).
 */
export async function mapillaryDialect(
  app: FastifyInstance,
  options: GraphData &
    Parameters<typeof entityRoutes>[1] &
    LoginOptions &
    WwwOptions & { token: TokenEndpoint },
): Promise<void> {
  await app.register(async (www) => wwwRoutes(www, options))
  await app.register(
    async (graph) => {
      graph.setErrorHandler(answerGraphError)
      graph.setNotFoundHandler((request) => {
        throw new GraphError({
          status: 400,
          message: `Unknown path components: ${request.url.split('?')[0]!.slice(0, 200)}`,
          type: 'OAuthException',
          code: 2_500,
        })
      })
      await tokenRoute(graph, options.token)
      loginRoute(graph, options)
      imageRoutes(graph, options)
      entityRoutes(graph, options)
    },
    { prefix: '/mapillary/graph' },
  )
}
