import { type Kysely, sql } from 'kysely'
import type { Adapter } from './database.ts'
import { up as access } from './migrations/0001-access.ts'
import { up as people } from './migrations/0002-people.ts'
import { up as mapData } from './migrations/0003-map-data.ts'

/** In order; a migration that has been released is never changed, only followed by another. */
export const MIGRATIONS = [
  { name: '0001-access', up: access },
  { name: '0002-people', up: people },
  { name: '0003-map-data', up: mapData },
]

/** A newer version of Mapgate has changed the tables: this one would not understand them. */
export class NewerSchemaError extends Error {
  override name = 'NewerSchemaError'
}

/** Brings the tables up to date under a lock, so that several nodes may start at once. */
export async function migrate(adapter: Adapter): Promise<void> {
  await adapter.writer.transaction().execute(async (transaction) => {
    await adapter.lock(transaction, 'migrations')
    const db = transaction as unknown as Kysely<{ migrations: { name: string; at: number } }>
    await sql`create table if not exists migrations (name text primary key, at bigint not null)`.execute(
      db,
    )
    const done = new Set(
      (await db.selectFrom('migrations').select('name').execute()).map((row) => row.name),
    )
    const known = new Set(MIGRATIONS.map((migration) => migration.name))
    const unknown = [...done].filter((name) => !known.has(name))
    if (unknown.length > 0) {
      throw new NewerSchemaError(
        `the database has been changed by a newer version of Mapgate (${unknown.join(', ')}); start that version, or restore a backup`,
      )
    }
    for (const migration of MIGRATIONS) {
      if (done.has(migration.name)) continue
      await migration.up(db, adapter.dialect)
      await db.insertInto('migrations').values({ name: migration.name, at: Date.now() }).execute()
    }
  })
}
