import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { toProblem } from '../../http/errors.ts'
import { BearerError } from '../../protocol/bearer.ts'
import { OAuthError } from '../../protocol/oauth-error.ts'

/**
 * Errors as IdentityServer4 answers them at its token endpoint: `{"error", "error_description"}`, with
 * status 400 whatever is wrong with the request, a client that is not authenticated included
 * (`TokenErrorResult.cs`). What the secrets endpoint of MapsIndoors answers is not documented: it
 * takes the same form here, with the status that fits.
 */
export function answerMapsIndoorsError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (error instanceof OAuthError && error.reason) {
    request.log.info({ reason: error.reason, code: error.code }, 'refused')
  }
  const problem = toProblem(error, request)
  const bearer = error instanceof BearerError ? error : null
  const status = !bearer && ALWAYS_400.has(problem.status) ? 400 : problem.status
  // A challenge belongs to a 401; the core's invalid_client brings one for Basic.
  const { 'www-authenticate': _challenge, ...headers } = {
    ...problem.headers,
    ...(error instanceof OAuthError && error.headers),
  }
  if (bearer) void reply.header('www-authenticate', bearer.challenge)
  const requestId = problem.members.request_id
  void reply
    .code(status)
    .headers(headers)
    .type('application/json')
    .send(
      JSON.stringify({
        error:
          (error instanceof OAuthError && error.code) ||
          bearer?.code ||
          CODES[problem.status] ||
          'invalid_request',
        error_description:
          typeof requestId === 'string' ? `${problem.message} (${requestId})` : problem.message,
      }),
    )
}

/** Clients that are not authenticated, and bodies that are too large or of another type. */
const ALWAYS_400 = new Set([401, 413, 415])

const CODES: Record<number, string> = {
  // RFC 6750 §3.1 has no code for a request without a token; the form wants one.
  401: 'invalid_token',
  403: 'access_denied',
  404: 'not_found',
  409: 'conflict',
  429: 'slow_down',
  500: 'server_error',
  503: 'temporarily_unavailable',
}

/** For the API reference. */
export const mapsIndoorsError = Type.Object({
  error: Type.String(),
  error_description: Type.Optional(Type.String()),
})
