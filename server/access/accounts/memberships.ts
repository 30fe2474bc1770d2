import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { FillCache } from '../../lib/fill-cache.ts'
import { type RandomBytes, randomInt64 } from '../../lib/random.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import { lockCustomer } from '../customers/lock-customer.ts'
import { type Account, type Membership, type Role, ROLES } from './account.ts'
import { lockAccount, toAccount } from './account-rows.ts'

/** Who belongs to which customer, and what they may do for it. */
export interface Memberships {
  /**
   * Those of customers that are not suspended, in no order: for tokens, from a cache that follows the
   * change feed, which must be fresh (`ChangeFeed.ensureFresh`).
   */
  known(accountId: string): readonly KnownMembership[] | Promise<readonly KnownMembership[]>
  /** By the customer's name. */
  of(accountId: string): Promise<Membership[]>
  /** Owners first, then by name. */
  members(customerId: string): Promise<(Membership & { account: Account })[]>
  find(accountId: string, customerId: string): Promise<Membership | null>
  /** Adds or changes one. `last-owner`: the customer would have no owner left. */
  set(actor: Actor, membership: NewMembership): Promise<SetMembershipOutcome>
  setIn(write: Write, actor: Actor, membership: NewMembership): Promise<SetMembershipOutcome>
  remove(
    actor: Actor,
    accountId: string,
    customerId: string,
  ): Promise<'removed' | 'unknown' | 'last-owner'>
  /**
   * What one member does to another: their roles are judged in the transaction that changes them,
   * so that two changes at once cannot do together what neither may.
   */
  changeAs(actor: Actor, change: MemberChange): Promise<ChangeMemberOutcome>
  /**
   * The customer of a person's own, created on demand with the person as owner and named after them.
   * @returns its id
   */
  ownCustomer(actor: Actor, account: Account): Promise<string>
}

export type KnownMembership = Pick<Membership, 'customerId' | 'role'>

export interface NewMembership {
  accountId: string
  customerId: string
  role: Role
}

export interface MemberChange {
  /** Who does it: a member too. */
  by: string
  accountId: string
  customerId: string
  /** null: the member is removed. */
  role: Role | null
  /** @param own of who does it @param current of the member as it is */
  may: (own: Role, current: Role) => boolean
}

/** `unknown`: one of the two is no member (any more). */
export type ChangeMemberOutcome = 'changed' | 'unknown' | 'forbidden' | 'last-owner'

/** `unknown`: there is no such account or customer. */
export type SetMembershipOutcome = 'set' | 'unknown' | 'last-owner'

