import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Clients } from '../access/clients/clients.ts'
import { limitHeaders } from '../access/limits/answer.ts'
import type { Decision } from '../access/limits/decision.ts'
import type { Limits } from '../access/limits/limits.ts'
import type { Apis } from '../access/scopes/apis.ts'
import type { Caller } from '../access/tokens/access-token.ts'
import type { VerifyToken } from '../access/tokens/verify.ts'
import type { Usage } from '../access/usage/usage.ts'
import { crossOriginHeaders } from '../http/cors.ts'
import { type PlainHeaders, plainHeaders } from '../http/plain-headers.ts'
import type { ProtectedAccess } from '../http/route.ts'
import type { Answer, FindAtHand, Shortcut } from '../http/shortcut.ts'
import { atHand } from '../lib/at-hand.ts'
import { countedFor } from './counted-for.ts'
import { requireOrigin } from './require-origin.ts'
import { createRequireScope } from './require-scope.ts'

/**
 * The gateway for answers that are at hand (`http/shortcut.ts`): token -> audience and scope -> where
 * it came from -> answer -> limit, by the parts that `gateway.ts` goes through too. It takes a Bearer
 * token in the header, and waits for nothing. Who is not let in here is not refused: the route's own
 * way says why, or lets him in after all.
 */
export function installShortcuts(
  app: FastifyInstance,
  options: {
    issuer: string
    apis: Apis
    verifyToken: Pick<VerifyToken, 'atHand'>
    clients: Pick<Clients, 'known'>
    limits: Pick<Limits, 'takeAtOnce'>
    usage: Pick<Usage, 'count'>
  },
): void {
  const { verifyToken, clients, limits, usage } = options
  if (!limits.takeAtOnce) return
  const { shortcuts, securityHeaders } = app
  const requireScope = createRequireScope(options)
  const common = Object.entries(securityHeaders).flat()

  function callerOf(headers: PlainHeaders, access: ProtectedAccess): Caller | null {
    const { authorization } = headers
    if (!authorization?.startsWith(BEARER)) return null
    const outcome = verifyToken.atHand(authorization.slice(BEARER.length))
    if (outcome?.kind !== 'valid' || outcome.caller.jkt !== null) return null
    const { caller } = outcome
    requireScope(caller, access)
    if (caller.kind === 'client-token') {
      const client = atHand(clients.known(caller.clientId))
      if (!client) return null
      requireOrigin(headers.origin, client)
    }
    return caller
  }

  function judge(
    headers: PlainHeaders,
    { endpoint, access }: Shortcut,
    find: FindAtHand,
  ): { caller: Caller; answer: Answer; decision: Decision } | null {
    try {
      const caller = callerOf(headers, access)
      const answer = caller && find(caller, headers)
      if (!answer) return null
      const { limit } = access
      const call = { clientId: countedFor(caller), endpoint, ...(limit && { declared: limit }) }
      const decision = limits.takeAtOnce!(call)
      return decision?.allowed ? { caller, answer, decision } : null
    } catch {
      // Refused, or not to be answered now: the route says so.
      return null
    }
  }

  app.answerAtOnce = (request, response) => {
    if (request.method !== 'GET') return false
    const began = performance.now()
    for (const shortcut of shortcuts) {
      const find = shortcut.match(request.url!)
      if (!find) continue
      const headers = plainHeaders(request)
      const judged = headers && judge(headers, shortcut, find)
      if (!judged) return false
      const { caller, answer, decision } = judged
      answer.headers.push(...common, ...crossOriginHeaders(headers))
      send(response, answer, decision)
      const milliseconds = performance.now() - began
      usage.count(
        caller.clientId,
        caller.secretId ?? '',
        shortcut.endpoint,
        answer.status,
        milliseconds,
      )
      return true
    }
    return false
  }
}

function send(
  response: ServerResponse,
  { status, headers, body }: Answer,
  decision: Decision,
): void {
  const limits = limitHeaders(decision)
  headers.push('ratelimit-policy', limits['ratelimit-policy'], 'ratelimit', limits.ratelimit)
  if (body !== null) headers.push('content-length', String(body.length))
  response.writeHead(status, headers)
  if (typeof body === 'string') response.end(body, 'latin1')
  else response.end(body ?? undefined)
}

const BEARER = 'Bearer '
