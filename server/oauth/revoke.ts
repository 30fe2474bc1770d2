import type { FastifyReply, FastifyRequest } from 'fastify'
import { clientActor } from '../access/audit/actor.ts'
import type { TokenRevocation } from '../access/tokens/revocation.ts'
import type { VerifyToken } from '../access/tokens/verify.ts'
import { requireForm } from '../http/forms.ts'
import type { LimitCall } from '../http/route.ts'
import { OAuthError } from '../protocol/oauth-error.ts'
import type { AuthenticateClient } from './client-authentication.ts'

/**
 * Token revocation (RFC 7009). A token that is not valid any more counts as revoked; one of another
 * client is refused (§2.1).
 */
export function createRevocationEndpoint(options: {
  authenticateClient: AuthenticateClient
  verifyToken: VerifyToken
  tokenRevocation: TokenRevocation
  limitCall: LimitCall
}) {
  const { authenticateClient, verifyToken, tokenRevocation, limitCall } = options

  return async function revoke(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const form = requireForm(request)
    const { client, secretId } = await authenticateClient(request, form)
    request.principal = { clientId: client.id, secretId }
    await limitCall(request, reply, client.id)
    const outcome = await verifyToken(form.require('token'))
    if (outcome.kind === 'valid') {
      const { claims } = outcome.caller
      if (claims.client_id !== client.id) {
        throw new OAuthError('unauthorized_client', 'The token was issued to another client.')
      }
      await tokenRevocation.revoke(clientActor(request.principal, request), claims)
    }
    void reply.code(200).header('cache-control', 'no-store').send()
  }
}
