import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Apis } from '../../access/scopes/apis.ts'
import { requestedScopes } from '../../access/scopes/requested-scopes.ts'
import type { Grant } from '../../oauth/grants/grant.ts'
import type { IssuedTokens, TokenEndpoint } from '../../oauth/token.ts'
import { invalidScope } from '../../protocol/oauth-error.ts'
import { mapsIndoorsError } from './errors.ts'
import { translateBack } from './profile.ts'

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
      requireIntegration(scope)
      const translated = scope === null ? null : 'maps/.default'
      return requestedScopes(apis, client.scopes, translated, form.all('resource'))
    },
  }
}

/** @throws OAuthError invalid_scope when another one is asked for by a script or its user */
export function requireIntegration(scope: string | null): void {
  if (scope === null || scope === INTEGRATION) return
  throw invalidScope('The only scope here is integration.')
}

/**
 * `{"access_token", "expires_in", "token_type", "scope"}`, in the order of the documentation; what
 * comes of the code flow has an ID token and a refresh token beside it.
 */
export function integrationAnswer(issued: IssuedTokens): object {
  const { accessToken, claims, refreshToken, idToken, grantType } = issued
  const isApp = grantType === 'authorization_code' || grantType === 'refresh_token'
  return {
    ...(idToken !== null && { id_token: idToken }),
    access_token: accessToken,
    expires_in: claims.exp - claims.iat,
    token_type: claims.cnf ? 'DPoP' : 'Bearer',
    ...(refreshToken !== null && { refresh_token: refreshToken }),
    // Scripts know one scope; apps are told what they got.
    scope: isApp ? translateBack(claims.scope) : INTEGRATION,
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
          grant_type: Type.String({
            description: '`client_credentials`, `password`, `authorization_code`, `refresh_token`',
          }),
          client_id: Type.String({ description: 'With `password`: `client`.' }),
          client_secret: Type.Optional(Type.String()),
          scope: Type.Optional(Type.String({ description: '`integration`' })),
          username: Type.Optional(Type.String({ description: 'The e-mail address.' })),
          password: Type.Optional(Type.String()),
          code: Type.Optional(Type.String()),
          code_verifier: Type.Optional(Type.String()),
          redirect_uri: Type.Optional(Type.String()),
          refresh_token: Type.Optional(Type.String()),
        }),
        response: {
          200: Type.Object({
            access_token: Type.String(),
            expires_in: Type.Integer({ description: `Seconds: ${LIFETIME_SECONDS}.` }),
            token_type: Type.String({ description: 'Bearer' }),
            scope: Type.String({ description: INTEGRATION }),
            id_token: Type.Optional(
              Type.String({ description: 'In the code flow, with `openid`.' }),
            ),
            refresh_token: Type.Optional(Type.String({ description: 'In the code flow.' })),
          }),
          400: mapsIndoorsError,
          429: mapsIndoorsError,
        },
      },
    },
    token,
  )
}
