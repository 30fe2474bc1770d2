import type { FastifyRequest } from 'fastify'
import { authorizationHeaders } from '../../http/authorization.ts'
import { invalidRequest } from '../../protocol/oauth-error.ts'

/**
 * The initial or registration access token of a request (RFC 7591 §3, RFC 7592 §2): by the header
 * alone (RFC 6750 §2.1). null: there is none.
 * @throws OAuthError invalid_request when the header is not well-formed
 */
export function presentedToken(request: FastifyRequest): string | null {
  const [header, ...others] = authorizationHeaders(request)
  if (header === undefined) return null
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(header)?.[1]
  if (token === undefined || others.length > 0 || token.length > 200) {
    throw invalidRequest('The Authorization header must hold one bearer token.')
  }
  return token
}
