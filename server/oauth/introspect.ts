import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Apis } from '../access/scopes/apis.ts'
import type { AccessTokenClaims } from '../access/tokens/access-token.ts'
import type { VerifyToken } from '../access/tokens/verify.ts'
import type { Client } from '../access/clients/client.ts'
import { requireForm } from '../http/forms.ts'
import type { LimitCall } from '../http/route.ts'
import type { AuthenticateClient } from './client-authentication.ts'

/**
 * Token introspection (RFC 7662). A client learns of its own tokens, an API's own client of all
 * tokens for its audience; of any other token only that it is not active.
 */
export function createIntrospectionEndpoint(options: {
  authenticateClient: AuthenticateClient
  verifyToken: VerifyToken
  apis: Apis
  limitCall: LimitCall
}) {
  const { authenticateClient, verifyToken, apis, limitCall } = options

  function mayLearn(client: Client, claims: AccessTokenClaims): boolean {
    if (claims.client_id === client.id) return true
    const audience = client.apiId && apis.get(client.apiId)?.audience
    return Boolean(audience) && [claims.aud].flat().includes(audience as string)
  }

  return async function introspect(request: FastifyRequest, reply: FastifyReply): Promise<object> {
    const form = requireForm(request)
    const { client, secretId } = await authenticateClient(request, form)
    request.principal = { clientId: client.id, secretId }
    await limitCall(request, reply, client.id)
    void reply.header('cache-control', 'no-store')
    const outcome = await verifyToken(form.require('token'))
    if (outcome.kind === 'invalid' || !mayLearn(client, outcome.caller.claims)) {
      return { active: false }
    }
    const { narrowed: _, ...claims } = outcome.caller.claims
    return { active: true, token_type: 'Bearer', ...claims }
  }
}
