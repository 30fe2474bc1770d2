import type { Selectable } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Subscription } from './subscription.ts'

export interface SubscriptionQuery {
  /** Who may. */
  customerId?: string | undefined
  collectionId?: string | undefined
  /** The customer who may, or the one whose collection it is. */
  partyId?: string | undefined
  after: string | null
  limit: number
}

export async function listSubscriptions(
  database: Pick<Database, 'query'>,
  { customerId, collectionId, partyId, after, limit }: SubscriptionQuery,
): Promise<Subscription[]> {
  const rows = await database.query
    .selectFrom('subscriptions')
    .selectAll()
    .$if(customerId !== undefined, (query) => query.where('customer_id', '=', customerId!))
    .$if(collectionId !== undefined, (query) => query.where('collection_id', '=', collectionId!))
    .$if(partyId !== undefined, (query) =>
      query.where((is) =>
        is.or([
          is('customer_id', '=', partyId!),
          is('collection_id', 'in', (collections) =>
            collections
              .selectFrom('collections')
              .select('collections.id')
              .where('collections.customer_id', '=', partyId!),
          ),
        ]),
      ),
    )
    .$if(after !== null, (query) => query.where('id', '>', after!))
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(toSubscription)
}

export async function findSubscription(
  query: Pick<Database['query'], 'selectFrom'>,
  id: string,
): Promise<Subscription | null> {
  const row = await query
    .selectFrom('subscriptions')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row ? toSubscription(row) : null
}

export async function countOf(write: Write, customerId: string): Promise<number> {
  const { count } = await write.query
    .selectFrom('subscriptions')
    .select((rows) => rows.fn.countAll<string | number>().as('count'))
    .where('customer_id', '=', customerId)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** What is over makes place for a new one. */
export async function deleteEnded(
  write: Write,
  {
    customerId,
    collectionId,
    action,
  }: Pick<Subscription, 'customerId' | 'collectionId' | 'action'>,
  now: number,
): Promise<void> {
  const ended = await write.query
    .deleteFrom('subscriptions')
    .where('customer_id', '=', customerId)
    .where('collection_id', '=', collectionId)
    .where('action', '=', action)
    .where('ends_at', '<=', now)
    .returning('id')
    .executeTakeFirst()
  if (ended) write.announce('subscription', ended.id)
}

export function toSubscription(row: Selectable<Tables['subscriptions']>): Subscription {
  return {
    id: row.id,
    customerId: row.customer_id,
    collectionId: row.collection_id,
    action: row.action,
    areaId: row.area_id,
    from: row.starts_at,
    to: row.ends_at,
    createdAt: row.created_at,
  }
}
