import type { SigningAlgorithm } from '../keys/algorithms.ts'

/** A registered application (RFC 6749 §2). */
export interface Client {
  /** A decimal int64, or a string of the operator's own (a GUID, a name). */
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
  suspended: boolean
  /** Suspended with its customer. */
  customerSuspended: boolean
  createdAt: number
}

/** RFC 7591 §2 `grant_types`. */
export type GrantType = (typeof GRANT_TYPES)[number]

export const GRANT_TYPES = ['client_credentials'] as const

export const MAXIMUM_TOKEN_LIFETIME_SECONDS = 86_400

/** What may be changed of a client. */
export interface ClientChanges {
  displayName?: string
  description?: string
  scopes?: readonly string[]
  grants?: readonly GrantType[]
  tokenLifetimeSeconds?: number
  signingAlgorithm?: SigningAlgorithm | null
}

/** Visible ASCII without separators of URLs and forms: it stands in paths, Basic credentials and logs. */
export const CLIENT_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$'
