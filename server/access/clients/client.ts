import type { JSONWebKeySet } from 'jose'
import type { SigningAlgorithm } from '../keys/algorithms.ts'

/** A registered application (RFC 6749 §2). */
export interface Client {
  /** A decimal int64, a string of the operator's own (a GUID, a name), or the URL of its metadata document. */
  id: string
  customerId: string
  displayName: string
  description: string
  type: 'confidential' | 'public'
  /** What it may ask for. */
  scopes: readonly string[]
  grants: readonly GrantType[]
  tokenLifetimeSeconds: number
  /** null: the installation's. */
  signingAlgorithm: SigningAlgorithm | null
  /** The API whose own client this is. */
  apiId: string | null
  authMethod: ClientAuthMethod
  redirectUris: readonly string[]
  postLogoutRedirectUris: readonly string[]
  website: string
  /** Its public keys, or where they are fetched (RFC 7591 §2). */
  jwks: JSONWebKeySet | null
  jwksUri: string | null
  requirePkce: boolean
  /** RFC 9126 §6 */
  requirePar: boolean
  /** RFC 9449 §5.2 */
  dpopBound: boolean
  refreshMode: RefreshMode
  /** `fapi2`: PAR, DPoP, private_key_jwt and kept refresh tokens are enforced. */
  profile: 'fapi2' | null
  /** `id_token_signed_response_alg`; null: the installation's. */
  idTokenAlgorithm: SigningAlgorithm | null
  /** Areas, each of which cuts what the client sees. */
  areaIds: readonly string[]
  /** Its client token is derived from this number: counting up makes a new one. */
  clientTokenVersion: number
  /** What its client token may do at most; null: `read`, if the client may. */
  clientTokenScopes: readonly string[] | null
  /** Web origins that its client token is limited to; empty: not limited. */
  webOrigins: readonly string[]
  registration: Registration
  /** The account that registered it. */
  registeredBy: string | null
  metadata: ClientMetadata
  /** When its logo last changed; null: it has none. */
  logoAt: number | null
  suspended: boolean
  /** Suspended with its customer. */
  customerSuspended: boolean
  createdAt: number
}

/** RFC 7591 §2 `grant_types`. */
export type GrantType = (typeof GRANT_TYPES)[number] | DialectGrantType

/** What only a dialect has: the core forbids it (RFC 9700 §2.4). */
export type DialectGrantType = 'password'

export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'

export const GRANT_TYPES = [
  'client_credentials',
  'authorization_code',
  'refresh_token',
  DEVICE_CODE_GRANT,
  TOKEN_EXCHANGE_GRANT,
] as const

/** How it proves who it is: by any of its secrets (Basic or post), by its key, or not at all. */
export type ClientAuthMethod = 'client_secret' | 'private_key_jwt' | 'none'

/** Whether a refresh gives a new refresh token or keeps the old one. */
export type RefreshMode = 'rotate' | 'keep'

/** How it came to be. */
export type Registration = 'operator' | 'self-service' | 'dynamic' | 'metadata-document'

/** Members of RFC 7591 §2 that pages and registration show, and nothing is decided by. */
export interface ClientMetadata {
  contacts?: string[]
  tosUri?: string
  policyUri?: string
  logoUri?: string
  softwareId?: string
  softwareVersion?: string
  /** Epoch milliseconds: when the client's metadata document was last fetched. */
  fetchedAt?: number
  /** Epoch milliseconds: until when that copy may be used. */
  freshUntil?: number
}

export const MAXIMUM_TOKEN_LIFETIME_SECONDS = 86_400

/** What may be changed of a client. */
export interface ClientChanges {
  displayName?: string
  description?: string
  scopes?: readonly string[]
  grants?: readonly GrantType[]
  tokenLifetimeSeconds?: number
  signingAlgorithm?: SigningAlgorithm | null
  authMethod?: ClientAuthMethod
  redirectUris?: readonly string[]
  postLogoutRedirectUris?: readonly string[]
  website?: string
  jwks?: JSONWebKeySet | null
  jwksUri?: string | null
  requirePkce?: boolean
  requirePar?: boolean
  dpopBound?: boolean
  refreshMode?: RefreshMode
  profile?: 'fapi2' | null
  idTokenAlgorithm?: SigningAlgorithm | null
  areaIds?: readonly string[]
  clientTokenVersion?: number
  clientTokenScopes?: readonly string[] | null
  webOrigins?: readonly string[]
  metadata?: ClientMetadata
  logoAt?: number | null
}

/** Visible ASCII without separators of URLs and forms: it stands in paths, Basic credentials and logs. */
export const CLIENT_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$'
