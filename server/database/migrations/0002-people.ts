import { type Kysely, sql } from 'kysely'

/**
 * Accounts and how they sign in, registered applications, consents, grants, and what they are proven
 * with. Columns have the same type on both databases; the reasons for the shapes are in `tables.ts`.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await addClientColumns(db)
  await addAccounts(db)
  await addSignIn(db)
  await addGrants(db)
}

async function addClientColumns(db: Kysely<any>): Promise<void> {
  const columns: [name: string, type: 'text' | 'bigint', value: string | number | null][] = [
    ['auth_method', 'text', 'client_secret'],
    ['redirect_uris', 'text', '[]'],
    ['post_logout_redirect_uris', 'text', '[]'],
    ['website', 'text', ''],
    ['jwks', 'text', null],
    ['jwks_uri', 'text', null],
    ['require_pkce', 'bigint', 1],
    ['require_par', 'bigint', 0],
    ['dpop_bound', 'bigint', 0],
    ['refresh_mode', 'text', 'rotate'],
    ['profile', 'text', null],
    ['id_token_algorithm', 'text', null],
    ['area_ids', 'text', ''],
    ['client_token_version', 'bigint', 1],
    ['client_token_scopes', 'text', null],
    ['web_origins', 'text', '[]'],
    ['registration', 'text', 'operator'],
    ['registered_by', 'text', null],
    ['registration_token_hash', 'text', null],
    ['metadata', 'text', '{}'],
    ['logo_at', 'bigint', null],
  ]
  for (const [name, type, value] of columns) {
    await db.schema
      .alterTable('clients')
      .addColumn(name, type, (column) =>
        value === null ? column : column.notNull().defaultTo(value),
      )
      .execute()
  }
  await db.schema
    .createIndex('client_requests_client')
    .on('client_requests')
    .column('client_id')
    .execute()
  await db.schema
    .createTable('client_logos')
    .addColumn('client_id', 'text', (column) => column.primaryKey())
    .addColumn('content_type', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('initial_access_tokens')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('customer_id', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('uses_left', 'bigint')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('derivation_keys')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('encrypted', 'text', (column) => column.notNull())
    .addColumn('master_key_version', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
}

async function addAccounts(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('accounts')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('email_key', 'text', (column) => column.notNull().unique())
    .addColumn('email_confirmed_at', 'bigint')
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('password_hash', 'text')
    .addColumn('password_failures', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('second_factor_failures', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('totp_secret', 'text')
    .addColumn('totp_confirmed_at', 'bigint')
    .addColumn('totp_last_step', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('operator', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('suspended_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  // For those that are pruned, which are few among many.
  await db.schema
    .createIndex('accounts_unconfirmed')
    .on('accounts')
    .column('created_at')
    .where(sql<boolean>`email_confirmed_at is null`)
    .execute()
  await db.schema
    .createTable('memberships')
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('customer_id', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('memberships_key', ['account_id', 'customer_id'])
    .execute()
  await db.schema
    .createIndex('memberships_customer')
    .on('memberships')
    .columns(['customer_id', 'account_id'])
    .execute()
  await db.schema
    .createTable('recovery_codes')
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .addPrimaryKeyConstraint('recovery_codes_key', ['account_id', 'hash'])
    .execute()
  await db.schema
    .createTable('passkeys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('public_key', 'text', (column) => column.notNull())
    .addColumn('counter', 'bigint', (column) => column.notNull())
    .addColumn('transports', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .execute()
  await db.schema.createIndex('passkeys_account').on('passkeys').column('account_id').execute()
  await db.schema
    .createTable('email_links')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('account_id', 'text')
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('customer_id', 'text')
    .addColumn('role', 'text')
    .addColumn('continue_to', 'text')
    .addColumn('created_by', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .execute()
  await db.schema
    .createIndex('email_links_account')
    .on('email_links')
    .column('account_id')
    .execute()
  await db.schema
    .createIndex('email_links_customer')
    .on('email_links')
    .column('customer_id')
    .execute()
}

async function addSignIn(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('sessions')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('authenticated_at', 'bigint')
    .addColumn('methods', 'text', (column) => column.notNull())
    .addColumn('provider_id', 'text')
    .addColumn('address', 'text')
    .addColumn('user_agent', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('sessions_account').on('sessions').column('account_id').execute()
  await db.schema
    .createTable('challenges')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('browser_hash', 'text', (column) => column.notNull())
    .addColumn('account_id', 'text')
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('identity_providers')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('customer_id', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('client_secret', 'text')
    .addColumn('private_key', 'text')
    .addColumn('master_key_version', 'bigint', (column) => column.notNull())
    .addColumn('domains', 'text', (column) => column.notNull())
    .addColumn('role_claim', 'text')
    .addColumn('roles', 'text', (column) => column.notNull())
    .addColumn('required', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('federated_identities')
    .addColumn('provider_id', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('federated_identities_key', ['provider_id', 'subject'])
    .execute()
  await db.schema
    .createIndex('federated_identities_account')
    .on('federated_identities')
    .column('account_id')
    .execute()
  await db.schema
    .createTable('interactions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('browser_hash', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('request', 'text', (column) => column.notNull())
    .addColumn('resume_path', 'text', (column) => column.notNull())
    .addColumn('session_id', 'text')
    .addColumn('account_id', 'text')
    .addColumn('decision', 'text')
    .addColumn('finished_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('pushed_requests')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('parameters', 'text', (column) => column.notNull())
    .addColumn('dpop_jkt', 'text')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .execute()
}

async function addGrants(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('areas')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('geometry', 'text', (column) => column.notNull())
    .addColumn('vertices', 'bigint', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .execute()
  await db.schema
    .createTable('consents')
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('authorization_details', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('consents_key', ['account_id', 'client_id'])
    .execute()
  await db.schema.createIndex('consents_client').on('consents').column('client_id').execute()
  await db.schema
    .createTable('grants')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('issuer', 'text', (column) => column.notNull())
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('audience', 'text', (column) => column.notNull())
    .addColumn('authorization_details', 'text', (column) => column.notNull())
    .addColumn('session_id', 'text')
    .addColumn('authenticated_at', 'bigint')
    .addColumn('methods', 'text', (column) => column.notNull())
    .addColumn('acr', 'text')
    .addColumn('nonce', 'text')
    .addColumn('claims', 'text')
    .addColumn('dpop_jkt', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('revoked_at', 'bigint')
    .execute()
  await db.schema
    .createIndex('grants_account')
    .on('grants')
    .columns(['account_id', 'client_id'])
    .execute()
  await db.schema.createIndex('grants_client').on('grants').column('client_id').execute()
  await db.schema
    .createTable('authorization_codes')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('grant_id', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('redirect_uri', 'text', (column) => column.notNull())
    .addColumn('redirect_uri_given', 'bigint', (column) => column.notNull())
    .addColumn('code_challenge', 'text')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .execute()
  await db.schema
    .createTable('refresh_tokens')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('grant_id', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .addColumn('successor_hash', 'text')
    .addColumn('replay', 'text')
    .execute()
  await db.schema
    .createIndex('refresh_tokens_grant')
    .on('refresh_tokens')
    .column('grant_id')
    .execute()
  await db.schema
    .createTable('device_codes')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('user_code', 'text', (column) => column.notNull().unique())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('request', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('grant_id', 'text')
    .addColumn('interval_seconds', 'bigint', (column) => column.notNull())
    .addColumn('last_polled_at', 'bigint')
    .addColumn('dpop_jkt', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('used_jtis')
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('jti', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('used_jtis_key', ['owner', 'jti'])
    .execute()
  for (const table of [
    'sessions',
    'challenges',
    'interactions',
    'pushed_requests',
    'authorization_codes',
    'refresh_tokens',
    'device_codes',
    'email_links',
    'grants',
    'used_jtis',
    'areas',
  ]) {
    await sql`create index ${sql.id(`${table}_expires`)} on ${sql.table(table)} (expires_at)`.execute(
      db,
    )
  }
}
