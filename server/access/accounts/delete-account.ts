import type { Write } from '../../database/database.ts'
import { hasCollections } from '../collections/has-collections.ts'
import { lockCustomer } from '../customers/lock-customer.ts'
import { removeCustomer } from '../customers/remove-customer.ts'
import { lockAccount } from './account-rows.ts'
import { endSessions } from './session-rows.ts'

/** Tables whose rows go with their account. */
const OF_AN_ACCOUNT = [
  'memberships',
  'passkeys',
  'recovery_codes',
  'email_links',
  'federated_identities',
  'consents',
  'challenges',
  'interactions',
] as const

/** Tables whose rows go with their grant. */
const OF_A_GRANT = ['authorization_codes', 'refresh_tokens', 'device_codes'] as const

/**
 * Removes an account with everything that hangs on it, in the caller's transaction: what its browsers
 * and clients hold is worth nothing after it.
 * @param heard.membership hears of each membership that ends
 * @param heard.customer hears of the customer of its own, when it goes too
 */
export async function deleteAccount(
  write: Write,
  id: string,
  heard: {
    membership(ended: { customer_id: string; role: string }): void
    customer(id: string): void
  },
): Promise<'deleted' | 'unknown' | 'last-owner'> {
  const { query } = write
  if (!(await lockAccount(write, id))) return 'unknown'
  const memberships = await query
    .selectFrom('memberships')
    .select(['customer_id', 'role'])
    .where('account_id', '=', id)
    // Always in this order, so that two deletions do not wait for each other.
    .orderBy('customer_id')
    .execute()
  let ownIsEmpty = false
  for (const { customer_id: customerId, role } of memberships) {
    if (role !== 'owner') continue
    await lockCustomer(write, customerId)
    const others = await otherMembers(write, id, customerId)
    if (others.some((other) => other.role === 'owner')) continue
    if (await hasClients(write, customerId)) return 'last-owner'
    if (await hasCollections(write, customerId)) return 'last-owner'
    if (customerId === id && others.length === 0) ownIsEmpty = true
  }
  for (const membership of memberships) heard.membership(membership)
  if (memberships.length > 0) write.announce('membership', id)
  await endSessions(write, id)
  await deleteGrants(write, id)
  for (const table of OF_AN_ACCOUNT) {
    await query.deleteFrom(table).where('account_id', '=', id).execute()
  }
  // Nobody answers for them any more.
  await query.deleteFrom('email_links').where('created_by', '=', id).execute()
  if (ownIsEmpty) {
    await removeCustomer(write, id)
    heard.customer(id)
  }
  await query.deleteFrom('accounts').where('id', '=', id).execute()
  return 'deleted'
}

function otherMembers(write: Write, accountId: string, customerId: string) {
  return write.query
    .selectFrom('memberships')
    .select('role')
    .where('customer_id', '=', customerId)
    .where('account_id', '!=', accountId)
    .execute()
}

async function hasClients(write: Write, customerId: string): Promise<boolean> {
  const client = await write.query
    .selectFrom('clients')
    .select('id')
    .where('customer_id', '=', customerId)
    .limit(1)
    .executeTakeFirst()
  return client !== undefined
}

async function deleteGrants(write: Write, accountId: string): Promise<void> {
  const grants = await write.query
    .deleteFrom('grants')
    .where('account_id', '=', accountId)
    .returning('id')
    .execute()
  const ids = grants.map(({ id }) => id)
  for (let start = 0; start < ids.length; start += IDS_AT_ONCE) {
    const some = ids.slice(start, start + IDS_AT_ONCE)
    for (const table of OF_A_GRANT) {
      await write.query.deleteFrom(table).where('grant_id', 'in', some).execute()
    }
  }
  for (const id of ids) write.announce('grant', id)
}

/** Each is a parameter of a statement, and databases have a limit of those. */
const IDS_AT_ONCE = 500
