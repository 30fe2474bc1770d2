import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { toProblem } from '../../http/errors.ts'
import { BearerError } from '../../protocol/bearer.ts'

/**
 * Errors as Azure API Management puts them in front of Mapiq: `{"statusCode", "message"}` and nothing
 * else. Of a 429 the documentation shows the body, with the very sentence that the core's body has.
 */
export function answerMapiqError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { status, message, headers, members } = toProblem(error, request)
  const requestId = members.request_id
  if (error instanceof BearerError) void reply.header('www-authenticate', error.challenge)
  void reply
    .code(status)
    .headers(headers)
    .type('application/json')
    .send(
      JSON.stringify({
        statusCode: status,
        // The form has no member for it, and without it nobody finds the log's line.
        message: typeof requestId === 'string' ? `${message} (${requestId})` : message,
      }),
    )
}

const mapiqError = Type.Object({ statusCode: Type.Integer(), message: Type.String() })

/** For the API reference. */
export const mapiqErrors = {
  400: mapiqError,
  401: mapiqError,
  403: mapiqError,
  404: mapiqError,
  429: mapiqError,
}
