import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { FillCache } from '../../lib/fill-cache.ts'
import { type RandomBytes, randomInt64 } from '../../lib/random.ts'
import { type Actor, systemActor } from '../audit/actor.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { Audit } from '../audit/audit.ts'
import type { Grants } from '../grants/grants.ts'
import type { Account } from './account.ts'
import { type AccountRow, lockAccount, toAccount } from './account-rows.ts'
import type { ChallengeKind } from './challenges.ts'
import { deleteAccount } from './delete-account.ts'
import { emailKey } from './email.ts'
import { endSessions } from './session-rows.ts'

/**
 * People: created, found, changed, suspended, deleted. `known` is the view of tokens, from a cache
 * that follows the change feed.
 *
 * How they prove who they are is beside it: `passwords.ts`, `second-factors.ts`, `passkeys.ts`, and
 * `email-links.ts` for what is sent by e-mail. A sign-in ends in a session (`sessions.ts`); what is
 * between its steps is a challenge (`challenges.ts`). What people may do for customers is in
 * `memberships.ts`. Sign-in at another provider is in `access/identity-providers`, what people let
 * clients do in `access/consents` and `access/grants`.
 */
export interface Accounts {
  /**
   * Signs up. A known e-mail changes nothing; the caller answers alike and sends a different mail.
   * An account whose e-mail is not confirmed must not get a session: whoever signed up may not be
   * who reads that mailbox.
   * @param account.email as `parseEmail` gives it
   */
  create(actor: Actor, account: NewAccount): Promise<CreateAccountOutcome>
  /** For a caller that has a transaction under way. */
  createIn(write: Write, actor: Actor, account: NewAccount): Promise<CreateAccountOutcome>
  find(id: string): Promise<Account | null>
  findByEmail(email: string): Promise<Account | null>
  /** For tokens, from a cache; needs a fresh feed (`ChangeFeed.ensureFresh`). null: there is none. */
  known(id: string): AccountState | null | Promise<AccountState | null>
  /** By id. */
  list(page: { after: string | null; limit: number }): Promise<Account[]>
  hasOperator(): Promise<boolean>
  /** null: there is no such account; `taken`: another has that e-mail. A new e-mail is unconfirmed. */
  change(
    actor: Actor,
    id: string,
    changes: { name?: string; email?: string; emailConfirmed?: boolean },
  ): Promise<Account | 'taken' | null>
  /** @param email the address that the link was sent to; another than the account's proves nothing */
  confirmEmail(actor: Actor, id: string, email: string): Promise<Account | null>
  /**
   * Ends the count of its failures, all sessions but `exceptSession`, sign-ins whose password was the
   * one before, links for a reset, and what clients got for the password itself. What the person let
   * clients do otherwise stays, as do their second factors and the count of theirs: a forgotten password
   * says nothing against them, and `/account/consents` ends them one by one.
   * @param hash from `Passwords.hash`; null: no sign-in by password
   */
  setPassword(
    actor: Actor,
    id: string,
    hash: string | null,
    options?: { exceptSession?: string },
  ): Promise<Account | null>
  /** Ends its sessions; its tokens stop working within a second. */
  setSuspended(actor: Actor, id: string, suspended: boolean): Promise<Account | null>
  setOperator(actor: Actor, id: string, operator: boolean): Promise<Account | null>
  /**
   * With everything of it: sessions, consents, grants, passkeys, memberships, and the customer of its
   * own (`Memberships.ownCustomer`) when that has no clients, no collections and no other member.
   * `last-owner`: a customer with clients or collections would have no owner.
   */
  delete(actor: Actor, id: string): Promise<DeleteAccountOutcome>
  /**
   * Deletes the account with that e-mail if nobody has confirmed it, in the caller's transaction: until
   * its end nobody else signs up with it. `unknown`: there is none, or it is confirmed.
   */
  deleteUnconfirmedIn(write: Write, actor: Actor, email: string): Promise<DeleteAccountOutcome>
  /**
   * Deletes accounts whose e-mail nobody has confirmed within a week, unless a link that could still do
   * so is on its way, or they belong to a customer.
   */
  prune(): Promise<void>
}

export type DeleteAccountOutcome = 'deleted' | 'unknown' | 'last-owner'

export interface NewAccount {
  email: string
  name: string
  /** From `Passwords.hash`. */
  passwordHash: string | null
  emailConfirmed?: boolean
  operator?: boolean
}

export type CreateAccountOutcome =
  | { kind: 'created'; account: Account }
  | { kind: 'known'; account: Account }

