import { DPOP_ALGORITHMS } from './dpop.ts'

/**
 * How access tokens come in a request (RFC 6750 §2, RFC 9449 §7.1) and how they are refused
 * (RFC 6750 §3).
 */

/** A request whose credential is missing, wrong or too weak. */
export class BearerError extends Error {
  override name = 'BearerError'
  /** null: there was no credential, and RFC 6750 §3.1 wants no error code then. */
  readonly code:
    | 'invalid_request'
    | 'invalid_token'
    | 'insufficient_scope'
    | 'invalid_dpop_proof'
    | 'use_dpop_nonce'
    | null
  readonly status: number
  /** For the log: why the token was refused. */
  readonly reason: string | null
  /** The value of `WWW-Authenticate`. */
  readonly challenge: string

  constructor(
    code: BearerError['code'],
    description: string,
    options: {
      /** null: there is none. */
      resourceMetadata: string | null
      scope?: string | null
      reason?: string
      /** The scheme that the token needs: RFC 9449 §7.1 wants its algorithms named. */
      scheme?: 'Bearer' | 'DPoP'
    },
  ) {
    super(description)
    this.code = code
    this.status = code === 'invalid_request' ? 400 : code === 'insufficient_scope' ? 403 : 401
    this.reason = options.reason ?? null
    const parameters = [
      'realm="mapgate"',
      ...(code === null ? [] : [`error="${code}"`, `error_description="${description}"`]),
      ...(options.scope ? [`scope="${options.scope}"`] : []),
      ...(options.scheme === 'DPoP' ? [`algs="${DPOP_ALGORITHMS.join(' ')}"`] : []),
      // RFC 9728 §5.1
      ...(options.resourceMetadata ? [`resource_metadata="${options.resourceMetadata}"`] : []),
    ]
    this.challenge = `${options.scheme ?? 'Bearer'} ${parameters.join(', ')}`
  }
}

export type BearerCredential =
  | { kind: 'token'; token: string; scheme: 'bearer' | 'dpop'; inQuery: boolean }
  | { kind: 'none' }
  /** More than one, or one that is malformed. */
  | { kind: 'bad'; description: string }

/**
 * The one token of a request. The same token in the header and in the query counts as one, because
 * clients of Mapillary send both (S3 in `facts/wire-formats.md`).
 * @param authorization every `Authorization` header of the request
 * @param queryToken the `access_token` parameters of the query; empty where the endpoint does not allow it
 */
export function bearerCredential(
  authorization: readonly string[],
  queryToken: readonly string[],
): BearerCredential {
  if (authorization.length > 1) return bad('More than one Authorization header.')
  if (queryToken.length > 1) return bad('More than one access_token.')
  const header = authorization[0]
  const fromQuery = queryToken[0]
  if (header === undefined) {
    if (fromQuery === undefined) return { kind: 'none' }
    return TOKEN.test(fromQuery)
      ? { kind: 'token', token: fromQuery, scheme: 'bearer', inQuery: true }
      : bad('The access_token is malformed.')
  }
  // RFC 9110 §11.1: the scheme's letter case does not matter. OAuth is the Mapillary name of Bearer.
  const match = HEADER.exec(header)
  if (!match) {
    return SCHEME.test(header) ? bad('The Authorization header is malformed.') : { kind: 'none' }
  }
  const token = match[2]!
  if (fromQuery !== undefined && fromQuery !== token) {
    return bad('Different tokens in the Authorization header and the query.')
  }
  const scheme = match[1]!.toLowerCase() === 'dpop' ? 'dpop' : 'bearer'
  return { kind: 'token', token, scheme, inQuery: fromQuery !== undefined }
}

/** The token in the text of an `Authorization` header; null: none, or a malformed one. */
export function tokenOfHeader(header: string): string | null {
  return HEADER.exec(header)?.[2] ?? null
}

/** Whether the text could be an access token. */
export function isAccessToken(text: string): boolean {
  return TOKEN.test(text)
}

const bad = (description: string): BearerCredential => ({ kind: 'bad', description })

/** RFC 6750 §2.1 `b64token`, and `|`, which stands in client tokens. */
const TOKEN = /^[A-Za-z0-9\-._~+/|]+=*$/
const HEADER = /^(bearer|oauth|dpop) +([A-Za-z0-9\-._~+/|]+=*) *$/i
const SCHEME = /^(?:bearer|oauth|dpop)\b/i
