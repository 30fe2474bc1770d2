import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RandomBytes } from '../../lib/random.ts'
import { randomInt64 } from '../../lib/random.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import { hasCollections } from '../collections/has-collections.ts'
import { lockCustomer } from './lock-customer.ts'
import { removeCustomer } from './remove-customer.ts'

/** A tenant: it owns clients and collections. Suspending one stops all tokens of its clients, everywhere. */
export interface Customer {
  id: string
  name: string
  suspended: boolean
  createdAt: number
}

/**
 * Customers: created, listed, suspended, deleted. Their clients are in `access/clients`, which
 * watches the feed for what happens to customers.
 */
export interface Customers {
  create(actor: Actor, options: { id?: string; name: string }): Promise<CreateCustomerOutcome>
  list(page: { after: string | null; limit: number }): Promise<Customer[]>
  find(id: string): Promise<Customer | null>
  /** null: there is no such customer. */
  setSuspended(actor: Actor, id: string, suspended: boolean): Promise<Customer | null>
  /** Only a customer without clients and collections can be deleted; its subscriptions and identity providers end. */
  delete(
    actor: Actor,
    id: string,
  ): Promise<'deleted' | 'unknown' | 'has-clients' | 'has-collections'>
}

export type CreateCustomerOutcome = { kind: 'created'; customer: Customer } | { kind: 'exists' }

export function createCustomers(options: {
  database: Database
  audit: Audit
  clock: Clock
  random: RandomBytes
}): Customers {
  const { database, audit, clock, random } = options

  function recorded(write: Write, actor: Actor, action: string, id: string): void {
    write.announce('customer', id)
    audit.record(write, actor, {
      action,
      object: { kind: 'customer', id },
      customerId: id,
    })
  }

  return {
    create: (actor, { id = randomInt64(random), name }) =>
      database.write(async (write) => {
        const row = { id, name, suspended_at: null, created_at: clock.now() }
        const inserted = await write.query
          .insertInto('customers')
          .values(row)
          .onConflict((conflict) => conflict.column('id').doNothing())
          .returning('id')
          .executeTakeFirst()
        if (!inserted) return { kind: 'exists' }
        recorded(write, actor, 'customer.create', id)
        return { kind: 'created', customer: toCustomer(row) }
      }),

    async list({ after, limit }) {
      const rows = await database.query
        .selectFrom('customers')
        .selectAll()
        .$if(after !== null, (query) => query.where('id', '>', after!))
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(toCustomer)
    },

    async find(id) {
      const row = await database.query
        .selectFrom('customers')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      return row ? toCustomer(row) : null
    },

    setSuspended: (actor, id, suspended) =>
      database.write(async (write) => {
        const row = await write.query
          .updateTable('customers')
          .set({ suspended_at: suspended ? clock.now() : null })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst()
        if (!row) return null
        recorded(write, actor, suspended ? 'customer.suspend' : 'customer.resume', id)
        return toCustomer(row)
      }),

    delete: (actor, id) =>
      database.write(async (write) => {
        if (!(await lockCustomer(write, id))) return 'unknown'
        const client = await write.query
          .selectFrom('clients')
          .select('id')
          .where('customer_id', '=', id)
          .limit(1)
          .executeTakeFirst()
        if (client) return 'has-clients'
        if (await hasCollections(write, id)) return 'has-collections'
        await removeCustomer(write, id)
        recorded(write, actor, 'customer.delete', id)
        return 'deleted'
      }),
  }
}

function toCustomer(row: {
  id: string
  name: string
  suspended_at: number | null
  created_at: number
}): Customer {
  return {
    id: row.id,
    name: row.name,
    suspended: row.suspended_at !== null,
    createdAt: row.created_at,
  }
}
