/** The claims of an access token (RFC 9068 §2.2); times are seconds since the epoch. */
export interface AccessTokenClaims {
  iss: string
  /** The client itself, for client credentials (RFC 9068 §2.2); a person as `account:<id>`. */
  sub: string
  aud: string | string[]
  exp: number
  iat: number
  nbf: number
  /** A UUIDv7. */
  jti: string
  /**
   * The `jti` of each token that this one was exchanged from, one after the other (RFC 8693): revoking
   * any of them ends it.
   */
  exchanged_from?: readonly string[]
  client_id: string
  /** Space-separated (RFC 8693 §4.2). */
  scope: string
  customer: string
  /** The secret the token was obtained with. */
  secret_id?: string
  /** The grant of the person it acts for; revoking that ends the token. */
  grant_id?: string
  /** When that person signed in (RFC 9068 §2.2.1). */
  auth_time?: number
  acr?: string
  /** RFC 9449 §6.1 */
  cnf?: { jkt: string }
  /** RFC 9396 §9.1, with the ids of stored areas. */
  authorization_details?: readonly object[]
  /** The client belongs to nobody, and `customer` is the person's: calls are counted by person. */
  shared?: true
  /** The client asked for less than it may have: such a token does not manage secrets. */
  narrowed?: true
}

/** A verified token and its owner: what handlers know of who calls. */
export interface Caller {
  /** `client`: for itself; `account`: for a person; `client-token`: an application's long-lived token. */
  kind: 'client' | 'account' | 'client-token'
  clientId: string
  customerId: string
  /** With which secret the client had logged in. */
  secretId: string | null
  /** The person it acts for. */
  accountId: string | null
  grantId: string | null
  scopes: readonly string[]
  narrowed: boolean
  /** The key without which the token is worth nothing (RFC 9449 §6). */
  jkt: string | null
  claims: AccessTokenClaims
}
