import type { Database, Write } from '../../database/database.ts'
import { followTable } from '../../database/followed-table.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, uuidv7 } from '../../lib/random.ts'
import { type AreaGeometry, type Areas, verticesOf } from '../areas/areas.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import { lockCollection } from '../collections/lock-collection.ts'
import { lockCustomer } from '../customers/lock-customer.ts'
import { exceedsBudget } from './area-budget.ts'
import type { Subscription, SubscriptionAction } from './subscription.ts'
import {
  countOf,
  deleteEnded,
  findSubscription,
  listSubscriptions,
  type SubscriptionQuery,
  toSubscription,
} from './subscription-rows.ts'

/**
 * What customers may do on the collections of others: agreed, changed, ended. There is one for each
 * customer, collection and action. All are kept in memory and follow the change feed; what they mean
 * for a token is `access/scopes`' question. One that is over stays until a new one takes its place.
 */
export interface Subscriptions {
  create(actor: Actor, subscription: NewSubscription): Promise<CreateSubscriptionOutcome>
  /** What is left out stays. */
  change(actor: Actor, id: string, changes: SubscriptionChanges): Promise<ChangeSubscriptionOutcome>
  /** @returns what was ended; null: there is no such subscription */
  end(actor: Actor, id: string): Promise<Subscription | null>
  find(id: string): Promise<Subscription | null>
  /** By id, so by age. */
  list(query: SubscriptionQuery): Promise<Subscription[]>
  /** The customer's, those to come and those that are over too; needs a fresh feed. */
  of(customerId: string): readonly Subscription[]
  /** Those of them that hold now. */
  liveOf(customerId: string): Subscription[]
  /** Another one after each change. */
  revision(): number
}

export interface SubscriptionChanges {
  /** Judged by `parseArea`; null: the whole collection. */
  area?: AreaGeometry | null
  from?: number
  to?: number | null
}

export interface NewSubscription extends SubscriptionChanges {
  customerId: string
  collectionId: string
  action: SubscriptionAction
  /** Whose collection it must be; left out: whosever it is. */
  ownerId?: string | null
}

/** `own`: the collection is the customer's. `bad-time`: it would end before it begins. */
export type CreateSubscriptionOutcome =
  | { kind: 'created'; subscription: Subscription }
  | { kind: 'exists' | 'unknown-customer' | 'unknown-collection' | 'own' | 'bad-time' }
  | TooMuch

export type ChangeSubscriptionOutcome =
  | { kind: 'changed'; subscription: Subscription }
  | { kind: 'unknown' | 'bad-time' }
  | TooMuch

/**
 * `too-many`: more than a customer or the installation can have; `too-large`: the areas of all that
 * the customer has would hold too many positions together.
 */
export interface TooMuch {
  kind: 'too-many' | 'too-large'
}

const MAXIMUM_SUBSCRIPTIONS = 100_000
const MAXIMUM_OF_A_CUSTOMER = 1_000

