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
  client_logos: ClientLogosTable
  initial_access_tokens: InitialAccessTokensTable
  accounts: AccountsTable
  memberships: MembershipsTable
  recovery_codes: RecoveryCodesTable
  passkeys: PasskeysTable
  email_links: EmailLinksTable
  sessions: SessionsTable
  challenges: ChallengesTable
  identity_providers: IdentityProvidersTable
  federated_identities: FederatedIdentitiesTable
  interactions: InteractionsTable
  pushed_requests: PushedRequestsTable
  areas: AreasTable
  consents: ConsentsTable
  grants: GrantsTable
  authorization_codes: AuthorizationCodesTable
  refresh_tokens: RefreshTokensTable
  device_codes: DeviceCodesTable
  used_jtis: UsedJtisTable
  derivation_keys: DerivationKeysTable
  collections: CollectionsTable
  subscriptions: SubscriptionsTable
  import_jobs: ImportJobsTable
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
  auth_method: Generated<string>
  /** JSON arrays of strings. */
  redirect_uris: Generated<string>
  post_logout_redirect_uris: Generated<string>
  website: Generated<string>
  /** A JWK Set (RFC 7517 §5) as JSON, or where to fetch it. */
  jwks: Generated<string | null>
  jwks_uri: Generated<string | null>
  require_pkce: Generated<number>
  require_par: Generated<number>
  dpop_bound: Generated<number>
  refresh_mode: Generated<string>
  profile: Generated<string | null>
  id_token_algorithm: Generated<string | null>
  /** Space-separated ids of areas, each of which cuts what the client sees. */
  area_ids: Generated<string>
  client_token_version: Generated<number>
  /** null: the scopes that a client token may have at most. */
  client_token_scopes: Generated<string | null>
  web_origins: Generated<string>
  registration: Generated<string>
  /** The account that registered it. */
  registered_by: Generated<string | null>
  registration_token_hash: Generated<string | null>
  /** JSON: further members of RFC 7591 §2 that only pages and registration show. */
  metadata: Generated<string>
  /** When the logo in `client_logos` was last changed; null: there is none. */
  logo_at: Generated<number | null>
}

interface ClientLogosTable {
  client_id: string
  content_type: string
  /** base64 */
  body: string
}

/** What may register clients (RFC 7591 §3). */
interface InitialAccessTokensTable {
  hash: string
  id: string
  customer_id: string
  description: string
  /** null: without end. */
  uses_left: number | null
  expires_at: number
  created_at: number
}

interface AccountsTable {
  id: string
  email: string
  /** The address in the form in which addresses are compared. */
  email_key: string
  email_confirmed_at: number | null
  name: string
  /** null: signs in by passkey or at an identity provider. */
  password_hash: string | null
  /** Consecutive ones (NIST SP 800-63B-4 §3.2.2). */
  password_failures: Generated<number>
  /** As `password_failures`; a new password leaves it. */
  second_factor_failures: Generated<number>
  /** Encrypted. */
  totp_secret: string | null
  /** null: not in use until a first code was right. */
  totp_confirmed_at: number | null
  /** The time step of the last code that was accepted: none is accepted twice. */
  totp_last_step: Generated<number>
  operator: Generated<number>
  suspended_at: number | null
  created_at: number
}

interface MembershipsTable {
  account_id: string
  customer_id: string
  role: string
  created_at: number
}

interface RecoveryCodesTable {
  account_id: string
  hash: string
  used_at: number | null
}

interface PasskeysTable {
  /** The credential id, base64url. */
  id: string
  account_id: string
  /** COSE, base64url. */
  public_key: string
  counter: number
  /** Space-separated. */
  transports: string
  name: string
  created_at: number
  last_used_at: number | null
}

/** Single-use links that are sent by e-mail. */
interface EmailLinksTable {
  hash: string
  id: string
  purpose: string
  /** null: an invitation, or the first operator's setup. */
  account_id: string | null
  email: string
  customer_id: string | null
  role: string | null
  /** A path on this server where the person was going. */
  continue_to: string | null
  created_by: string | null
  created_at: number
  expires_at: number
  used_at: number | null
}

interface SessionsTable {
  /** Of the cookie's value. */
  hash: string
  id: string
  account_id: string
  /** null: the provider that vouched for the person did not say. */
  authenticated_at: number | null
  /** Space-separated (RFC 8176). */
  methods: string
  provider_id: string | null
  address: string | null
  user_agent: string
  created_at: number
  last_seen_at: number
  /** The absolute end; the idle one follows from `last_seen_at`. */
  expires_at: number
}

/** What was begun and must be answered by the same browser: second factors, passkeys, sign-ins elsewhere. */
interface ChallengesTable {
  hash: string
  kind: string
  browser_hash: string
  account_id: string | null
  /** JSON */
  body: string
  expires_at: number
}

