import type { FastifyInstance } from 'fastify'
import { acceptForms } from '../../http/forms.ts'
import type { TokenEndpoint } from '../../oauth/token.ts'
import { invalidRequest } from '../../protocol/oauth-error.ts'
import { type ClientSecretRoutesOptions, clientSecretRoutes } from './client-secrets.ts'
import { answerMapsIndoorsError } from './errors.ts'
import { type OpenIdOptions, openIdRoutes } from './openid.ts'
import { AUTH_PREFIX } from './profile.ts'
import { tokenRoute } from './token.ts'

/**
 * The MapsIndoors dialect: what a script or an app written from MapsPeople's documentation calls, under
 * another base URL (`https://auth.mapsindoors.com` is `/mapsindoors/auth`). It is an issuer of its own.
 *
 * - `POST /connect/token` is the core's pipeline with an answer and grants of its own (`token.ts`), of
 *   which `password` (`password.ts`, `fixed-client.ts`) is nowhere else.
 * - `/.well-known/openid-configuration` and the other paths below `/connect` are the core's endpoints
 *   under the names of IdentityServer4 (`openid.ts`); `profile.ts` translates scopes.
 * - `/api/clientcredentials` lists, creates and deletes a client's secrets (`client-secrets.ts`); on
 *   whose (`secret-owners.ts`) and by whom is decided in `access/secrets`.
 *
 * The server behind the original is IdentityServer4, and errors have its form (`errors.ts`).
 */
export async function mapsIndoorsDialect(
  app: FastifyInstance,
  options: ClientSecretRoutesOptions & OpenIdOptions & { token: TokenEndpoint },
): Promise<void> {
  await app.register(async (auth) => openIdRoutes(auth, options), { prefix: AUTH_PREFIX })
  await app.register(
    async (auth) => {
      auth.setErrorHandler(answerMapsIndoorsError)
      acceptForms(auth)
      acceptEmptyBodies(auth)
      // Queries and forms are judged by hand, so that the form of errors is the same for all faults.
      auth.setValidatorCompiler(() => () => true)
      // IdentityServer4's way to keep tokens and secrets out of caches, errors included.
      auth.addHook('onSend', async (_request, reply) => {
        void reply.headers({ 'cache-control': 'no-store, no-cache, max-age=0', pragma: 'no-cache' })
      })
      tokenRoute(auth, options.token)
      clientSecretRoutes(auth, options)
    },
    { prefix: AUTH_PREFIX },
  )
}

/** Many clients name a content type on requests without a body. */
function acceptEmptyBodies(auth: FastifyInstance): void {
  auth.removeContentTypeParser('*')
  auth.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
    body.length === 0
      ? done(null, null)
      : done(invalidRequest('The content type must be application/x-www-form-urlencoded.')),
  )
}
