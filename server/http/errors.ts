import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { UnavailableError } from '../lib/unavailable.ts'
import { BearerError } from '../protocol/bearer.ts'
import { OAuthError } from '../protocol/oauth-error.ts'
import { Problem } from '../protocol/problem.ts'

/**
 * Turns what handlers throw into answers. Each surface sets the handler of its form: OAuth endpoints
 * `answerOAuthError`, the others `answerProblem`; dialects translate `toProblem` into theirs. What
 * nobody foresaw is an opaque 500 with a request id, and stands in the log.
 */

declare module 'fastify' {
  interface FastifyInstance {
    isUnavailable: (error: unknown) => boolean
  }
}

/** RFC 9457. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error, request)
  setHeaders(reply, error, problem.headers)
  void reply
    .code(problem.status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: 'about:blank',
        title: problem.title,
        status: problem.status,
        detail: problem.message,
        ...problem.members,
      }),
    )
}

/** RFC 6749 §5.2. */
export function answerOAuthError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { status, headers, body } = toOAuthAnswer(error, request)
  setHeaders(reply, error, headers)
  // RFC 6749 §5.1 asks for it on every answer that could hold a token; an error may hold hints.
  void reply.code(status).header('cache-control', 'no-store').send(body)
}

function toOAuthAnswer(error: unknown, request: FastifyRequest) {
  if (error instanceof OAuthError) {
    if (error.reason) {
      request.log.info({ reason: error.reason, code: error.code, requestId: request.id }, 'refused')
    }
    return {
      status: error.status,
      headers: error.headers,
      body: { error: error.code, error_description: error.message },
    }
  }
  const problem = toProblem(error, request)
  const code =
    error instanceof BearerError && error.code !== null
      ? error.code
      : problem.status === 429
        ? 'slow_down'
        : problem.status === 503
          ? 'temporarily_unavailable'
          : problem.status >= 500
            ? 'server_error'
            : 'invalid_request'
  return {
    status: problem.status,
    headers: problem.headers,
    body: { error: code, error_description: problem.message, ...problem.members },
  }
}

/** What any error means to a caller; logs what the caller must not see. */
export function toProblem(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error
  if (error instanceof BearerError) {
    if (error.reason) {
      request.log.info({ reason: error.reason, requestId: request.id }, 'token refused')
    }
    return new Problem(error.status, TITLES[error.status] ?? 'Refused', error.message)
  }
  if (error instanceof OAuthError) return new Problem(error.status, 'Refused', error.message)
  // Nobody is left to read the answer, and nothing is wrong here.
  if (error !== null && error === request.raw.errored) {
    return new Problem(400, 'Bad request', 'The connection ended before the body did.')
  }
  if (error instanceof UnavailableError || request.server.isUnavailable(error)) {
    request.log.error({ err: error, requestId: request.id }, 'unavailable')
    return new Problem(503, 'Unavailable', 'Try again in a moment.', {
      headers: { 'retry-after': '1' },
    })
  }
  const failure = error as Partial<FastifyError>
  if (failure.validation) return validationProblem(failure as FastifyError, request)
  // Fastify's own refusals: a body too large, of the wrong type, or malformed.
  if (failure.code?.startsWith('FST_') && failure.statusCode && failure.statusCode < 500) {
    return new Problem(
      failure.statusCode,
      TITLES[failure.statusCode] ?? 'Bad request',
      FASTIFY_DETAILS[failure.code] ?? 'The request is malformed.',
    )
  }
  request.log.error({ err: error, requestId: request.id }, 'unexpected error')
  return new Problem(
    500,
    'Internal error',
    'Something went wrong here; the log has it under the request id.',
    {
      members: { request_id: request.id },
    },
  )
}

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  413: 'Content too large',
  414: 'URI too long',
  415: 'Unsupported media type',
}

const FASTIFY_DETAILS: Record<string, string> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is too large.',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The content type is not one that this endpoint takes.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not JSON.',
  FST_ERR_BAD_URL: 'The path is malformed.',
  FST_ERR_MAX_PARAM_LENGTH: 'A part of the path is too long.',
}

/** The first fault that the schema found, with the parameter's name. */
function validationProblem(error: FastifyError, request: FastifyRequest): Problem {
  const fault = error.validation![0]!
  const { missingProperty, additionalProperty, allowedValues } = fault.params
  const path = fault.instancePath.slice(1).replaceAll('/', '.')
  const inner = (missingProperty ?? additionalProperty) as string | undefined
  const parameter = [path, inner].filter(Boolean).join('.') || String(error.validationContext)
  const isRepeated =
    error.validationContext === 'querystring' &&
    Array.isArray((request.query as Record<string, unknown>)[path])
  const detail = missingProperty
    ? 'is missing'
    : additionalProperty
      ? 'is not a parameter of this endpoint'
      : Array.isArray(allowedValues)
        ? `must be one of ${allowedValues.join(', ')}`
        : isRepeated
          ? 'must be there only once'
          : (fault.message ?? 'is not valid')
  return new Problem(400, 'Bad request', `${parameter} ${detail}`, { members: { parameter } })
}

function setHeaders(reply: FastifyReply, error: unknown, headers: Record<string, string>): void {
  if (error instanceof BearerError) void reply.header('www-authenticate', error.challenge)
  void reply.headers(headers)
}
