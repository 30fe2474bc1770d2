import type { Generated } from 'kysely'

/**
 * The tables, the same on SQLite and Postgres. Times are integer epoch milliseconds, flags are 0 or
 * 1, lists are space-separated and structures are JSON text, so that both databases hold the same.
 */
export interface Tables {
  customers: CustomersTable
  clients: ClientsTable
  client_secrets: ClientSecretsTable
  client_requests: ClientRequestsTable
  signing_keys: SigningKeysTable
  master_key_checks: MasterKeyChecksTable
  revoked_tokens: RevokedTokensTable
  limit_overrides: LimitOverridesTable
  audit_events: AuditEventsTable
  usage_counts: UsageCountsTable
  changes: ChangesTable
}

interface CustomersTable {
  id: string
  name: string
  suspended_at: number | null
  created_at: number
}

interface ClientsTable {
  id: string
  customer_id: string
  display_name: string
  description: string
  type: 'confidential' | 'public'
  /** Space-separated scopes the client may ask for. */
  scopes: string
  /** Space-separated grant types (RFC 7591 §2 `grant_types`). */
  grants: string
  token_lifetime_seconds: number
  /** The signing algorithm the client asked for instead of the installation's. */
  signing_algorithm: string | null
  /** The API whose own client this is: it may introspect all tokens of that audience. */
  api_id: string | null
  suspended_at: number | null
  created_at: number
}

interface ClientSecretsTable {
  /** 24 hexadecimal digits; part of the secret's text. */
  id: string
  client_id: string
  description: string
  created_at: number
  created_by_kind: 'account' | 'client' | 'command-line' | 'delivery'
  created_by_id: string | null
  /** With which secret the creating client had logged in. */
  created_by_secret_id: string | null
  expires_at: number | null
  last_used_at: number | null
  last_four: string
  hash: string
  pepper_version: number
  /** 1 after a roll: the secret still works, until `expires_at`. */
  retiring: number
  revoked_at: number | null
  /** 1 when the tokens obtained with the secret are dead as well. */
  tokens_revoked: number
}

interface ClientRequestsTable {
  id: string
  display_name: string
  credential_name: string
  /** Space-separated scopes. */
  permissions: string
  intended_use: string
  contact: string | null
  customer_id: string | null
  status: 'requested' | 'approved' | 'rejected'
  reason: string | null
  client_id: string | null
  delivery_hash: string | null
  delivery_expires_at: number | null
  delivered_at: number | null
  created_at: number
  decided_at: number | null
}

interface SigningKeysTable {
  kid: string
  algorithm: string
  public_jwk: string
  /** PKCS #8 under AES-256-GCM: base64url of nonce, ciphertext and tag. */
  private_key: string
  master_key_version: number
  created_at: number
  signs_from: number
}

interface MasterKeyChecksTable {
  version: number
  check_value: string
}

interface RevokedTokensTable {
  jti: string
  expires_at: number
}

interface LimitOverridesTable {
  /** Empty: every client. */
  client_id: string
  /** Empty: all endpoints of the client together. */
  endpoint: string
  quota: number
  window_seconds: number
  created_at: number
}

interface AuditEventsTable {
  sequence: number
  id: string
  at: number
  actor_kind: string
  actor_id: string | null
  actor_secret_id: string | null
  action: string
  object_kind: string
  object_id: string
  customer_id: string | null
  outcome: string
  address: string | null
  request_id: string | null
  /** JSON. */
  details: string
  previous_hash: string
  hash: string
}

interface UsageCountsTable {
  resolution: 'minute' | 'hour' | 'day'
  /** Start of the period, epoch milliseconds. */
  period: number
  client_id: string
  secret_id: string
  endpoint: string
  status: number
  requests: number
  /** Latency histogram: requests that took at most this many milliseconds, and more than the column before. */
  ms_1: number
  ms_2: number
  ms_5: number
  ms_10: number
  ms_25: number
  ms_50: number
  ms_100: number
  ms_250: number
  ms_500: number
  ms_1000: number
  ms_5000: number
  ms_more: number
}

interface ChangesTable {
  id: Generated<number>
  topic: string
  key: string
  at: number
}
