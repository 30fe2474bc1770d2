import type { Selectable } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomBase62, uuidv7 } from '../../lib/random.ts'
import type { MasterKey } from '../keys/master-key.ts'
import type { Role } from './account.ts'
import { createTicketHashes } from './ticket-hashes.ts'

/** Single-use links that are sent by e-mail: `mgl_` and 256 random bits, of which the hash is stored. */
export interface EmailLinks {
  /**
   * A new `setup` link ends the ones before, a new invitation those of its customer to that e-mail.
   * @returns the link's text; a page takes it as a parameter
   */
  create(link: NewEmailLink): Promise<EmailLinkText>
  /**
   * Costs what `create` costs, and makes a link that nobody has and that has expired: so that the load
   * does not tell whether there was anybody to send one to.
   */
  pretend(): Promise<void>
  /** Uses nothing up: mail scanners look at links too. */
  find(text: string, purpose: LinkPurpose): Promise<EmailLink | null>
  /** Of several calls at once, one gets it. */
  use(text: string, purpose: LinkPurpose): Promise<EmailLink | null>
  /** For a caller that has a transaction under way. */
  useIn(write: Write, text: string, purpose: LinkPurpose): Promise<EmailLink | null>
  /** Invitations to a customer that are neither used nor expired, newest first. */
  listInvitations(customerId: string): Promise<EmailLink[]>
  /** @param id of an invitation */
  withdraw(customerId: string, id: string): Promise<'withdrawn' | 'unknown'>
  prune(): Promise<void>
}

export type LinkPurpose = 'confirm' | 'reset' | 'invite' | 'setup'
export type EmailLinkText = `mgl_${string}`

export interface NewEmailLink {
  purpose: LinkPurpose
  accountId?: string | null
  email: string
  customerId?: string | null
  role?: Role | null
  /** A path on this server where the person was going. */
  continueTo?: string | null
  /** The inviting account's id. */
  createdBy?: string | null
}

export interface EmailLink {
  id: string
  purpose: LinkPurpose
  /** null: an invitation, or the first operator's `setup`, whose page asks who they are. */
  accountId: string | null
  /** Empty for the first operator's `setup`. */
  email: string
  customerId: string | null
  role: Role | null
  continueTo: string | null
  createdBy: string | null
  createdAt: number
  expiresAt: number
}

const HOUR = 3_600_000
const LIFETIMES: Record<LinkPurpose, number> = {
  confirm: 24 * HOUR,
  reset: HOUR,
  invite: 7 * 24 * HOUR,
  setup: 24 * HOUR,
}
const TEXT = /^mgl_[0-9A-Za-z]{43}$/

export function createEmailLinks(options: {
  database: Database
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
}): EmailLinks {
  const { database, clock, random } = options
  const hashes = createTicketHashes(options.masterKey, 'email-link')

  async function useIn(
    write: Write,
    text: string,
    purpose: LinkPurpose,
  ): Promise<EmailLink | null> {
    if (!TEXT.test(text)) return null
    const row = await write.query
      .updateTable('email_links')
      .set({ used_at: clock.now() })
      .where('hash', 'in', hashes.all(text))
      .where('purpose', '=', purpose)
      .where('used_at', 'is', null)
      .where('expires_at', '>', clock.now())
      .returningAll()
      .executeTakeFirst()
    return row ? toEmailLink(row) : null
  }

  async function insert(
    write: Write,
    { purpose, email, ...link }: NewEmailLink,
    lifetimeMilliseconds: number,
  ): Promise<EmailLinkText> {
    const text: EmailLinkText = `mgl_${randomBase62(43, random)}`
    const now = clock.now()
    await write.query
      .insertInto('email_links')
      .values({
        hash: hashes.hash(text),
        id: uuidv7(now, random),
        purpose,
        account_id: link.accountId ?? null,
        email,
        customer_id: link.customerId ?? null,
        role: link.role ?? null,
        continue_to: link.continueTo ?? null,
        created_by: link.createdBy ?? null,
        created_at: now,
        expires_at: now + lifetimeMilliseconds,
        used_at: null,
      })
      .execute()
    return text
  }

  return {
    create: (link) =>
      database.write(async (write) => {
        const { purpose, email, customerId = null } = link
        if (purpose === 'setup') {
          await write.query.deleteFrom('email_links').where('purpose', '=', purpose).execute()
        }
        if (purpose === 'invite') {
          await write.query
            .deleteFrom('email_links')
            .where('purpose', '=', purpose)
            .where('customer_id', 'is not distinct from', customerId)
            .where('email', '=', email)
            .execute()
        }
        return insert(write, link, LIFETIMES[purpose])
      }),

    async pretend() {
      await database.write((write) => insert(write, { purpose: 'reset', email: '' }, 0))
    },

    async find(text, purpose) {
      if (!TEXT.test(text)) return null
      const row = await database.query
        .selectFrom('email_links')
        .selectAll()
        .where('hash', 'in', hashes.all(text))
        .where('purpose', '=', purpose)
        .where('used_at', 'is', null)
        .where('expires_at', '>', clock.now())
        .executeTakeFirst()
      return row ? toEmailLink(row) : null
    },

    useIn,
    use: (text, purpose) => database.write((write) => useIn(write, text, purpose)),

    async listInvitations(customerId) {
      const rows = await database.query
        .selectFrom('email_links')
        .selectAll()
        .where('customer_id', '=', customerId)
        .where('purpose', '=', 'invite')
        .where('used_at', 'is', null)
        .where('expires_at', '>', clock.now())
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .execute()
      return rows.map(toEmailLink)
    },

    withdraw: (customerId, id) =>
      database.write(async (write) => {
        const withdrawn = await write.query
          .deleteFrom('email_links')
          .where('id', '=', id)
          .where('customer_id', '=', customerId)
          .where('purpose', '=', 'invite')
          .where('used_at', 'is', null)
          .returning('id')
          .executeTakeFirst()
        return withdrawn ? 'withdrawn' : 'unknown'
      }),

    async prune() {
      await database.write(async (write) => {
        await write.query.deleteFrom('email_links').where('expires_at', '<=', clock.now()).execute()
      })
    },
  }
}

function toEmailLink(row: Selectable<Tables['email_links']>): EmailLink {
  return {
    id: row.id,
    purpose: row.purpose as LinkPurpose,
    accountId: row.account_id,
    email: row.email,
    customerId: row.customer_id,
    role: row.role as Role | null,
    continueTo: row.continue_to,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}
