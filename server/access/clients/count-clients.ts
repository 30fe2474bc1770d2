import type { Write } from '../../database/database.ts'
import type { Registration } from './client.ts'

/**
 * How many clients a customer has; stays true while the caller holds the customer's lock.
 * @param registration only those that came to be so
 */
export async function countClients(
  write: Write,
  customerId: string,
  registration?: Registration,
): Promise<number> {
  const { count } = await write.query
    .selectFrom('clients')
    .select((rows) => rows.fn.countAll<number>().as('count'))
    .where('customer_id', '=', customerId)
    .$if(registration !== undefined, (rows) => rows.where('registration', '=', registration!))
    .executeTakeFirstOrThrow()
  return count
}
