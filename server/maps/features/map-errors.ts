import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerProblem } from '../../http/errors.ts'
import { answerPageError } from '../../pages/errors.ts'
import { BearerError } from '../../protocol/bearer.ts'
import { wouldTakeHtml } from './representation.ts'

/** A page for browsers, RFC 9457 problems for all others. */
export function answerMapError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (!wouldTakeHtml(request)) {
    answerProblem(error, request, reply)
    return
  }
  if (error instanceof BearerError) void reply.header('www-authenticate', error.challenge)
  answerPageError(error, request, reply)
}
