import type { Write } from '../../database/database.ts'

/**
 * Holds the customer until the transaction ends, so that none gets a client while it is deleted. An
 * update that changes nothing: it locks the row on Postgres, and means nothing on SQLite.
 */
export async function lockCustomer(
  write: Write,
  id: string,
): Promise<{ id: string; suspended_at: number | null } | null> {
  const row = await write.query
    .updateTable('customers')
    .set((customers) => ({ id: customers.ref('id') }))
    .where('id', '=', id)
    .returning(['id', 'suspended_at'])
    .executeTakeFirst()
  return row ?? null
}
