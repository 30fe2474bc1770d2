import type { FastifyReply, FastifyRequest } from 'fastify'
import { decodeJwt } from 'jose'
import { Type } from 'typebox'
import { authorizationHeaders } from '../../http/authorization.ts'
import { toProblem } from '../../http/errors.ts'
import { BearerError } from '../../protocol/bearer.ts'
import { OAuthError } from '../../protocol/oauth-error.ts'
import type { Problem } from '../../protocol/problem.ts'

/**
 * Errors as Mapillary's graph answers them: `{"error": {message, type, code, fbtrace_id, ...}}`, by
 * which its clients tell what to do. The cases that were measured there have their status, message
 * and numbers to the byte, but for the status of a missing token; `fbtrace_id` is our request id.
 * `error_user_msg` says more where the measured message says little.
 */
export class GraphError extends Error {
  override name = 'GraphError'
  readonly answer: GraphAnswer

  constructor(answer: GraphAnswer) {
    super(answer.message)
    this.answer = answer
  }
}

export interface GraphAnswer {
  status: number
  message: string
  type: 'OAuthException' | 'MLYApiException'
  code: number
  subcode?: number
  /** What a person should read. */
  userMessage?: string
  /** Waiting helps. */
  transient?: boolean
  /** `error_data: {}`, which one case has. */
  withData?: boolean
}

/** Also for what exists and must not be seen. */
export function unknownObject(id: string): GraphError {
  return new GraphError({
    status: 400,
    message: `Unsupported get request. Object with ID '${id.slice(0, 100)}' does not exist, cannot be loaded due to missing permissions, or does not support this operation`,
    type: 'MLYApiException',
    code: 100,
    subcode: 33,
  })
}

export function badGraphParameter(message: string): GraphError {
  return new GraphError({ status: 400, message, type: 'MLYApiException', code: 100 })
}

export function answerGraphError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const problem = error instanceof GraphError ? null : toProblem(error, request)
  const answer = problem ? translate(error, problem, request) : (error as GraphError).answer
  if (error instanceof OAuthError && error.reason) {
    request.log.info({ reason: error.reason, code: error.code, requestId: request.id }, 'refused')
  }
  if (error instanceof BearerError && answer.status === 401) {
    void reply.header('www-authenticate', error.challenge)
  }
  // The core's challenge for Basic is not how clients log in here.
  const { 'www-authenticate': _challenge, ...headers } =
    (error instanceof OAuthError ? error.headers : problem?.headers) ?? {}
  void reply
    .code(answer.status)
    .headers(headers)
    .header('cache-control', 'no-store')
    .type('application/json')
    .send(
      JSON.stringify({
        error: {
          message: answer.message,
          type: answer.type,
          code: answer.code,
          ...(answer.subcode !== undefined && { error_subcode: answer.subcode }),
          ...(answer.withData && { error_data: {} }),
          ...(answer.transient && { is_transient: true }),
          ...(answer.userMessage !== undefined && { error_user_msg: answer.userMessage }),
          fbtrace_id: request.id,
        },
      }),
    )
}

function translate(error: unknown, problem: Problem, request: FastifyRequest): GraphAnswer {
  if (error instanceof BearerError) return tokenAnswer(error, request)
  const { status, message } = problem
  // Which client it is must be proven by a token too: the secret in the header.
  if (error instanceof OAuthError && error.code === 'invalid_client') return UNKNOWN_APPLICATION
  if (error instanceof OAuthError && error.code === 'unauthorized_client') {
    return { status, message, type: 'OAuthException', code: 3 }
  }
  if (status === 429) return { ...LIMIT_REACHED, userMessage: message }
  if (status >= 500) {
    const code = status === 503 ? 2 : 1
    return { status, message, type: 'OAuthException', code, transient: true }
  }
  if (status === 403) return { status, message, type: 'OAuthException', code: 10 }
  const type = error instanceof OAuthError ? 'OAuthException' : 'MLYApiException'
  return { status, message, type, code: 100 }
}

export const UNKNOWN_APPLICATION: GraphAnswer = {
  status: 401,
  message: 'Error validating application',
  type: 'OAuthException',
  code: 190,
}

const LIMIT_REACHED: GraphAnswer = {
  status: 403,
  // JOSM waits when it reads exactly this.
  message: 'Application request limit reached',
  type: 'OAuthException',
  code: 4,
  transient: true,
}

function tokenAnswer(error: BearerError, request: FastifyRequest): GraphAnswer {
  const refused = { type: 'OAuthException', code: 190 } as const
  if (error.code === null) {
    return {
      // Measured was 500; but nothing failed here, and proxies take a server out that answers so.
      status: 401,
      message: 'Invalid OAuth 2.0 Access Token',
      type: 'MLYApiException',
      code: 190,
      withData: true,
    }
  }
  if (error.code === 'insufficient_scope') {
    const message = 'Application does not have permission for this action'
    return { status: error.status, message, type: 'OAuthException', code: 10 }
  }
  const status = request.headers.authorization === undefined ? 400 : 401
  if (error.code === 'invalid_request') {
    return { ...refused, status, message: 'Failed to decode', userMessage: error.message }
  }
  switch (error.reason) {
    case 'malformed':
      // A text that nobody could have issued is told from one that only is not issued in a header alone.
      return status === 401
        ? { ...refused, status, message: 'Failed to decode' }
        : { ...UNKNOWN_APPLICATION, status }
    case 'expired':
      return {
        ...refused,
        status: 401,
        message: 'Error validating access token: Session has expired.',
      }
    case 'revoked':
    case 'grant_ended':
    case 'account_ended':
      return { ...refused, status: 401, message: notAuthorized(request) }
    case null:
    default:
      return { ...UNKNOWN_APPLICATION, status, userMessage: error.message }
  }
}

/** JOSM signs out when it reads this. */
function notAuthorized(request: FastifyRequest): string {
  return `Error validating access token: The user has not authorized application ${applicationOf(request)}.`
}

/** Of a token whose signature was found right before it was refused. */
function applicationOf(request: FastifyRequest): string {
  const { access_token: inQuery } = request.query as { access_token?: string }
  const token = authorizationHeaders(request)[0]?.split(' ').at(-1) ?? inQuery ?? ''
  try {
    return String(decodeJwt<{ client_id?: string }>(token).client_id)
  } catch {
    return 'unknown'
  }
}

/** For the API reference. */
const graphError = Type.Object({
  error: Type.Object(
    {
      message: Type.String(),
      type: Type.String({ description: '`OAuthException` or `MLYApiException`' }),
      code: Type.Integer({ description: '190: the token; 100: a parameter or id; 4: the limit.' }),
      error_subcode: Type.Optional(Type.Integer()),
      is_transient: Type.Optional(Type.Boolean({ description: 'Waiting helps.' })),
      fbtrace_id: Type.String({ description: 'The request id.' }),
    },
    { additionalProperties: true },
  ),
})

export const graphErrors = {
  400: graphError,
  401: graphError,
  403: graphError,
}
