import { type CreateTableBuilder, type Kysely, sql } from 'kysely'

/** The access core: customers, clients, secrets, keys, limits, audit, usage and the change feed. */
export async function up(db: Kysely<any>, dialect: 'sqlite' | 'postgres'): Promise<void> {
  /** Rows lie in the primary key's own tree, in its order: one search finds them. */
  const clustered = <Table extends string>(table: CreateTableBuilder<Table>) =>
    dialect === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table

  await db.schema
    .createTable('customers')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('suspended_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()

  await db.schema
    .createTable('clients')
    .$call(clustered)
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('customer_id', 'text', (column) => column.notNull().references('customers.id'))
    .addColumn('display_name', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('grants', 'text', (column) => column.notNull())
    .addColumn('token_lifetime_seconds', 'bigint', (column) => column.notNull())
    .addColumn('signing_algorithm', 'text')
    .addColumn('api_id', 'text')
    .addColumn('suspended_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('clients_customer').on('clients').column('customer_id').execute()

  await db.schema
    .createTable('client_secrets')
    .$call(clustered)
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('client_id', 'text', (column) => column.notNull().references('clients.id'))
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by_kind', 'text', (column) => column.notNull())
    .addColumn('created_by_id', 'text')
    .addColumn('created_by_secret_id', 'text')
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addColumn('last_four', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('pepper_version', 'bigint', (column) => column.notNull())
    .addColumn('retiring', 'bigint', (column) => column.notNull())
    .addColumn('revoked_at', 'bigint')
    .addColumn('tokens_revoked', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('client_secrets_client')
    .on('client_secrets')
    .column('client_id')
    .execute()
  await db.schema
    .createIndex('client_secrets_created_by')
    .on('client_secrets')
    .column('created_by_secret_id')
    .execute()

  await db.schema
    .createTable('client_requests')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('display_name', 'text', (column) => column.notNull())
    .addColumn('credential_name', 'text', (column) => column.notNull())
    .addColumn('permissions', 'text', (column) => column.notNull())
    .addColumn('intended_use', 'text', (column) => column.notNull())
    .addColumn('contact', 'text')
    .addColumn('customer_id', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('client_id', 'text')
    .addColumn('delivery_hash', 'text', (column) => column.unique())
    .addColumn('delivery_expires_at', 'bigint')
    .addColumn('delivered_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('decided_at', 'bigint')
    .execute()

  await db.schema
    .createTable('signing_keys')
    .addColumn('kid', 'text', (column) => column.primaryKey())
    .addColumn('algorithm', 'text', (column) => column.notNull())
    .addColumn('public_jwk', 'text', (column) => column.notNull())
    .addColumn('private_key', 'text', (column) => column.notNull())
    .addColumn('master_key_version', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('signs_from', 'bigint', (column) => column.notNull())
    .execute()

  await db.schema
    .createTable('master_key_checks')
    .addColumn('version', 'bigint', (column) => column.primaryKey())
    .addColumn('check_value', 'text', (column) => column.notNull())
    .execute()

  await db.schema
    .createTable('revoked_tokens')
    .addColumn('jti', 'text', (column) => column.primaryKey())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()

  await db.schema
    .createTable('limit_overrides')
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('quota', 'bigint', (column) => column.notNull())
    .addColumn('window_seconds', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('limit_overrides_key', ['client_id', 'endpoint'])
    .execute()

  await db.schema
    .createTable('audit_events')
    .addColumn('sequence', 'bigint', (column) => column.primaryKey())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor_kind', 'text', (column) => column.notNull())
    .addColumn('actor_id', 'text')
    .addColumn('actor_secret_id', 'text')
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('object_kind', 'text', (column) => column.notNull())
    .addColumn('object_id', 'text', (column) => column.notNull())
    .addColumn('customer_id', 'text')
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('address', 'text')
    .addColumn('request_id', 'text')
    .addColumn('details', 'text', (column) => column.notNull())
    .addColumn('previous_hash', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute()

  for (const column of ['customer_id', 'object_id', 'actor_id']) {
    await db.schema
      .createIndex(`audit_events_${column}`)
      .on('audit_events')
      .columns([column, 'sequence'])
      .execute()
  }

  await db.schema
    .createTable('backlog')
    .addColumn('id', dialect === 'sqlite' ? 'integer' : 'bigserial', (column) =>
      column.primaryKey(),
    )
    .addColumn('topic', 'text', (column) => column.notNull())
    .addColumn('share', 'text', (column) => column.notNull())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('backlog_share')
    .on('backlog')
    .columns(['topic', 'share', 'id'])
    .execute()

  let usage = db.schema
    .createTable('usage_counts')
    .$call(clustered)
    .addColumn('resolution', 'text', (column) => column.notNull())
    .addColumn('period', 'bigint', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('secret_id', 'text', (column) => column.notNull())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('status', 'bigint', (column) => column.notNull())
    .addColumn('requests', 'bigint', (column) => column.notNull())
  for (const bound of [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000, 'more']) {
    usage = usage.addColumn(`ms_${bound}`, 'bigint', (column) => column.notNull())
  }
  await usage
    .addPrimaryKeyConstraint('usage_counts_key', [
      'resolution',
      'period',
      'client_id',
      'secret_id',
      'endpoint',
      'status',
    ])
    .execute()

  await db.schema
    .createTable('changes')
    .addColumn('id', dialect === 'sqlite' ? 'integer' : 'bigserial', (column) =>
      // AUTOINCREMENT: a reader remembers the last id it saw, so ids must never be used again.
      dialect === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn('topic', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .execute()
}
