import type { FastifyRequest } from 'fastify'
import { type Actor, anonymousActor, clientActor } from '../access/audit/actor.ts'
import type { Caller } from '../access/tokens/access-token.ts'

/** Who calls a protected route: the gateway has verified the token before the handler runs. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error(`${request.routeOptions.url} is not a protected route`)
  return request.caller
}

/** Who does it, as the audit log tells it: the client that calls, or on public routes nobody known. */
export function actorOf(request: FastifyRequest): Actor {
  return request.caller ? clientActor(request.caller, request) : anonymousActor(request)
}
