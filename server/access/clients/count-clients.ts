import type { Write } from '../../database/database.ts'

/** How many clients a customer has; stays true while the caller holds the customer's lock. */
export async function countClients(write: Write, customerId: string): Promise<number> {
  const { count } = await write.query
    .selectFrom('clients')
    .select((rows) => rows.fn.countAll<number>().as('count'))
    .where('customer_id', '=', customerId)
    .executeTakeFirstOrThrow()
  return count
}