export interface AccountState {
  suspended: boolean
}

const UNCONFIRMED_MILLISECONDS = 7 * 86_400_000

/** So many are pruned at a time. */
const PRUNED_AT_ONCE = 100

export function createAccounts(options: {
  database: Database
  audit: Audit
  grants: Pick<Grants, 'revokeOfPasswordIn'>
  clock: Clock
  random: RandomBytes
  maximumCached: number
}): Accounts {
  const { database, audit, grants, clock, random } = options
  const cache = new FillCache<AccountState>(options.maximumCached)
  database.feed.subscribe(({ topic, key }) => {
    if (topic === 'account') cache.invalidate(key)
    else if (topic === 'everything') cache.clear()
  })
  const selectState = database.prepare<{ suspended_at: number | null }>(
    'select suspended_at from accounts where id = $1',
  )
  const toState = ([row]: { suspended_at: number | null }[]) =>
    row ? { suspended: row.suspended_at !== null } : null

  function load(id: string) {
    const rows = selectState(id)
    return rows instanceof Promise ? rows.then(toState) : toState(rows)
  }

  function recorded(
    write: Write,
    actor: Actor,
    action: string,
    id: string,
    details: AuditEvent['details'] = {},
  ): void {
    write.announce('account', id)
    audit.record(write, actor, {
      action,
      object: { kind: 'account', id },
      customerId: null,
      details,
    })
  }

  async function findIn(
    query: Pick<Database['query'], 'selectFrom'>,
    email: string,
  ): Promise<AccountRow | undefined> {
    return query
      .selectFrom('accounts')
      .selectAll()
      .where('email_key', '=', emailKey(email))
      .executeTakeFirst()
  }

  async function createIn(
    write: Write,
    actor: Actor,
    account: NewAccount,
  ): Promise<CreateAccountOutcome> {
    await lockEmail(write, account.email)
    const inserted = await write.query
      .insertInto('accounts')
      .values({
        id: randomInt64(random),
        email: account.email,
        email_key: emailKey(account.email),
        email_confirmed_at: account.emailConfirmed ? clock.now() : null,
        name: account.name,
        password_hash: account.passwordHash,
        totp_secret: null,
        totp_confirmed_at: null,
        operator: account.operator ? 1 : 0,
        suspended_at: null,
        created_at: clock.now(),
      })
      .onConflict((conflict) => conflict.column('email_key').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!inserted) {
      const known = await findIn(write.query, account.email)
      // Deleted between the two statements.
      if (!known) return createIn(write, actor, account)
      return { kind: 'known', account: toAccount(known) }
    }
    recorded(write, actor, 'account.create', inserted.id, { operator: account.operator === true })
    return { kind: 'created', account: toAccount(inserted) }
  }

  /** Changes columns and records it. */
  async function update(
    write: Write,
    actor: Actor,
    id: string,
    action: string,
    columns: Partial<AccountRow>,
  ): Promise<Account | null> {
    const updated = await write.query
      .updateTable('accounts')
      .set({ ...columns, id })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst()
    if (!updated) return null
    recorded(write, actor, action, id)
    return toAccount(updated)
  }

  async function deleteIn(write: Write, actor: Actor, id: string): Promise<DeleteAccountOutcome> {
    const outcome = await deleteAccount(write, id, {
      membership: ({ customer_id: customerId, role }) =>
        audit.record(write, actor, {
          action: 'membership.remove',
          object: { kind: 'account', id },
          customerId,
          details: { role },
        }),
      customer: (customerId) =>
        audit.record(write, actor, {
          action: 'customer.delete',
          object: { kind: 'customer', id: customerId },
          customerId,
        }),
    })
    if (outcome === 'deleted') recorded(write, actor, 'account.delete', id)
    return outcome
  }

  /** The accounts that `prune` may delete. */
  const selectForgotten = (query: Pick<Database['query'], 'selectFrom'>) =>
    query
      .selectFrom('accounts')
      .select('accounts.id')
      .where('email_confirmed_at', 'is', null)
      .where('accounts.created_at', '<=', clock.now() - UNCONFIRMED_MILLISECONDS)
      .where('operator', '=', 0)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('memberships')
              .select('account_id')
              .whereRef('account_id', '=', 'accounts.id'),
          ),
        ),
      )
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('email_links')
              .select('email_links.id')
              .whereRef('account_id', '=', 'accounts.id')
              .where('used_at', 'is', null)
              .where('expires_at', '>', clock.now()),
          ),
        ),
      )

  return {
    createIn,
    create: (actor, account) => database.write((write) => createIn(write, actor, account)),
    known: (id) => cache.get(id, () => load(id)),

    async find(id) {
      const row = await database.query
        .selectFrom('accounts')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      return row ? toAccount(row) : null
    },

    async findByEmail(email) {
      const row = await findIn(database.query, email)
      return row ? toAccount(row) : null
    },

    async list({ after, limit }) {
      const rows = await database.query
        .selectFrom('accounts')
        .selectAll()
        .$if(after !== null, (query) => query.where('id', '>', after!))
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(toAccount)
    },

    async hasOperator() {
      const row = await database.query
        .selectFrom('accounts')
        .select('id')
        .where('operator', '=', 1)
        .limit(1)
        .executeTakeFirst()
      return row !== undefined
    },

    change: (actor, id, { name, email, emailConfirmed = false }) =>
      database.write(async (write) => {
        if (email !== undefined) {
          await lockEmail(write, email)
          const holder = await findIn(write.query, email)
          if (holder && holder.id !== id) return 'taken'
          // They went to the address before.
          await write.query
            .deleteFrom('email_links')
            .where('account_id', '=', id)
            .where('purpose', '=', 'reset')
            .execute()
        }
        return update(write, actor, id, 'account.change', {
          ...(name !== undefined && { name }),
          ...(email !== undefined && {
            email,
            email_key: emailKey(email),
            email_confirmed_at: emailConfirmed ? clock.now() : null,
          }),
        })
      }),

    confirmEmail: (actor, id, email) =>
      database.write(async (write) => {
        const confirmed = await write.query
          .updateTable('accounts')
          .set({ email_confirmed_at: clock.now() })
          .where('id', '=', id)
          .where('email_key', '=', emailKey(email))
          .where('email_confirmed_at', 'is', null)
          .returningAll()
          .executeTakeFirst()
        if (confirmed) {
          recorded(write, actor, 'account.confirm-email', id)
          return toAccount(confirmed)
        }
        const row = await findIn(write.query, email)
        return row?.id === id ? toAccount(row) : null
      }),

    setPassword: (actor, id, hash, { exceptSession } = {}) =>
      database.write(async (write) => {
        const account = await update(write, actor, id, 'password.change', {
          password_hash: hash,
          password_failures: 0,
        })
        if (!account) return null
        await endSessions(write, id, exceptSession)
        await grants.revokeOfPasswordIn(write, actor, id, 'password changed')
        await write.query
          .deleteFrom('challenges')
          .where('account_id', '=', id)
          .where('kind', '=', 'second-factor' satisfies ChallengeKind)
          .execute()
        await write.query
          .deleteFrom('email_links')
          .where('account_id', '=', id)
          .where('purpose', '=', 'reset')
          .execute()
        return account
      }),

    setSuspended: (actor, id, suspended) =>
      database.write(async (write) => {
        const action = suspended ? 'account.suspend' : 'account.resume'
        const account = await update(write, actor, id, action, {
          suspended_at: suspended ? clock.now() : null,
        })
        if (account && suspended) await endSessions(write, id)
        return account
      }),

    setOperator: (actor, id, operator) =>
      database.write((write) =>
        update(write, actor, id, operator ? 'account.make-operator' : 'account.end-operator', {
          operator: operator ? 1 : 0,
        }),
      ),

    delete: (actor, id) => database.write((write) => deleteIn(write, actor, id)),

    async deleteUnconfirmedIn(write, actor, email) {
      await lockEmail(write, email)
      const unconfirmed = await write.query
        .updateTable('accounts')
        .set((accounts) => ({ id: accounts.ref('id') }))
        .where('email_key', '=', emailKey(email))
        .where('email_confirmed_at', 'is', null)
        .returning('id')
        .executeTakeFirst()
      return unconfirmed ? deleteIn(write, actor, unconfirmed.id) : 'unknown'
    },

    async prune() {
      const forgotten = await selectForgotten(database.query).limit(PRUNED_AT_ONCE).execute()
      for (const { id } of forgotten) {
        await database.write(async (write) => {
          await lockAccount(write, id)
          // It may have been confirmed, or become somebody's member, before it was held.
          const still = await selectForgotten(write.query)
            .where('accounts.id', '=', id)
            .executeTakeFirst()
          if (still) await deleteIn(write, systemActor, id)
        })
      }
    },
  }
}

/** Whoever else wants this e-mail now waits, so that a change can tell that it is taken. */
const lockEmail = (write: Write, email: string) => write.lock(`email ${emailKey(email)}`)