export async function createSubscriptions(options: {
  database: Database
  areas: Pick<Areas, 'createIn'>
  audit: Audit
  clock: Clock
  random: RandomBytes
}): Promise<Subscriptions> {
  const { database, areas, audit, clock, random } = options
  const byCustomer = new Map<string, Map<string, Subscription>>()

  const table = await followTable({
    feed: database.feed,
    topic: 'subscription',
    async loadAll() {
      const rows = await database.query.selectFrom('subscriptions').selectAll().execute()
      return new Map(rows.map((row) => [row.id, toSubscription(row)]))
    },
    load: (id) => findSubscription(database.query, id),
    onChange(before, after) {
      if (before) byCustomer.get(before.customerId)?.delete(before.id)
      if (before && byCustomer.get(before.customerId)?.size === 0) {
        byCustomer.delete(before.customerId)
      }
      if (!after) return
      const own = byCustomer.get(after.customerId)
      if (own) own.set(after.id, after)
      else byCustomer.set(after.customerId, new Map([[after.id, after]]))
    },
  })

  function recorded(write: Write, actor: Actor, verb: string, subscription: Subscription): void {
    const { id, customerId, collectionId, action, areaId, from, to } = subscription
    write.announce('subscription', id)
    audit.record(write, actor, {
      action: `subscription.${verb}`,
      object: { kind: 'subscription', id },
      customerId,
      details: { collectionId, action, areaId, from, to },
    })
  }

  const isTooLarge = (
    write: Write,
    customerId: string,
    exceptId: string | null,
    area: AreaGeometry | null | undefined,
  ) => (area ? exceedsBudget(write, customerId, exceptId, verticesOf(area)) : false)

  /** Kept for good: nothing that prunes areas takes it away. */
  const storeArea = async (write: Write, area: AreaGeometry | null | undefined) =>
    area ? (await areas.createIn(write, area, '', 'kept')).id : null

  const isLive = ({ from, to }: Subscription) =>
    from <= clock.now() && (to === null || clock.now() < to)

  const of = (customerId: string): readonly Subscription[] => [
    ...(byCustomer.get(customerId)?.values() ?? []),
  ]

  return {
    find: (id) => findSubscription(database.query, id),
    list: (query) => listSubscriptions(database, query),
    of,
    liveOf: (customerId) => of(customerId).filter(isLive),
    revision: () => table.revision,

    create: (actor, { customerId, collectionId, action, area, ownerId, ...time }) =>
      database.write(async (write): Promise<CreateSubscriptionOutcome> => {
        const now = clock.now()
        const { from = now, to = null } = time
        if (to !== null && to <= from) return { kind: 'bad-time' }
        // Customers before collections before subscriptions, everywhere.
        if (!(await lockCustomer(write, customerId))) return { kind: 'unknown-customer' }
        const collection = await lockCollection(write, collectionId)
        if (!collection || (ownerId !== undefined && collection.customerId !== ownerId)) {
          return { kind: 'unknown-collection' }
        }
        if (collection.customerId === customerId) return { kind: 'own' }
        await deleteEnded(write, { customerId, collectionId, action }, now)
        if (table.items.size >= MAXIMUM_SUBSCRIPTIONS) return { kind: 'too-many' }
        if ((await countOf(write, customerId)) >= MAXIMUM_OF_A_CUSTOMER) return { kind: 'too-many' }
        if (await isTooLarge(write, customerId, null, area)) return { kind: 'too-large' }
        const row = await write.query
          .insertInto('subscriptions')
          .values({
            id: uuidv7(now, random),
            customer_id: customerId,
            collection_id: collectionId,
            action,
            area_id: await storeArea(write, area),
            starts_at: from,
            ends_at: to,
            created_at: now,
          })
          .onConflict((conflict) =>
            conflict.columns(['customer_id', 'collection_id', 'action']).doNothing(),
          )
          .returningAll()
          .executeTakeFirst()
        if (!row) return { kind: 'exists' }
        const subscription = toSubscription(row)
        recorded(write, actor, 'create', subscription)
        return { kind: 'created', subscription }
      }),

    change: (actor, id, { area, from, to }) =>
      database.write(async (write): Promise<ChangeSubscriptionOutcome> => {
        const before = await findSubscription(write.query, id)
        if (!before || !(await lockCustomer(write, before.customerId))) return { kind: 'unknown' }
        // Its customer is held, and so are changes of its subscriptions.
        const found = await findSubscription(write.query, id)
        if (!found) return { kind: 'unknown' }
        if (await isTooLarge(write, found.customerId, id, area)) return { kind: 'too-large' }
        const ends = to === undefined ? found.to : to
        if (ends !== null && ends <= (from ?? found.from)) return { kind: 'bad-time' }
        const row = await write.query
          .updateTable('subscriptions')
          .set({
            ...(area !== undefined && { area_id: await storeArea(write, area) }),
            ...(from !== undefined && { starts_at: from }),
            ...(to !== undefined && { ends_at: to }),
            id,
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst()
        if (!row) return { kind: 'unknown' }
        const subscription = toSubscription(row)
        recorded(write, actor, 'change', subscription)
        return { kind: 'changed', subscription }
      }),

    end: (actor, id) =>
      database.write(async (write) => {
        const row = await write.query
          .deleteFrom('subscriptions')
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst()
        if (!row) return null
        const subscription = toSubscription(row)
        recorded(write, actor, 'end', subscription)
        return subscription
      }),
  }
}
