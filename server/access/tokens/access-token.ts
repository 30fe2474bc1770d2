/** The claims of an access token (RFC 9068 §2.2); times are seconds since the epoch. */
export interface AccessTokenClaims {
  iss: string
  /** The client itself, for client credentials (RFC 9068 §2.2). */
  sub: string
  aud: string | string[]
  exp: number
  iat: number
  nbf: number
  /** A UUIDv7. */
  jti: string
  client_id: string
  /** Space-separated (RFC 8693 §4.2). */
  scope: string
  customer: string
  /** The secret the token was obtained with. */
  secret_id?: string
  /** The client asked for less than it may have: such a token does not manage secrets. */
  narrowed?: true
}

/** A verified token and its owner: what handlers know of who calls. */
export interface Caller {
  clientId: string
  customerId: string
  /** With which secret the client had logged in. */
  secretId: string | null
  scopes: readonly string[]
  narrowed: boolean
  claims: AccessTokenClaims
}
