import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Grants } from '../../../access/grants/grants.ts'
import type { Apis } from '../../../access/scopes/apis.ts'
import type { VerifyToken } from '../../../access/tokens/verify.ts'
import { authorizationHeaders } from '../../../http/authorization.ts'
import type { CredentialReader } from '../../../oauth/client-authentication-readers.ts'
import type { Grant } from '../../../oauth/grants/grant.ts'
import { grantedScopes } from '../../../oauth/grants/granted-scopes.ts'
import type { IssuedTokens, TokenEndpoint } from '../../../oauth/token.ts'
import { invalidGrant, invalidRequest } from '../../../protocol/oauth-error.ts'
import { graphErrors } from '../errors.ts'
import { acceptTokenParameters } from './token-parameters.ts'

/** `Authorization: OAuth <client secret>`, beside `client_id` in the body. */
export const readOAuthSecret: CredentialReader = (request, form) => {
  const [header, ...others] = authorizationHeaders(request)
  if (header === undefined) return null
  if (others.length > 0) throw invalidRequest('There is more than one Authorization header.')
  const secret = /^(?:oauth|bearer) +(\S{1,500}) *$/i.exec(header)?.[1]
  if (secret === undefined) {
    throw invalidRequest('The Authorization header must be OAuth with the client secret.')
  }
  return { kind: 'secret', clientId: form.require('client_id'), secret }
}

/**
 * RFC 6749 §6, and beside it what Mapillary's documentation and its clients do: the access token, as
 * long as it is valid, stands for itself and gets a successor. A token refreshed so brings no refresh
 * token along, and none outlives the grant.
 */
export function refreshGrant(options: {
  /** The core's own. */
  refresh: Grant
  verifyToken: VerifyToken
  grants: Pick<Grants, 'find'>
  apis: Apis
  userinfo: string
  clock: { now(): number }
}): Grant {
  const { refresh, verifyToken, grants, apis, userinfo, clock } = options
  return {
    ...refresh,
    async decide(authenticated, form, request) {
      const presented = form.require('refresh_token')
      // Refresh tokens of ours have no dot, JWTs have two.
      if (!presented.includes('.')) return refresh.decide(authenticated, form, request)
      const { client } = authenticated
      const outcome = await verifyToken(presented)
      if (outcome.kind === 'invalid') throw refused(outcome.reason)
      const { caller } = outcome
      if (caller.clientId !== client.id) throw refused('access_token_of_other_client')
      if (caller.jkt !== request.jkt) throw refused('access_token_of_other_key')
      const grant = caller.grantId === null ? null : await grants.find(caller.grantId)
      if (!grant || grant.revoked) throw refused('access_token_without_grant')
      if (grant.issuer !== request.issuer) throw refused('access_token_of_other_issuer')
      const secondsLeft = Math.floor((grant.expiresAt - clock.now()) / 1_000)
      if (secondsLeft <= 0) throw refused('grant_expired')
      // What the token was narrowed to stays so.
      const held = { scopes: caller.scopes, audience: [caller.claims.aud].flat() }
      const decided = grantedScopes({
        apis,
        client,
        grant: held,
        scope: form.get('scope'),
        resources: form.all('resource'),
        userinfo,
      })
      return {
        ...decided,
        narrowed: decided.narrowed || caller.narrowed,
        grant,
        lifetimeSeconds: Math.min(client.tokenLifetimeSeconds, secondsLeft),
        refresh: null,
      }
    },
  }
}

const refused = (reason: string) => invalidGrant('The token is not valid.', reason)

/** `{"access_token", "expires_in", "token_type", "refresh_token"}`; JOSM wants `bearer` in lower case. */
export function graphAnswer({ accessToken, claims, refreshToken }: IssuedTokens): object {
  return {
    access_token: accessToken,
    expires_in: claims.exp - claims.iat,
    token_type: 'bearer',
    ...(refreshToken !== null && { refresh_token: refreshToken }),
  }
}

/** In a scope of its own, because of how it reads bodies. */
export async function tokenRoute(app: FastifyInstance, token: TokenEndpoint): Promise<void> {
  await app.register(async (scope) => {
    acceptTokenParameters(scope)
    // Judged by hand, as at the core's token endpoint.
    scope.setValidatorCompiler(() => () => true)
    const config = {
      endpoint: 'mapillary.token',
      access: { public: true as const, limit: { quota: 6_000, windowSeconds: 60 } },
    }
    const schema = {
      summary: 'Get an access token as at Mapillary',
      description: 'The client secret comes as `Authorization: OAuth <client secret>`.',
      tags: ['Mapillary'],
      consumes: ['application/json', 'application/x-www-form-urlencoded'],
      body: tokenBody,
      response: { 200: tokenAnswer, ...graphErrors },
    }
    scope.post('/token', { config, schema }, token)
    scope.post('/token/', { config, schema: { ...schema, hide: true } }, token)
  })
}

const tokenBody = Type.Object({
  grant_type: Type.String({ description: '`authorization_code` or `refresh_token`' }),
  client_id: Type.String(),
  code: Type.Optional(Type.String()),
  redirect_uri: Type.Optional(Type.String()),
  refresh_token: Type.Optional(
    Type.String({ description: 'The refresh token, or the access token while it is valid.' }),
  ),
})

const tokenAnswer = Type.Object({
  access_token: Type.String(),
  expires_in: Type.Integer({ description: 'Seconds.' }),
  token_type: Type.String({ description: 'bearer' }),
  refresh_token: Type.Optional(
    Type.String({ description: 'Not when an access token was refreshed.' }),
  ),
})
