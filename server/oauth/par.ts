import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  PUSHED_LIFETIME_SECONDS,
  type PushedRequests,
} from '../access/interactions/pushed-requests.ts'
import { requireForm } from '../http/forms.ts'
import { invalidRequest, OAuthError } from '../protocol/oauth-error.ts'
import { judgeRequest, type JudgeOptions } from './authorize/judge.ts'
import { AUTHORIZATION_PARAMETERS, withinBounds } from './authorize/parameters.ts'
import type { AuthorizationProfile } from './authorize/profile.ts'
import { proveTarget } from './authorize/target.ts'
import type { AuthenticateClient } from './client-authentication.ts'
import type { ProveKey } from './dpop.ts'
import type { LimitClient } from './limit-client.ts'

/**
 * Pushed authorization requests (RFC 9126): the client says itself what it will ask a person for, and
 * gets a name for it, so that nothing of it can be changed or read on the way through the browser.
 */
export function createPushEndpoint(
  options: JudgeOptions & {
    profile: AuthorizationProfile
    authenticateClient: AuthenticateClient
    proveKey: ProveKey
    pushedRequests: Pick<PushedRequests, 'push'>
    limitClient: LimitClient
  },
) {
  const { profile, authenticateClient, proveKey, pushedRequests, limitClient } = options

  return async function push(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const whole = requireForm(request)
    const authenticated = await authenticateClient(request, whole)
    const { client, secretId, method } = authenticated
    request.principal = { clientId: client.id, secretId }
    await limitClient(request, reply, authenticated)
    if (client.profile !== null && method !== 'private_key_jwt') {
      throw new OAuthError('unauthorized_client', 'This client must log in with private_key_jwt.')
    }
    // RFC 9126 §2.1
    if (whole.get('request_uri') !== null) {
      throw invalidRequest('The parameter request_uri must not be pushed.')
    }
    const { form, fault } = withinBounds(whole)
    if (fault) throw fault
    const target = proveTarget(form, client)
    await judgeRequest(options, { profile, target, form, pushed: 'pushing' })
    const proving = proveKey(request, reply)
    const dpopJkt = proving && (await proving)
    const named = form.get('dpop_jkt')
    // RFC 9449 §10.1
    if (dpopJkt !== null && named !== null && named !== dpopJkt) {
      throw invalidRequest('The dpop_jkt is not the key of the DPoP proof.')
    }
    const requestUri = await pushedRequests.push({
      clientId: client.id,
      // The client's credentials are not among them.
      parameters: [
        ...form.entries().filter(([name]) => Object.hasOwn(AUTHORIZATION_PARAMETERS, name)),
        ...(form.get('client_id') === null ? [['client_id', client.id] as [string, string]] : []),
      ],
      dpopJkt,
    })
    // RFC 9126 §2.2
    void reply
      .code(201)
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(JSON.stringify({ request_uri: requestUri, expires_in: PUSHED_LIFETIME_SECONDS }))
  }
}
