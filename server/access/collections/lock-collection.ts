import type { Write } from '../../database/database.ts'

/** Holds the collection until the transaction ends, as `lockCustomer` does a customer. */
export async function lockCollection(
  write: Write,
  id: string,
): Promise<{ customerId: string | null } | null> {
  const row = await write.query
    .updateTable('collections')
    .set((collections) => ({ id: collections.ref('id') }))
    .where('id', '=', id)
    .returning('customer_id')
    .executeTakeFirst()
  return row ? { customerId: row.customer_id } : null
}
