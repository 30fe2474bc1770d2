import type { FastifyReply } from 'fastify'
import { limitHeaders, quotaExceededBody } from '../access/limits/answer.ts'
import type { Decision } from '../access/limits/decision.ts'
import type { Limits } from '../access/limits/limits.ts'
import type { LimitCall } from '../http/route.ts'
import { Problem } from '../protocol/problem.ts'

/** Counts calls by the name and the declaration of the request's route. */
export function createLimitCall(limits: Limits): LimitCall {
  return (request, reply, clientId, own) => {
    const { endpoint, access } = request.routeOptions.config
    const declared = own?.limit ?? access?.limit
    const decision = limits.take({
      clientId,
      endpoint: own?.endpoint ?? endpoint!,
      ...(declared && { declared }),
    })
    if (decision instanceof Promise) return decision.then((made) => answer(reply, made))
    answer(reply, decision)
  }
}

function answer(reply: FastifyReply, decision: Decision): void {
  const headers = limitHeaders(decision)
  void reply
    .header('ratelimit-policy', headers['ratelimit-policy'])
    .header('ratelimit', headers.ratelimit)
  if (decision.allowed) return
  void reply.header('retry-after', headers['retry-after'])
  const { title, detail, status, ...members } = quotaExceededBody(decision)
  throw new Problem(status, title, detail, { members })
}
