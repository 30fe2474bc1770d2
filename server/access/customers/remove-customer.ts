import type { Write } from '../../database/database.ts'
import { endSubscriptions } from '../subscriptions/end-subscriptions.ts'

/** Tables whose rows go with their customer. */
const OF_A_CUSTOMER = ['memberships', 'email_links', 'initial_access_tokens'] as const

/**
 * Removes a customer with everything that hangs on it, in the caller's transaction. The caller holds it
 * (`lockCustomer`), has found that it owns no clients and no collections, and writes the audit.
 */
export async function removeCustomer(write: Write, id: string): Promise<void> {
  const { query } = write
  await endSubscriptions(write, 'customer_id', id)
  // A provider that stayed would keep its domains, and lead their people nowhere.
  const providers = await query
    .deleteFrom('identity_providers')
    .where('customer_id', '=', id)
    .returning('id')
    .execute()
  for (const provider of providers) {
    await query.deleteFrom('federated_identities').where('provider_id', '=', provider.id).execute()
    write.announce('identity-provider', provider.id)
  }
  for (const table of OF_A_CUSTOMER) {
    await query.deleteFrom(table).where('customer_id', '=', id).execute()
  }
  await query.deleteFrom('customers').where('id', '=', id).execute()
  write.announce('customer', id)
}
