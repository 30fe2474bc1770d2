import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LimitCall } from '../http/route.ts'
import { networkOf } from '../protocol/network.ts'
import type { AuthenticatedClient } from './client-authentication.ts'

/**
 * Counts a call of an OAuth endpoint: for the client that proved who it is, and else for the network.
 * The id of a public client is known to all, so a stranger could use up the calls of everybody who
 * has that application.
 */
export interface LimitClient {
  /** @throws Problem 429 when it is one too many */
  (
    request: FastifyRequest,
    reply: FastifyReply,
    authenticated: Pick<AuthenticatedClient, 'client' | 'method'>,
  ): void | Promise<void>
}

export function createLimitClient(options: {
  limitCall: LimitCall
  /** Counts networks. */
  limitNetwork: LimitCall
}): LimitClient {
  const { limitCall, limitNetwork } = options
  return (request, reply, { client, method }) =>
    method === 'none'
      ? limitNetwork(request, reply, `network:${networkOf(request.ip)}`)
      : limitCall(request, reply, client.id)
}
