import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Apis } from '../../access/scopes/apis.ts'
import { requestedScopes } from '../../access/scopes/requested-scopes.ts'
import type { IssuedToken } from '../../access/tokens/issue.ts'
import type { Grant } from '../../oauth/grants/grant.ts'
import type { TokenEndpoint } from '../../oauth/token.ts'
import { invalidScope } from '../../protocol/oauth-error.ts'
import { mapsIndoorsError } from './errors.ts'

/** `expires_in` of every token, as the documentation shows it. */
export const LIFETIME_SECONDS = 86_400

/** What the Integration API calls all that a client may do with map data. */
const INTEGRATION = 'integration'

/** RFC 6749 §4.4 with the scope `integration`; an absent scope means what it means in the core. */
export function integrationGrant({ apis }: { apis: Apis }): Grant {
  return {
    type: 'client_credentials',
    confidentialOnly: true,
    decide({ client }, form) {
      const scope = form.get('scope')
      if (scope !== null && scope !== INTEGRATION) {
        throw invalidScope('The only scope here is integration.')
      }
      const translated = scope === null ? null : 'maps/.default'
      return requestedScopes(apis, client.scopes, translated, form.all('resource'))
    },
  }
}

/** `{"access_token", "expires_in", "token_type", "scope"}`, in the order of the documentation. */
export function integrationAnswer({ accessToken, claims }: IssuedToken): object {
  return {
    access_token: accessToken,
    expires_in: claims.exp - claims.iat,
    token_type: 'Bearer',
    scope: INTEGRATION,
  }
}

export function tokenRoute(app: FastifyInstance, token: TokenEndpoint): void {
  app.post(
    '/connect/token',
    {
      config: {
        endpoint: 'mapsindoors.token',
        access: { public: true, limit: { quota: 6_000, windowSeconds: 60 } },
      },
      schema: {
        summary: 'Get an access token as at MapsIndoors',
        tags: ['MapsIndoors'],
        consumes: ['application/x-www-form-urlencoded'],
        body: Type.Object({
          grant_type: Type.String({ description: '`client_credentials`' }),
          client_id: Type.String(),
          client_secret: Type.String(),
          scope: Type.Optional(Type.String({ description: '`integration`' })),
        }),
        response: {
          200: Type.Object({
            access_token: Type.String(),
            expires_in: Type.Integer({ description: `Seconds: ${LIFETIME_SECONDS}.` }),
            token_type: Type.String({ description: 'Bearer' }),
            scope: Type.String({ description: INTEGRATION }),
          }),
          400: mapsIndoorsError,
          429: mapsIndoorsError,
        },
      },
    },
    token,
  )
}
