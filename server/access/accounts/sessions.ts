import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomBase62, uuidv7 } from '../../lib/random.ts'
import { UnavailableError } from '../../lib/unavailable.ts'
import { WriteBehind } from '../../lib/write-behind.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import type { IdentityProviders } from '../identity-providers/identity-providers.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { type AccountRow, lockAccount, toAccount } from './account-rows.ts'
import type { AuthenticationMethod, Session, Sessions } from './session.ts'
import { endSessions, type SessionRow } from './session-rows.ts'
import { createTicketHashes } from './ticket-hashes.ts'

const COOKIE = /^mgsn_[0-9A-Za-z]{43}$/
/** How exactly `lastSeenAt` is known. */
const SEEN_MILLISECONDS = 60_000
/** Of one account; the oldest end first. */
const MAXIMUM_SESSIONS = 100
const MAXIMUM_USER_AGENT = 300

/**
 * Sessions in the database, read at each page: one that has ended is dead on all nodes at once. Only
 * when it was last seen is written behind.
 */
export function createSessions(options: {
  database: Database
  audit: Audit
  masterKey: MasterKey
  identityProviders: Pick<IdentityProviders, 'requiredProviderFor'>
  clock: Clock
  random: RandomBytes
  idleMilliseconds: number
  absoluteMilliseconds: number
  onError: (error: unknown) => void
}): Sessions & AsyncDisposable {
  const { database, audit, identityProviders, clock, random, idleMilliseconds } = options
  const hashes = createTicketHashes(options.masterKey, 'session')
  const seen = new WriteBehind<{ id: string; at: number }>({
    maximum: 10_000,
    createOverflow: () => ({ id: '', at: 0 }),
    batchSize: 200,
    onError: options.onError,
    write: (batch) =>
      database.write(async (write) => {
        for (const { id, at } of batch) {
          await write.query
            .updateTable('sessions')
            .set({ last_seen_at: at })
            .where('id', '=', id)
            .where('last_seen_at', '<', at)
            .execute()
        }
      }),
  })

  function noteSeen({ id, last_seen_at: before }: SessionRow): void {
    const now = clock.now()
    if (now - before < SEEN_MILLISECONDS) return
    const noted = seen.collect(id, () => ({ id, at: now }))
    // Set in any case: the value may have been another session's.
    noted.id = id
    noted.at = now
  }

  /** Those that neither limit of time has ended. */
  const selectLive = () =>
    database.query
      .selectFrom('sessions')
      .where('expires_at', '>', clock.now())
      .where('last_seen_at', '>', clock.now() - idleMilliseconds)

  const findAccount = (id: string) =>
    database.query.selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirst()

  return {
    begin(begun) {
      const { accountId, methods, providerId = null, address, userAgent, replaced = null } = begun
      const cookie = `mgsn_${randomBase62(43, random)}`
      const now = clock.now()
      const { authenticatedAt = now } = begun
      const row: SessionRow = {
        hash: hashes.hash(cookie),
        id: uuidv7(now, random),
        account_id: accountId,
        authenticated_at: authenticatedAt === null ? null : Math.min(authenticatedAt, now),
        methods: methods.join(' '),
        provider_id: providerId,
        address,
        user_agent: userAgent.slice(0, MAXIMUM_USER_AGENT),
        created_at: now,
        last_seen_at: now,
        expires_at: now + options.absoluteMilliseconds,
      }
      return database.write(async (write) => {
        const account = await lockAccount(write, accountId)
        // Since it proved who it is; the next attempt says no.
        if (!account || account.suspended_at !== null) {
          throw new UnavailableError('The account has just been suspended or deleted')
        }
        if (replaced !== null) {
          const ended = await write.query
            .deleteFrom('sessions')
            .where('hash', 'in', hashes.all(replaced))
            .returning('id')
            .execute()
          for (const { id } of ended) write.announce('session', id)
        }
        await write.query.insertInto('sessions').values(row).execute()
        const surplus = await write.query
          .selectFrom('sessions')
          .select('id')
          .where('account_id', '=', accountId)
          .orderBy('created_at', 'desc')
          .orderBy('id', 'desc')
          // SQLite wants a limit before an offset.
          .limit(1_000)
          .offset(MAXIMUM_SESSIONS)
          .execute()
        for (const { id } of surplus) {
          await write.query.deleteFrom('sessions').where('id', '=', id).execute()
          write.announce('session', id)
        }
        audit.record(write, personOf(accountId, address), {
          action: 'session.begin',
          object: { kind: 'session', id: row.id },
          customerId: null,
          details: { methods: [...methods], providerId },
        })
        return { session: toSession(row, account), cookie }
      })
    },

    async find(cookie) {
      if (!COOKIE.test(cookie)) return null
      const row = await selectLive()
        .selectAll()
        .where('hash', 'in', hashes.all(cookie))
        .executeTakeFirst()
      const account = row && (await findAccount(row.account_id))
      if (!row || !account || account.suspended_at !== null) return null
      const required = await identityProviders.requiredProviderFor(account.email)
      if (required && required.id !== row.provider_id) return null
      noteSeen(row)
      return toSession(row, account)
    },

    async list(accountId) {
      const account = await findAccount(accountId)
      if (!account) return []
      const required = await identityProviders.requiredProviderFor(account.email)
      const rows = await selectLive()
        .selectAll()
        .where('account_id', '=', accountId)
        .$if(required !== null, (query) => query.where('provider_id', '=', required!.id))
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .execute()
      return rows.map((row) => toSession(row, account))
    },

    end: (accountId, sessionId) =>
      database.write(async (write) => {
        const ended = await write.query
          .deleteFrom('sessions')
          .where('id', '=', sessionId)
          .where('account_id', '=', accountId)
          .returning('id')
          .executeTakeFirst()
        if (!ended) return 'unknown'
        write.announce('session', sessionId)
        audit.record(write, personOf(accountId), {
          action: 'session.end',
          object: { kind: 'session', id: sessionId },
          customerId: null,
        })
        return 'ended'
      }),

    endAll: (accountId, except) =>
      database.write(async (write) => {
        for (const id of await endSessions(write, accountId, except)) {
          audit.record(write, personOf(accountId), {
            action: 'session.end',
            object: { kind: 'session', id },
            customerId: null,
          })
        }
      }),

    async prune() {
      await database.write(async (write) => {
        await write.query
          .deleteFrom('sessions')
          .where((where) =>
            where.or([
              where('expires_at', '<=', clock.now()),
              where('last_seen_at', '<=', clock.now() - idleMilliseconds),
            ]),
          )
          .execute()
      })
    },

    flush: () => seen.flush(),
    [Symbol.asyncDispose]: () => seen[Symbol.asyncDispose](),
  }
}

function toSession(row: SessionRow, account: AccountRow): Session {
  return {
    id: row.id,
    account: toAccount(account),
    authenticatedAt: row.authenticated_at,
    methods: row.methods.split(' ') as AuthenticationMethod[],
    providerId: row.provider_id,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    address: row.address,
    userAgent: row.user_agent,
  }
}

/** Sessions begin and end by the person's own hand. */
function personOf(accountId: string, address: string | null = null): Actor {
  return { kind: 'account', id: accountId, secretId: null, address, requestId: null }
}