export function createMemberships(options: {
  database: Database
  audit: Audit
  clock: Clock
  random: RandomBytes
  maximumCached: number
}): Memberships {
  const { database, audit, clock, random } = options
  const cache = new FillCache<readonly KnownMembership[]>(options.maximumCached)
  database.feed.subscribe(({ topic, key }) => {
    if (topic === 'membership') cache.invalidate(key)
    // Rare, and the cache does not know whose members it holds.
    else if (topic === 'customer' || topic === 'everything') cache.clear()
  })
  const selectKnown = database.prepare<KnownRow>(
    `select memberships.customer_id, memberships.role
     from memberships join customers on customers.id = memberships.customer_id
     where memberships.account_id = $1 and customers.suspended_at is null`,
  )

  function load(accountId: string) {
    const rows = selectKnown(accountId)
    return rows instanceof Promise ? rows.then(toKnown) : toKnown(rows)
  }

  function recorded(
    write: Write,
    actor: Actor,
    action: string,
    { accountId, customerId }: { accountId: string; customerId: string },
    role: string,
  ): void {
    write.announce('membership', accountId)
    audit.record(write, actor, {
      action,
      object: { kind: 'account', id: accountId },
      customerId,
      details: { role },
    })
  }

  const select = () =>
    database.query
      .selectFrom('memberships')
      .innerJoin('customers', 'customers.id', 'memberships.customer_id')
      .select([
        'memberships.account_id',
        'memberships.customer_id',
        'memberships.role',
        'memberships.created_at',
        'customers.name as customer_name',
      ])

  /** With the customer locked: whether nobody but this account owns it. */
  async function isLastOwner(write: Write, accountId: string, customerId: string) {
    const owners = await write.query
      .selectFrom('memberships')
      .select('account_id')
      .where('customer_id', '=', customerId)
      .where('role', '=', 'owner')
      .limit(2)
      .execute()
    return owners.length === 1 && owners[0]!.account_id === accountId
  }

  async function setIn(
    write: Write,
    actor: Actor,
    { accountId, customerId, role }: NewMembership,
  ): Promise<SetMembershipOutcome> {
    if (!(await lockAccount(write, accountId))) return 'unknown'
    if (!(await lockCustomer(write, customerId))) return 'unknown'
    if (role !== 'owner' && (await isLastOwner(write, accountId, customerId))) return 'last-owner'
    await write.query
      .insertInto('memberships')
      .values({ account_id: accountId, customer_id: customerId, role, created_at: clock.now() })
      .onConflict((conflict) =>
        conflict.columns(['account_id', 'customer_id']).doUpdateSet({ role }),
      )
      .execute()
    recorded(write, actor, 'membership.set', { accountId, customerId }, role)
    return 'set'
  }

  async function removeIn(
    write: Write,
    actor: Actor,
    accountId: string,
    customerId: string,
  ): Promise<'removed' | 'unknown' | 'last-owner'> {
    if (!(await lockCustomer(write, customerId))) return 'unknown'
    if (await isLastOwner(write, accountId, customerId)) return 'last-owner'
    const removed = await write.query
      .deleteFrom('memberships')
      .where('account_id', '=', accountId)
      .where('customer_id', '=', customerId)
      .returning('role')
      .executeTakeFirst()
    if (!removed) return 'unknown'
    recorded(write, actor, 'membership.remove', { accountId, customerId }, removed.role)
    return 'removed'
  }

  /** @returns whether it was there to be made */
  async function createCustomer(write: Write, actor: Actor, id: string, name: string) {
    const inserted = await write.query
      .insertInto('customers')
      .values({ id, name, suspended_at: null, created_at: clock.now() })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
      .executeTakeFirst()
    if (!inserted) return false
    write.announce('customer', id)
    audit.record(write, actor, {
      action: 'customer.create',
      object: { kind: 'customer', id },
      customerId: id,
    })
    return true
  }

  return {
    // `load` always finds a list.
    known: (accountId) =>
      cache.get(accountId, () => load(accountId)) as
        | readonly KnownMembership[]
        | Promise<readonly KnownMembership[]>,

    setIn,
    set: (actor, membership) => database.write((write) => setIn(write, actor, membership)),

    async of(accountId) {
      const rows = await select()
        .where('account_id', '=', accountId)
        .orderBy('customers.name')
        .orderBy('customer_id')
        .execute()
      return rows.map(toMembership)
    },

    async find(accountId, customerId) {
      const row = await select()
        .where('account_id', '=', accountId)
        .where('customer_id', '=', customerId)
        .executeTakeFirst()
      return row ? toMembership(row) : null
    },

    async members(customerId) {
      const rows = await select()
        .innerJoin('accounts', 'accounts.id', 'memberships.account_id')
        .selectAll('accounts')
        .select('memberships.created_at as member_since')
        .where('customer_id', '=', customerId)
        .orderBy('accounts.name')
        .orderBy('accounts.id')
        .execute()
      return rows
        .map((row) => ({
          ...toMembership({ ...row, created_at: row.member_since }),
          account: toAccount(row),
        }))
        .sort((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role))
    },

    remove: (actor, accountId, customerId) =>
      database.write((write) => removeIn(write, actor, accountId, customerId)),

    changeAs: (actor, { by, accountId, customerId, role, may }) =>
      database.write(async (write): Promise<ChangeMemberOutcome> => {
        // Accounts before customers, as everywhere.
        if (!(await lockAccount(write, accountId))) return 'unknown'
        if (!(await lockCustomer(write, customerId))) return 'unknown'
        const rows = await write.query
          .selectFrom('memberships')
          .select(['account_id', 'role'])
          .where('customer_id', '=', customerId)
          .where('account_id', 'in', [by, accountId])
          .execute()
        const roleOf = (id: string) =>
          rows.find((row) => row.account_id === id)?.role as Role | undefined
        const [own, current] = [roleOf(by), roleOf(accountId)]
        if (own === undefined || current === undefined) return 'unknown'
        if (!may(own, current)) return 'forbidden'
        const outcome =
          role === null
            ? await removeIn(write, actor, accountId, customerId)
            : await setIn(write, actor, { accountId, customerId, role })
        return outcome === 'set' || outcome === 'removed' ? 'changed' : outcome
      }),

    ownCustomer: (actor, { id: accountId, name }) =>
      database.write(async (write) => {
        if (!(await lockAccount(write, accountId))) throw new Error('there is no such account')
        const owned = await write.query
          .selectFrom('memberships')
          .select('customer_id')
          .where('account_id', '=', accountId)
          .where('role', '=', 'owner')
          .orderBy('created_at')
          .orderBy('customer_id')
          .execute()
        const ids = owned.map(({ customer_id: id }) => id)
        if (ids.includes(accountId)) return accountId
        // It has the account's id. Where that customer is somebody else's by now, the person is not
        // let in again by this door.
        let customerId = accountId
        if (!(await createCustomer(write, actor, customerId, name))) {
          if (ids[0] !== undefined) return ids[0]
          customerId = randomInt64(random)
          await createCustomer(write, actor, customerId, name)
        }
        await setIn(write, actor, { accountId, customerId, role: 'owner' })
        return customerId
      }),
  }
}

function toMembership(row: {
  account_id: string
  customer_id: string
  customer_name: string
  role: string
  created_at: number
}): Membership {
  return {
    accountId: row.account_id,
    customerId: row.customer_id,
    customerName: row.customer_name,
    role: row.role as Role,
    createdAt: row.created_at,
  }
}

interface KnownRow {
  customer_id: string
  role: string
}

const toKnown = (rows: readonly KnownRow[]): KnownMembership[] =>
  rows.map((row) => ({ customerId: row.customer_id, role: row.role as Role }))
