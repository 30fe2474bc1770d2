import type { Write } from '../../database/database.ts'

/** Whether the customer owns any: then it cannot go, because their data would be nobody's. */
export async function hasCollections(write: Write, customerId: string): Promise<boolean> {
  const collection = await write.query
    .selectFrom('collections')
    .select('id')
    .where('customer_id', '=', customerId)
    .limit(1)
    .executeTakeFirst()
  return collection !== undefined
}
