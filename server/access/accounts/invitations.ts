import type { Database } from '../../database/database.ts'
import { mayGiveRole } from '../applications/role-rights.ts'
import type { Actor } from '../audit/actor.ts'
import { type Account, type Role, ROLES } from './account.ts'
import { lockAccount, toAccount } from './account-rows.ts'
import type { Accounts } from './accounts.ts'
import type { EmailLink, EmailLinks } from './email-links.ts'
import { emailKey } from './email.ts'
import type { Memberships } from './memberships.ts'

/**
 * Invitations to a customer from the side of who is invited: the link that was sent proves the
 * mailbox. `EmailLinks` makes, lists and withdraws them.
 */
export interface Invitations {
  /** null: used, withdrawn, expired, or of somebody who may not give that role any more. */
  find(text: string): Promise<Invitation | null>
  /**
   * Uses the link up and makes the membership, both or neither. A stronger role that the person has
   * there already stays.
   * @param who a signed-in person's account, whose confirmed e-mail is the one invited, or a new one
   * @returns `known`: that e-mail has an account by now, and the link is as before
   */
  accept(
    actor: Actor,
    text: string,
    who: { accountId: string } | { name: string; passwordHash: string },
  ): Promise<AcceptInvitationOutcome>
}

export interface Invitation {
  email: string
  customerId: string
  customerName: string
  role: Role
}

export type AcceptInvitationOutcome =
  | { kind: 'accepted'; account: Account }
  | { kind: 'known' }
  | { kind: 'dead' }

/** Takes back what the transaction did so far. */
class RefusedError extends Error {
  override name = 'RefusedError'
  readonly outcome: AcceptInvitationOutcome

  constructor(kind: 'known' | 'dead') {
    super(kind)
    this.outcome = { kind }
  }
}

export function createInvitations(options: {
  database: Database
  accounts: Pick<Accounts, 'createIn'>
  memberships: Pick<Memberships, 'setIn'>
  emailLinks: Pick<EmailLinks, 'find' | 'useIn'>
}): Invitations {
  const { database, accounts, memberships, emailLinks } = options

  return {
    async find(text) {
      const link = await emailLinks.find(text, 'invite')
      if (!link || !(await isStillGood(database.query, link))) return null
      const customer = await database.query
        .selectFrom('customers')
        .select(['id', 'name'])
        .where('id', '=', link.customerId!)
        .executeTakeFirst()
      if (!customer) return null
      const { email, role } = link
      return { email, customerId: customer.id, customerName: customer.name, role: role! }
    },

    async accept(actor, text, who) {
      const found = await emailLinks.find(text, 'invite')
      if (!found) return { kind: 'dead' }
      const { email } = found
      try {
        return await database.write(async (write) => {
          let account: Account | null
          if ('accountId' in who) {
            const row = await lockAccount(write, who.accountId)
            account = row && toAccount(row)
          } else {
            const created = await accounts.createIn(write, actor, {
              ...who,
              email,
              emailConfirmed: true,
            })
            if (created.kind === 'known') throw new RefusedError('known')
            account = created.account
          }
          const isInvited = account?.emailConfirmed && emailKey(account.email) === emailKey(email)
          const link = isInvited ? await emailLinks.useIn(write, text, 'invite') : null
          if (!account || !link || !(await isStillGood(write.query, link))) {
            throw new RefusedError('dead')
          }
          const membership = { accountId: account.id, customerId: link.customerId! }
          const before = await roleOf(write.query, membership)
          if (before === null || isStronger(link.role!, before)) {
            const person: Actor = { ...actor, kind: 'account', id: account.id }
            const set = await memberships.setIn(write, person, { ...membership, role: link.role! })
            if (set !== 'set') throw new RefusedError('dead')
          }
          return { kind: 'accepted', account }
        })
      } catch (error) {
        if (error instanceof RefusedError) return error.outcome
        throw error
      }
    },
  }
}

/** Whoever was removed, suspended or has a lesser role by now lets nobody in: not even by an old link. */
async function isStillGood(
  query: Pick<Database['query'], 'selectFrom'>,
  { customerId, role, createdBy }: EmailLink,
): Promise<boolean> {
  if (customerId === null || role === null) return false
  // From the command line.
  if (createdBy === null) return true
  const inviter = await query
    .selectFrom('accounts')
    .select('suspended_at')
    .where('id', '=', createdBy)
    .executeTakeFirst()
  const own = await roleOf(query, { accountId: createdBy, customerId })
  return inviter?.suspended_at === null && own !== null && mayGiveRole(own, role)
}

async function roleOf(
  query: Pick<Database['query'], 'selectFrom'>,
  { accountId, customerId }: { accountId: string; customerId: string },
): Promise<Role | null> {
  const row = await query
    .selectFrom('memberships')
    .select('role')
    .where('account_id', '=', accountId)
    .where('customer_id', '=', customerId)
    .executeTakeFirst()
  return (row?.role as Role | undefined) ?? null
}

const isStronger = (one: Role, other: Role) => ROLES.indexOf(one) < ROLES.indexOf(other)