interface IdentityProvidersTable {
  id: string
  customer_id: string
  issuer: string
  client_id: string
  /** Encrypted, both. */
  client_secret: string | null
  private_key: string | null
  master_key_version: number
  /** Space-separated e-mail domains. */
  domains: string
  role_claim: string | null
  /** JSON: the claim's value to a role. */
  roles: string
  required: number
  created_at: number
}

interface FederatedIdentitiesTable {
  provider_id: string
  subject: string
  account_id: string
  created_at: number
}

interface InteractionsTable {
  id: string
  browser_hash: string
  client_id: string
  /** JSON: the validated request. */
  request: string
  resume_path: string
  session_id: string | null
  account_id: string | null
  decision: string | null
  finished_at: number | null
  created_at: number
  expires_at: number
}

interface PushedRequestsTable {
  hash: string
  client_id: string
  /** JSON */
  parameters: string
  dpop_jkt: string | null
  expires_at: number
  used_at: number | null
}

interface AreasTable {
  id: string
  /** GeoJSON Polygon or MultiPolygon. */
  geometry: string
  vertices: number
  name: string
  created_at: number
  /** Only of a request so far: gone then, unless something is granted with it. */
  expires_at: number | null
}

/** Which collections there are; their data is in the map store. */
interface CollectionsTable {
  id: string
  /** null: the installation's own. */
  customer_id: string | null
  visibility: 'open' | 'public' | 'subscription' | 'private'
  title: string
  description: string
  attribution: string
  /** Both or neither. */
  licence_name: string | null
  licence_url: string | null
  made_of: string | null
  created_at: number
  updated_at: number
}

/** One for each customer, collection and action. */
interface SubscriptionsTable {
  id: string
  customer_id: string
  collection_id: string
  action: 'read' | 'write'
  /** null: the whole collection. */
  area_id: string | null
  starts_at: number
  /** null: without end. */
  ends_at: number | null
  created_at: number
}

/** Files on their way into collections. */
interface ImportJobsTable {
  id: string
  collection_id: string
  /** When that was created: one of the same id that comes after it is another one. */
  collection_created_at: number
  /** The same, until it has ended: one at a time. */
  busy_collection_id: string | null
  /** Of who asked for it. */
  customer_id: string
  /** Of the data folder that its file is in. */
  node: string
  node_heard_at: number
  state: 'receiving' | 'queued' | 'running' | 'done' | 'failed'
  /** JSON: what the import was told. */
  options: string
  /** JSON: whose import it is, for the audit log. */
  actor: string
  /** JSON: what was known of who asked for it, to be judged again; null once it has ended. */
  caller: string | null
  /** Of its file; while that comes in, what it may have. */
  total_bytes: number
  /** JSON: how far it is. */
  progress: string
  /** JSON: how it ended. */
  result: string | null
  /** Of the process that runs it. */
  runner: string | null
  /** How often it was begun. */
  attempts: number
  created_at: number
  started_at: number | null
  /** When the process that takes its file, or runs it, was last heard of. */
  heartbeat_at: number | null
  cancelled_at: number | null
  ended_at: number | null
}

interface ConsentsTable {
  id: string
  account_id: string
  client_id: string
  scopes: string
  authorization_details: string
  created_at: number
  updated_at: number
}

/** What a person once let a client do: codes, refresh tokens and access tokens hang on it. */
interface GrantsTable {
  id: string
  client_id: string
  account_id: string
  /** The `iss` of its tokens: a dialect with discovery is its own issuer. */
  issuer: string
  scopes: string
  audience: string
  authorization_details: string
  session_id: string | null
  /** null: the provider that vouched for the person did not say. */
  authenticated_at: number | null
  methods: string
  acr: string | null
  nonce: string | null
  /** JSON: the OpenID `claims` parameter. */
  claims: string | null
  dpop_jkt: string | null
  created_at: number
  /** The absolute end of its refresh tokens. */
  expires_at: number
  revoked_at: number | null
}

interface AuthorizationCodesTable {
  hash: string
  grant_id: string
  client_id: string
  redirect_uri: string
  /** 1: the request named it, so the token request must too (RFC 6749 §4.1.3). */
  redirect_uri_given: number
  code_challenge: string | null
  expires_at: number
  used_at: number | null
}

interface RefreshTokensTable {
  hash: string
  grant_id: string
  client_id: string
  created_at: number
  expires_at: number
  used_at: number | null
  successor_hash: string | null
  /** The answer to the call that used it, under a key derived from the token itself. */
  replay: string | null
}

interface DeviceCodesTable {
  hash: string
  user_code: string
  client_id: string
  request: string
  status: string
  grant_id: string | null
  interval_seconds: number
  last_polled_at: number | null
  dpop_jkt: string | null
  created_at: number
  expires_at: number
}

interface UsedJtisTable {
  owner: string
  jti: string
  expires_at: number
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

/** Random keys that values are derived from which must outlive a master key. */
interface DerivationKeysTable {
  name: string
  /** AES-256-GCM: base64url of nonce, ciphertext and tag. */
  encrypted: string
  master_key_version: number
  created_at: number
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
