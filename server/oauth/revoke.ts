import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Actor, clientActor } from '../access/audit/actor.ts'
import type { Client } from '../access/clients/client.ts'
import type { Grants } from '../access/grants/grants.ts'
import type { RefreshTokens } from '../access/grants/refresh-tokens.ts'
import type { TokenRevocation } from '../access/tokens/revocation.ts'
import type { VerifyToken } from '../access/tokens/verify.ts'
import { isClientTokenText } from '../access/client-tokens/client-tokens.ts'
import type { Clock } from '../lib/clock.ts'
import { requireForm } from '../http/forms.ts'
import { OAuthError } from '../protocol/oauth-error.ts'
import type { AuthenticateClient } from './client-authentication.ts'
import type { LimitClient } from './limit-client.ts'

/**
 * Token revocation (RFC 7009). A token that we never issued counts as revoked; one of another client is
 * refused (§2.1). One that is not valid at the moment is revoked too, for its account or client may be
 * suspended only. A refresh token takes its grant along, with all that came of it.
 */
export function createRevocationEndpoint(options: {
  authenticateClient: AuthenticateClient
  verifyToken: VerifyToken
  tokenRevocation: TokenRevocation
  refreshTokens: Pick<RefreshTokens, 'find'>
  grants: Pick<Grants, 'revoke'>
  limitClient: LimitClient
  clock: Clock
}) {
  const { authenticateClient, verifyToken, tokenRevocation, limitClient, clock } = options
  const { refreshTokens, grants } = options

  async function revokeRefreshToken(client: Client, actor: Actor, token: string): Promise<void> {
    const found = await refreshTokens.find(token)
    if (!found) return
    if (found.clientId !== client.id) throw ofOtherClient()
    await grants.revoke(actor, found.grant.id, 'refresh token revoked')
  }

  async function revokeAccessToken(client: Client, actor: Actor, token: string): Promise<void> {
    if (isClientTokenText(token)) {
      const outcome = await verifyToken(token)
      if (outcome.kind === 'invalid') return
      if (outcome.caller.clientId !== client.id) throw ofOtherClient()
      // RFC 7009 §2.2.1: whoever reads a page's source has it, and must not end it for all others.
      throw new OAuthError(
        'unsupported_token_type',
        'A client token is replaced by its owner, not revoked.',
      )
    }
    const claims = await verifyToken.claimsOf(token)
    if (!claims || claims.exp * 1_000 <= clock.now()) return
    if (claims.client_id !== client.id) throw ofOtherClient()
    await tokenRevocation.revoke(actor, claims)
  }

  return async function revoke(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const form = requireForm(request)
    const authenticated = await authenticateClient(request, form)
    const { client, secretId } = authenticated
    request.principal = { clientId: client.id, secretId }
    await limitClient(request, reply, authenticated)
    const token = form.require('token')
    const actor = clientActor(request.principal, request)
    await (token.startsWith('mgr_')
      ? revokeRefreshToken(client, actor, token)
      : revokeAccessToken(client, actor, token))
    // RFC 7009 §2.2: the body means nothing; but there are clients that take no answer but JSON.
    void reply.header('cache-control', 'no-store').type('application/json').send('{}')
  }
}

const ofOtherClient = () =>
  new OAuthError('unauthorized_client', 'The token was issued to another client.')
