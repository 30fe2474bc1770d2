import type { Selectable } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomBase62, randomInt64 } from '../../lib/random.ts'
import { createTicketHashes } from '../accounts/ticket-hashes.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import type { MasterKey } from '../keys/master-key.ts'

/**
 * What a program shows to register clients for a customer (RFC 7591 §3): so many times, until then.
 * Their text leaves this module once. Registering itself is `access/clients/registrations.ts`.
 */
export interface InitialAccessTokens {
  create(
    actor: Actor,
    token: { customerId: string; description: string; uses: number | null; expiresAt: number },
  ): Promise<
    | { kind: 'created'; token: InitialAccessToken; text: InitialAccessTokenText }
    | { kind: 'unknown-customer' }
  >
  /** Newest first, 1,000 at most. @param customerId null: all */
  list(customerId: string | null): Promise<InitialAccessToken[]>
  delete(actor: Actor, id: string): Promise<'deleted' | 'unknown'>
  /** Whether it would be good now; uses nothing up. */
  isUsable(text: string): Promise<boolean>
  /** One use, in the transaction of what it is used for; null: it is not good, or used up. */
  useIn(write: Write, text: string): Promise<{ id: string; customerId: string } | null>
  /** Forgets those that expired a month ago. */
  prune(): Promise<void>
}

/** 256 random bits. */
export type InitialAccessTokenText = `mgi_${string}`

export interface InitialAccessToken {
  id: string
  customerId: string
  description: string
  /** null: any number. */
  usesLeft: number | null
  expiresAt: number
  createdAt: number
}

const KEPT_MS = 30 * 86_400_000

export function createInitialAccessTokens(options: {
  database: Database
  audit: Audit
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
}): InitialAccessTokens {
  const { database, audit, masterKey, clock, random } = options

  const hashes = createTicketHashes(masterKey, 'initial-access-token')

  function recorded(write: Write, actor: Actor, verb: string, row: TokenRow): void {
    audit.record(write, actor, {
      action: `registration-token.${verb}`,
      object: { kind: 'registration-token', id: row.id },
      customerId: row.customer_id,
      details: { usesLeft: row.uses_left, expiresAt: row.expires_at },
    })
  }

  return {
    create: (actor, { customerId, description, uses, expiresAt }) => {
      const text: InitialAccessTokenText = `mgi_${randomBase62(43, random)}`
      return database.write(async (write) => {
        const customer = await write.query
          .selectFrom('customers')
          .select('id')
          .where('id', '=', customerId)
          .executeTakeFirst()
        if (!customer) return { kind: 'unknown-customer' }
        const row = await write.query
          .insertInto('initial_access_tokens')
          .values({
            hash: hashes.hash(text),
            id: randomInt64(random),
            customer_id: customerId,
            description,
            uses_left: uses,
            expires_at: expiresAt,
            created_at: clock.now(),
          })
          .returningAll()
          .executeTakeFirstOrThrow()
        recorded(write, actor, 'create', row)
        return { kind: 'created', token: toToken(row), text }
      })
    },

    async list(customerId) {
      const rows = await database.query
        .selectFrom('initial_access_tokens')
        .selectAll()
        .$if(customerId !== null, (query) => query.where('customer_id', '=', customerId!))
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(1_000)
        .execute()
      return rows.map(toToken)
    },

    delete: (actor, id) =>
      database.write(async (write) => {
        const row = await write.query
          .deleteFrom('initial_access_tokens')
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst()
        if (!row) return 'unknown'
        recorded(write, actor, 'delete', row)
        return 'deleted'
      }),

    async isUsable(text) {
      const row = await database.query
        .selectFrom('initial_access_tokens')
        .select('id')
        .where('hash', 'in', hashes.all(text))
        .where('expires_at', '>', clock.now())
        .where((where) => where.or([where('uses_left', 'is', null), where('uses_left', '>', 0)]))
        .executeTakeFirst()
      return row !== undefined
    },

    async useIn(write, text) {
      const row = await write.query
        .updateTable('initial_access_tokens')
        // Null stays null.
        .set((token) => ({ uses_left: token('uses_left', '-', 1) }))
        .where('hash', 'in', hashes.all(text))
        .where('expires_at', '>', clock.now())
        .where((where) => where.or([where('uses_left', 'is', null), where('uses_left', '>', 0)]))
        .returning(['id', 'customer_id'])
        .executeTakeFirst()
      return row ? { id: row.id, customerId: row.customer_id } : null
    },

    async prune() {
      await database.write(async (write) => {
        await write.query
          .deleteFrom('initial_access_tokens')
          .where('expires_at', '<', clock.now() - KEPT_MS)
          .execute()
      })
    },
  }
}

type TokenRow = Selectable<Tables['initial_access_tokens']>

const toToken = (row: TokenRow): InitialAccessToken => ({
  id: row.id,
  customerId: row.customer_id,
  description: row.description,
  usesLeft: row.uses_left,
  expiresAt: row.expires_at,
  createdAt: row.created_at,
})
