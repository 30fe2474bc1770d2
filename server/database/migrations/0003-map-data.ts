import type { Kysely } from 'kysely'

/**
 * Which collections of map data there are, and who may see them. The data itself lives apart, in the
 * stores of `maps/`. Columns have the same type on both databases.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await addCollections(db)
  await addSubscriptions(db)
  await addImportJobs(db)
}

async function addCollections(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('collections')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('customer_id', 'text')
    .addColumn('visibility', 'text', (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('attribution', 'text', (column) => column.notNull())
    .addColumn('licence_name', 'text')
    .addColumn('licence_url', 'text')
    .addColumn('made_of', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('collections_customer')
    .on('collections')
    .column('customer_id')
    .execute()
}

async function addSubscriptions(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('subscriptions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('customer_id', 'text', (column) => column.notNull())
    .addColumn('collection_id', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('area_id', 'text')
    .addColumn('starts_at', 'bigint', (column) => column.notNull())
    .addColumn('ends_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()
  // However many ask at once, one of them gets it.
  await db.schema
    .createIndex('subscriptions_one')
    .on('subscriptions')
    .columns(['customer_id', 'collection_id', 'action'])
    .unique()
    .execute()
  await db.schema
    .createIndex('subscriptions_collection')
    .on('subscriptions')
    .column('collection_id')
    .execute()
}

async function addImportJobs(db: Kysely<any>): Promise<void> {
  await db.schema
    .createTable('import_jobs')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('collection_id', 'text', (column) => column.notNull())
    // When that was created: one of the same id that comes after it is another one.
    .addColumn('collection_created_at', 'bigint', (column) => column.notNull())
    // Null once it has ended: a collection has one that has not.
    .addColumn('busy_collection_id', 'text', (column) => column.unique())
    // Whose turn and share it is.
    .addColumn('customer_id', 'text', (column) => column.notNull())
    // Which data folder its file is in, and when a server with that folder was last heard of.
    .addColumn('node', 'text', (column) => column.notNull())
    .addColumn('node_heard_at', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('options', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    // What the token said that it was asked for with; null: an operator's.
    .addColumn('caller', 'text')
    .addColumn('total_bytes', 'bigint', (column) => column.notNull())
    .addColumn('progress', 'text', (column) => column.notNull())
    .addColumn('result', 'text')
    .addColumn('runner', 'text')
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('heartbeat_at', 'bigint')
    .addColumn('cancelled_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .execute()
  await db.schema
    .createIndex('import_jobs_collection')
    .on('import_jobs')
    .columns(['collection_id', 'created_at'])
    .execute()
}
