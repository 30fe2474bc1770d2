import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IssuedToken, IssueToken } from '../access/tokens/issue.ts'
import { requireForm } from '../http/forms.ts'
import type { LimitCall } from '../http/route.ts'
import { OAuthError } from '../protocol/oauth-error.ts'
import type { AuthenticateClient, AuthenticatedClient } from './client-authentication.ts'
import type { Grant } from './grants/grant.ts'

/**
 * The token endpoint (RFC 6749 §3.2): one pipeline that no grant can bypass. Grants bring only their
 * own part (`grants/`). Dialects call `createTokenEndpoint` with their own grants, ways of client
 * authentication and form of the answer.
 */
export interface TokenEndpoint {
  (request: FastifyRequest, reply: FastifyReply): Promise<void>
}

export function createTokenEndpoint(options: {
  authenticateClient: AuthenticateClient
  grants: readonly Grant[]
  issueToken: IssueToken
  limitCall: LimitCall
  /** null: the client's own lifetime. */
  lifetimeSeconds?: number | null
  toAnswer?: (issued: IssuedToken) => object
}): TokenEndpoint {
  const { authenticateClient, issueToken, limitCall, lifetimeSeconds = null } = options
  const toAnswer = options.toAnswer ?? tokenAnswer
  const grants = new Map<string, Grant>(options.grants.map((grant) => [grant.type, grant]))

  return async function token(request, reply) {
    // 1. The form, and the grant it asks for.
    const form = requireForm(request)
    const grantType = form.require('grant_type')

    // 2. and 3. Attempts left? Who is it? Before anything is said of grants and scopes.
    const authenticated = await authenticateClient(request, form)
    request.principal = { clientId: authenticated.client.id, secretId: authenticated.secretId }
    await limitCall(request, reply, authenticated.client.id)

    // 4. May this client use this grant?
    const grant = permittedGrant(grants, grantType, authenticated)

    // 5. The grant's own part.
    const decided = await grant.decide(authenticated, form)

    // 6. Issue. Recording (7.) is by `request.principal`, when the answer is out.
    const { client, secretId } = authenticated
    const issued = issueToken({
      client,
      secretId,
      ...decided,
      lifetimeSeconds: lifetimeSeconds ?? client.tokenLifetimeSeconds,
    })

    // 8. RFC 6749 §5.1: tokens are not stored by caches.
    void reply
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(JSON.stringify(toAnswer(issued)))
  }
}

function permittedGrant(
  grants: ReadonlyMap<string, Grant>,
  grantType: string,
  { client }: AuthenticatedClient,
): Grant {
  const grant = grants.get(grantType)
  if (!grant) throw new OAuthError('unsupported_grant_type', 'The grant_type is not supported.')
  const barred = grant.confidentialOnly && client.type !== 'confidential'
  if (barred || !client.grants.includes(grant.type)) {
    throw new OAuthError('unauthorized_client', 'The client may not use this grant_type.')
  }
  return grant
}

/** RFC 6749 §5.1, and `not_before`, `expires_on` and `resource` as Mapiq has them. */
function tokenAnswer({ accessToken, claims }: IssuedToken): object {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: claims.exp - claims.iat,
    scope: claims.scope,
    not_before: claims.nbf,
    expires_on: claims.exp,
    resource: Array.isArray(claims.aud) ? claims.aud[0] : claims.aud,
  }
}
