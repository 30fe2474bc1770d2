import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerProblem, toProblem } from '../../http/errors.ts'
import type { ProtectedAccess } from '../../http/route.ts'
import { answerPageError, errorPage } from '../../pages/errors.ts'
import { visitorOf } from '../../pages/visitor.ts'
import { BearerError } from '../../protocol/bearer.ts'
import { Problem } from '../../protocol/problem.ts'
import { lookForm, placeOf } from './html/look-form.ts'
import { forgetPageToken, pageTokenOf } from './html/page-token.ts'
import { wouldTakeHtml } from './representation.ts'

/** A page for browsers, RFC 9457 problems for all others. */
export async function answerMapError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (!wouldTakeHtml(request)) {
    answerProblem(error, request, reply)
    return reply
  }
  if (error instanceof BearerError) void reply.header('www-authenticate', error.challenge)
  if (isRefusal(error) && hasPage(request)) return sendRefusal(error, request, reply)
  answerPageError(error, request, reply)
  return reply
}

/** Whether another token would be let in. */
function isRefusal(error: unknown): error is BearerError | Problem {
  return (
    (error instanceof BearerError || error instanceof Problem) &&
    (error.status === 401 || error.status === 403)
  )
}

const hasPage = ({ routeOptions }: FastifyRequest) =>
  (routeOptions.config.access as ProtectedAccess | undefined)?.pageToken !== undefined

/** With the form for another token; the browser keeps none that was refused. */
async function sendRefusal(
  error: BearerError | Problem,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { status, message } = toProblem(error, request)
  const visitor = await visitorOf(request, reply)
  const isKept = pageTokenOf(request) !== null
  if (isKept) forgetPageToken(reply)
  errorPage(reply, {
    status,
    title: isKept ? 'The token is refused' : 'Look with a token',
    advice: isKept ? `${message} You are not looking with it any more.` : message,
    wayOut: { body: lookForm(request, visitor, { to: placeOf(request) }), formsLeave: false },
    requestId: request.id,
  })
  return reply
}
