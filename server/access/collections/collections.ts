import type { Database, Write } from '../../database/database.ts'
import { followTable } from '../../database/followed-table.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import type { JsonValue } from '../audit/audit-event.ts'
import { lockCustomer } from '../customers/lock-customer.ts'
import { endSubscriptions } from '../subscriptions/end-subscriptions.ts'
import type { Collection, CollectionChanges } from './collection.ts'
import { columnsOf, toCollection } from './collection-rows.ts'

/**
 * Which collections there are: registered, described, made visible to more or fewer, deleted. All are
 * kept in memory and follow the change feed. Their data is in the stores of `maps/`, who may see
 * which part of it is in `access/scopes`, what other customers may see in `access/subscriptions`.
 */
export interface Collections {
  /** Both need a fresh feed (`ChangeFeed.ensureFresh`), as it is when a token has been verified. */
  known(id: string): Collection | null
  /** By id. */
  all(): readonly Collection[]
  /** Another one after each change. */
  revision(): number
  create(actor: Actor, collection: NewCollection): Promise<CreateCollectionOutcome>
  /**
   * @param createdAt of the one that is meant: another one may have its id by now
   * @returns null: there is no such collection
   */
  change(
    actor: Actor,
    id: string,
    changes: CollectionChanges,
    createdAt?: number,
  ): Promise<Collection | null>
  /**
   * With the subscriptions to it. The caller drops its data after that (`MapStore.drop`).
   * @param createdAt as for `change`
   * @returns what was deleted; null: there is no such collection
   */
  delete(actor: Actor, id: string, createdAt?: number): Promise<Collection | null>
}

/** What is left out is empty, and `visibility` `private`. */
export interface NewCollection extends CollectionChanges {
  /** `isCollectionId` */
  id: string
  customerId: string | null
  title: string
}

/** `too-many`: more than are kept in memory, or than one customer may have. */
export type CreateCollectionOutcome =
  | { kind: 'created'; collection: Collection }
  | { kind: 'exists' }
  | { kind: 'unknown-customer' }
  | { kind: 'too-many' }

const MAXIMUM_COLLECTIONS = 10_000
const MAXIMUM_OF_A_CUSTOMER = 1_000

export async function createCollections(options: {
  database: Database
  audit: Audit
  clock: Clock
}): Promise<Collections> {
  const { database, audit, clock } = options
  const select = () => database.query.selectFrom('collections').selectAll()

  const table = await followTable({
    feed: database.feed,
    topic: 'collection',
    async loadAll() {
      const rows = await select().execute()
      return new Map(rows.map((row) => [row.id, toCollection(row)]))
    },
    async load(id) {
      const row = await select().where('id', '=', id).executeTakeFirst()
      return row ? toCollection(row) : null
    },
  })
  let sorted: { revision: number; collections: readonly Collection[] } | null = null

  function recorded(
    write: Write,
    actor: Actor,
    action: string,
    { id, customer_id: customerId }: { id: string; customer_id: string | null },
    details: Record<string, JsonValue> = {},
  ): void {
    write.announce('collection', id)
    audit.record(write, actor, { action, object: { kind: 'collection', id }, customerId, details })
  }

  async function countOf(write: Write, customerId: string | null): Promise<number> {
    const { count } = await write.query
      .selectFrom('collections')
      .select((rows) => rows.fn.countAll<string | number>().as('count'))
      .$if(customerId !== null, (query) => query.where('customer_id', '=', customerId))
      .executeTakeFirstOrThrow()
    return Number(count)
  }

  return {
    known: (id) => table.items.get(id) ?? null,
    revision: () => table.revision,

    all() {
      const { revision } = table
      if (sorted?.revision !== revision) {
        const collections = [...table.items.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
        sorted = { revision, collections }
      }
      return sorted.collections
    },

    create: (actor, { id, customerId, ...described }) =>
      database.write(async (write): Promise<CreateCollectionOutcome> => {
        if (customerId !== null) {
          if (!(await lockCustomer(write, customerId))) return { kind: 'unknown-customer' }
          if ((await countOf(write, customerId)) >= MAXIMUM_OF_A_CUSTOMER) {
            return { kind: 'too-many' }
          }
        }
        if ((await countOf(write, null)) >= MAXIMUM_COLLECTIONS) return { kind: 'too-many' }
        const now = clock.now()
        const row = await write.query
          .insertInto('collections')
          .values({
            id,
            customer_id: customerId,
            visibility: 'private',
            title: described.title,
            description: '',
            attribution: '',
            licence_name: null,
            licence_url: null,
            made_of: null,
            created_at: now,
            updated_at: now,
            ...columnsOf(described),
          })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .returningAll()
          .executeTakeFirst()
        if (!row) return { kind: 'exists' }
        recorded(write, actor, 'collection.create', row, { visibility: row.visibility })
        return { kind: 'created', collection: toCollection(row) }
      }),

    change: (actor, id, changes, createdAt) =>
      database.write(async (write) => {
        const row = await write.query
          .updateTable('collections')
          .set({ ...columnsOf(changes), updated_at: clock.now() })
          .where('id', '=', id)
          .$if(createdAt !== undefined, (query) => query.where('created_at', '=', createdAt!))
          .returningAll()
          .executeTakeFirst()
        if (!row) return null
        recorded(write, actor, 'collection.change', row, toDetails(changes))
        return toCollection(row)
      }),

    delete: (actor, id, createdAt) =>
      database.write(async (write) => {
        const row = await write.query
          .deleteFrom('collections')
          .where('id', '=', id)
          .$if(createdAt !== undefined, (query) => query.where('created_at', '=', createdAt!))
          .returningAll()
          .executeTakeFirst()
        if (!row) return null
        await endSubscriptions(write, 'collection_id', id)
        recorded(write, actor, 'collection.delete', row)
        return toCollection(row)
      }),
  }
}

/** What changed, for the log: who may see it in full, of long texts that they did. */
function toDetails({ visibility, ...rest }: CollectionChanges): Record<string, JsonValue> {
  return { changed: Object.keys(rest), ...(visibility !== undefined && { visibility }) }
}
