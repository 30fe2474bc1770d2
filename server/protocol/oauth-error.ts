/**
 * The errors of OAuth 2.0 endpoints. The code decides the status (`statusOf`), never the caller;
 * `description` is public, `reason` and `cause` are for the log.
 */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unsupported_token_type'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'authorization_pending'
  | 'slow_down'
  | 'expired_token'
  | 'access_denied'
  | 'unsupported_response_type'
  | 'login_required'
  | 'consent_required'
  | 'interaction_required'
  | 'unmet_authentication_requirements'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'invalid_request_uri'
  | 'invalid_authorization_details'
  | 'temporarily_unavailable'
  | 'too_many_attempts'
  | 'server_error'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  | 'invalid_token'

export class OAuthError extends Error {
  override name = 'OAuthError'
  readonly code: OAuthErrorCode
  readonly reason: string | null
  readonly headers: Record<string, string>

  constructor(
    code: OAuthErrorCode,
    description: string,
    options: { reason?: string; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(description, { cause: options.cause })
    this.code = code
    this.reason = options.reason ?? null
    this.headers = options.headers ?? {}
  }

  get status(): number {
    return STATUS[this.code]
  }
}

/** RFC 6749 §5.2: 400, save for a client that is not authenticated. */
const STATUS: Record<OAuthErrorCode, number> = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  // RFC 8707 §2
  invalid_target: 400,
  // RFC 7009 §2.2.1
  unsupported_token_type: 400,
  // RFC 9449 §5, §8
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  // RFC 8628 §3.5
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
  access_denied: 400,
  // RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 9101 §7, RFC 9396 §5: where they cannot be
  // sent to the client in a redirect.
  unsupported_response_type: 400,
  login_required: 400,
  consent_required: 400,
  interaction_required: 400,
  unmet_authentication_requirements: 400,
  request_not_supported: 400,
  request_uri_not_supported: 400,
  invalid_request_uri: 400,
  invalid_authorization_details: 400,
  temporarily_unavailable: 503,
  too_many_attempts: 429,
  server_error: 500,
  // RFC 7591 §3.2.2
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  // RFC 6750 §3.1, RFC 7592 §2
  invalid_token: 401,
}

/** RFC 6749 §5.2: the request lacks a parameter, repeats one, or is malformed. */
export const invalidRequest = (description: string): OAuthError =>
  new OAuthError('invalid_request', description)

/** RFC 6749 §5.2: who the client is could not be established; says nothing of why, the log does. */
export const invalidClient = (reason: string): OAuthError =>
  new OAuthError('invalid_client', 'Client authentication failed.', {
    reason,
    // RFC 6749 §5.2: 401 names a scheme that the client could use.
    headers: { 'www-authenticate': 'Basic realm="mapgate", charset="UTF-8"' },
  })

/** RFC 6749 §5.2: what was granted is wrong, has ended, was used, or belongs to another client; the log has why. */
export const invalidGrant = (description: string, reason?: string): OAuthError =>
  new OAuthError('invalid_grant', description, reason === undefined ? {} : { reason })

/** RFC 6749 §5.2: unknown, malformed, or more than was granted. */
export const invalidScope = (description: string): OAuthError =>
  new OAuthError('invalid_scope', description)

/** RFC 8707 §2: the resource is unknown, or contradicts the rest of the request. */
export const invalidTarget = (description: string): OAuthError =>
  new OAuthError('invalid_target', description)
