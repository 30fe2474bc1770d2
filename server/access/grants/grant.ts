import type { MapDataDetail } from '../areas/map-data-detail.ts'

/** What a person once let a client do: its codes, refresh tokens and access tokens hang on it. */
export interface Grant {
  id: string
  clientId: string
  accountId: string
  /** The `iss` of its tokens. */
  issuer: string
  scopes: readonly string[]
  audience: readonly string[]
  details: readonly MapDataDetail[]
  sessionId: string | null
  /** When the person signed in for it; null: their provider did not say. */
  authenticatedAt: number | null
  methods: readonly string[]
  acr: string | null
  nonce: string | null
  /** The `claims` parameter, JSON. */
  claims: string | null
  /** The thumbprint of the key that its codes or refresh tokens are bound to (RFC 9449 §5, §10). */
  dpopJkt: string | null
  createdAt: number
  /** The absolute end of its refresh tokens. */
  expiresAt: number
  revoked: boolean
}
