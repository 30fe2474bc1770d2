import type { Write } from '../../database/database.ts'
import type { Client } from './client.ts'

export interface LockedClient {
  id: string
  customer_id: string
  type: Client['type']
}

/**
 * Holds the client until the transaction ends: nobody else changes its secrets or deletes it. Taken
 * before any lock on secrets. An update that changes nothing: it locks the row on Postgres, and
 * means nothing on SQLite.
 */
export async function lockClient(write: Write, id: string): Promise<LockedClient | null> {
  const row = await write.query
    .updateTable('clients')
    .set((clients) => ({ id: clients.ref('id') }))
    .where('id', '=', id)
    .returning(['id', 'customer_id', 'type'])
    .executeTakeFirst()
  return row ?? null
}
