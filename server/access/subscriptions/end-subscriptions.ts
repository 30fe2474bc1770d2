import type { Write } from '../../database/database.ts'
import { ALL_ROWS } from '../../database/followed-table.ts'

/** Ends all subscriptions to a collection, or all that a customer has: what they hang on is going. */
export async function endSubscriptions(
  write: Write,
  column: 'collection_id' | 'customer_id',
  id: string,
): Promise<void> {
  const ended = await write.query
    .deleteFrom('subscriptions')
    .where(column, '=', id)
    .returning('id')
    .execute()
  // There may be thousands of them.
  if (ended.length > 0) write.announce('subscription', ALL_ROWS)
}
