import type { Selectable } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { ManagedClient } from './management-rights.ts'

/**
 * A client's secrets as a change finds them. Whoever changes some has locked the client first
 * (`lockClient`), then locks secrets: always in this order.
 */
export type SecretRow = Selectable<Tables['client_secrets']>

/**
 * The client's secrets, oldest first; the newest 1,000 at most, which is more than may be usable.
 * @param usableAt only those that one can log in with at that time; null: all
 */
export async function findRows(
  query: Pick<Database['query'], 'selectFrom'>,
  clientId: string,
  usableAt: number | null,
): Promise<SecretRow[]> {
  const rows = await query
    .selectFrom('client_secrets')
    .selectAll()
    .where('client_id', '=', clientId)
    .$if(usableAt !== null, (all) =>
      all
        .where('revoked_at', 'is', null)
        .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', usableAt)])),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(MAXIMUM_FOUND)
    .execute()
  return rows.reverse()
}

/** An update that changes nothing, as in `lockClient`; tells what the rows are once they are locked. */
export function lockSecrets(write: Write, ids: readonly string[]): Promise<SecretRow[]> {
  return write.query
    .updateTable('client_secrets')
    .set((secrets) => ({ id: secrets.ref('id') }))
    .where('id', 'in', ids)
    .returningAll()
    .execute()
}

export interface CreatedSecret {
  row: SecretRow
  customerId: string
}

/**
 * Locks the secrets that were created by clients logged in with `targetId`, which is locked, and
 * those created with these, and so on, as far as nobody has deleted them and `isIncluded` says yes of
 * their client. Of a chain of more than 10,000 the first ones.
 */
export async function lockCreatedWith(
  write: Write,
  targetId: string,
  isIncluded: (client: ManagedClient) => boolean,
): Promise<CreatedSecret[]> {
  const locked = new Map<string, CreatedSecret>()
  for (;;) {
    const found = (await findCreatedWith(write, targetId)).filter(
      ({ id, client_id, customer_id, scopes }) =>
        !locked.has(id) &&
        isIncluded({ id: client_id, customerId: customer_id, scopes: scopes.split(' ') }),
    )
    // One that was being created while its creator was waited for is found by the next round only.
    if (found.length === 0) break
    const customers = new Map(found.map(({ id, customer_id }) => [id, customer_id]))
    for (const row of await lockSecrets(write, [...customers.keys()])) {
      locked.set(row.id, { row, customerId: customers.get(row.id)! })
    }
  }
  return [...locked.values()].filter(({ row }) => row.revoked_at === null)
}

/** The chain passes through secrets that have been deleted already. */
function findCreatedWith(write: Write, targetId: string) {
  return write.query
    .withRecursive('chain(id)', (query) =>
      query
        .selectFrom('client_secrets')
        .select('id')
        .where('created_by_secret_id', '=', targetId)
        .union(
          query
            .selectFrom('client_secrets')
            .innerJoin('chain', 'chain.id', 'client_secrets.created_by_secret_id')
            .select('client_secrets.id'),
        ),
    )
    .selectFrom((query) =>
      query.selectFrom('chain').select('id').limit(MAXIMUM_CHAIN).as('created'),
    )
    .innerJoin('client_secrets', 'client_secrets.id', 'created.id')
    .innerJoin('clients', 'clients.id', 'client_secrets.client_id')
    .select(['client_secrets.id', 'client_secrets.client_id', 'clients.customer_id'])
    .select('clients.scopes')
    .where('client_secrets.revoked_at', 'is', null)
    .where('client_secrets.id', '!=', targetId)
    .execute()
}

const MAXIMUM_FOUND = 1_000
const MAXIMUM_CHAIN = 10_000
