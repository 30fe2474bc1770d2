import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomHex } from '../../lib/random.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import { lockClient, type LockedClient } from '../clients/lock-client.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { type ClientSecret, isUsable, secretState } from './client-secret.ts'
import type { LastUse } from './last-use.ts'
import type { ManagedClient } from './management-rights.ts'
import { findRows, lockCreatedWith, lockSecrets, type SecretRow } from './secret-rows.ts'
import { createSecretText, type SecretText } from './secret-text.ts'
import { hashSecret } from './secret-verification.ts'

/**
 * A client's secrets: create, list, delete, roll. Every change locks the client's row first, so that
 * two changes at once cannot take the last secret away or exceed the number allowed, then the secrets
 * it depends on (`secret-rows.ts`). The text of a secret leaves this module once, in the answer to its
 * creation.
 */
export interface Secrets {
  create(actor: Actor, clientId: string, options: CreateOptions): Promise<CreateOutcome>
  /** For a caller that has a transaction under way: the secret joins it. */
  createIn(
    write: Write,
    actor: Actor,
    clientId: string,
    options: CreateOptions,
  ): Promise<CreateOutcome>
  /**
   * Oldest first.
   * @param all also those that are revoked or expired; in any case the newest 1,000 at most
   */
  list(clientId: string, all?: boolean): Promise<ClientSecret[]>
  find(clientId: string, secretId: string): Promise<ClientSecret | null>
  delete(
    actor: Actor,
    clientId: string,
    secretId: string,
    options: DeleteOptions,
  ): Promise<DeleteOutcome>
  /** A new secret, and an end to the others after `overlapSeconds`, in one transaction. */
  roll(actor: Actor, clientId: string, options: RollOptions): Promise<RollOutcome>
  /** Forgets what was revoked or expired two days ago: no token of it is left. */
  prune(): Promise<void>
}

export interface CreateOptions {
  description: string
  /** Epoch milliseconds; null: never. */
  expiresAt: number | null
}

export interface DeleteOptions {
  /** End the tokens obtained with the secret too. */
  revokeTokens: boolean
  /**
   * Delete the secrets that were created with it too, and those created with these, and so on, as
   * far as their clients are among these.
   */
  deleteCreated: false | ((client: ManagedClient) => boolean)
}

export interface RollOptions {
  description: string
  /** 0 to 2,592,000. */
  overlapSeconds: number
  /** End the tokens obtained with the old secrets at once. */
  revokeTokens: boolean
}

export type CreateOutcome =
  | { kind: 'created'; secret: ClientSecret; text: SecretText }
  | { kind: 'unknown-client' }
  /** RFC 6749 §2.1: it could not keep a secret. */
  | { kind: 'public-client' }
  | { kind: 'too-many'; maximum: number }
  /** The secret that the caller had logged in with has ended: its tokens create nothing any more. */
  | { kind: 'creator-ended' }

export type DeleteOutcome =
  | { kind: 'deleted'; secrets: ClientSecret[]; warnings: string[] }
  | { kind: 'unknown' }
  /** A client may not lock itself out. */
  | { kind: 'last-usable' }

export type RollOutcome =
  | { kind: 'created'; secret: ClientSecret; text: SecretText; retired: ClientSecret[] }
  | Exclude<CreateOutcome, { kind: 'created' }>

const CREATED_BY: Record<Actor['kind'], SecretRow['created_by_kind']> = {
  account: 'account',
  client: 'client',
  'command-line': 'command-line',
  system: 'command-line',
  anonymous: 'delivery',
}

const WEEK = 7 * 86_400_000
/** Longer than any token lives. */
const KEPT_AFTER_END = 2 * 86_400_000
const PRUNED_AT_ONCE = 1_000

export function createSecrets(options: {
  database: Database
  masterKey: MasterKey
  audit: Audit
  lastUse: LastUse
  clock: Clock
  random: RandomBytes
  maximumPerClient: number
}): Secrets {
  const { database, masterKey, audit, lastUse, clock, random, maximumPerClient } = options

  const toSecret = (row: SecretRow): ClientSecret => ({
    id: row.id,
    clientId: row.client_id,
    description: row.description,
    createdAt: row.created_at,
    createdBy: {
      kind: row.created_by_kind,
      id: row.created_by_id,
      secretId: row.created_by_secret_id,
    },
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    hint: `mgs_…${row.last_four}`,
    state: secretState(row, clock.now()),
    revokedAt: row.revoked_at,
  })

  const usable = (row: SecretRow) => isUsable(secretState(row, clock.now()))

  async function insert(write: Write, actor: Actor, client: LockedClient, created: CreateOptions) {
    const id = randomHex(12, random)
    const text = createSecretText(id, random)
    const row: SecretRow = {
      id,
      client_id: client.id,
      description: created.description,
      created_at: clock.now(),
      created_by_kind: CREATED_BY[actor.kind],
      created_by_id: actor.id,
      created_by_secret_id: actor.secretId,
      expires_at: created.expiresAt,
      last_used_at: null,
      last_four: text.slice(-4),
      hash: hashSecret(masterKey, text, masterKey.newestVersion).toString('base64url'),
      pepper_version: masterKey.newestVersion,
      retiring: 0,
      revoked_at: null,
      tokens_revoked: 0,
    }
    await write.query.insertInto('client_secrets').values(row).execute()
    write.announce('secret', id)
    audit.record(write, actor, {
      action: 'secret.create',
      object: { kind: 'secret', id },
      customerId: client.customer_id,
      details: { clientId: client.id, description: created.description },
    })
    return { secret: toSecret(row), text }
  }

  /** Judged under a lock: whoever deletes the creator's secret now will find what it created. */
  async function creatorEnded(write: Write, actor: Actor): Promise<boolean> {
    if (actor.kind !== 'client' || actor.secretId === null) return false
    const [row] = await lockSecrets(write, [actor.secretId])
    return row === undefined || !usable(row)
  }

  async function createIn(
    write: Write,
    actor: Actor,
    clientId: string,
    created: CreateOptions,
  ): Promise<CreateOutcome> {
    const client = await lockClient(write, clientId)
    if (!client) return { kind: 'unknown-client' }
    if (client.type === 'public') return { kind: 'public-client' }
    if (await creatorEnded(write, actor)) return { kind: 'creator-ended' }
    const rows = await findRows(write.query, clientId, clock.now())
    if (rows.length >= maximumPerClient) return { kind: 'too-many', maximum: maximumPerClient }
    return { kind: 'created', ...(await insert(write, actor, client, created)) }
  }

  return {
    createIn,
    create: (actor, clientId, created) =>
      database.write((write) => createIn(write, actor, clientId, created)),

    async list(clientId, all = false) {
      const rows = await findRows(database.query, clientId, all ? null : clock.now())
      return rows.map(toSecret)
    },

    async find(clientId, secretId) {
      const row = await database.query
        .selectFrom('client_secrets')
        .selectAll()
        .where('id', '=', secretId)
        .where('client_id', '=', clientId)
        .executeTakeFirst()
      return row ? toSecret(row) : null
    },

    async delete(actor, clientId, secretId, { revokeTokens, deleteCreated }) {
      // Last uses are written behind: what the warning below says must be true now.
      await lastUse.flush()
      return database.write(async (write) => {
        const client = await lockClient(write, clientId)
        if (!client) return { kind: 'unknown' }
        const [target] = await lockSecrets(write, [secretId])
        // A deleted secret is gone, but its tokens can still be ended.
        if (target?.client_id !== clientId) return { kind: 'unknown' }
        if (target.revoked_at !== null && !(revokeTokens && !target.tokens_revoked)) {
          return { kind: 'unknown' }
        }
        const created = deleteCreated ? await lockCreatedWith(write, target.id, deleteCreated) : []
        const doomed = [{ row: target, customerId: client.customer_id }, ...created]
        const ids = doomed.map(({ row }) => row.id)
        const bySelf = actor.kind === 'client' && actor.id === clientId
        const rows = await findRows(write.query, clientId, clock.now())
        if (bySelf && locksOut(rows, ids)) return { kind: 'last-usable' }

        await write.query
          .updateTable('client_secrets')
          .set((row) => ({
            revoked_at: row.fn.coalesce('revoked_at', row.val(clock.now())),
            ...(revokeTokens && { tokens_revoked: 1 }),
          }))
          .where('id', 'in', ids)
          .execute()
        const warnings = bySelf ? [] : doomed.flatMap(({ row }) => recentUse(row, clock.now()))
        for (const { row, customerId } of doomed) {
          write.announce('secret', row.id)
          audit.record(write, actor, {
            action: 'secret.delete',
            object: { kind: 'secret', id: row.id },
            customerId,
            details: {
              clientId: row.client_id,
              revokeTokens,
              ...(row !== target && { createdWith: target.id }),
              ...(bySelf ? {} : { warnings: recentUse(row, clock.now()) }),
            },
          })
        }
        const revoked = doomed.map(({ row }) => toSecret({ ...row, revoked_at: clock.now() }))
        return { kind: 'deleted', secrets: revoked, warnings }
      })
    },

    roll: (actor, clientId, { description, overlapSeconds, revokeTokens }) =>
      database.write(async (write) => {
        const client = await lockClient(write, clientId)
        if (!client) return { kind: 'unknown-client' }
        if (client.type === 'public') return { kind: 'public-client' }
        if (await creatorEnded(write, actor)) return { kind: 'creator-ended' }
        const old = await findRows(write.query, clientId, clock.now())
        if (overlapSeconds > 0 && old.length >= maximumPerClient) {
          return { kind: 'too-many', maximum: maximumPerClient }
        }
        const end = clock.now() + overlapSeconds * 1_000
        const retired: SecretRow[] = old.map((row) => ({
          ...row,
          retiring: 1,
          expires_at: Math.min(row.expires_at ?? end, end),
        }))
        if (revokeTokens) await revokeAllTokens(write, clientId)
        for (const { id, retiring, expires_at } of retired) {
          await write.query
            .updateTable('client_secrets')
            .set({ retiring, expires_at })
            .where('id', '=', id)
            .execute()
          write.announce('secret', id)
        }
        const created = await insert(write, actor, client, { description, expiresAt: null })
        audit.record(write, actor, {
          action: 'secret.roll',
          object: { kind: 'client', id: clientId },
          customerId: client.customer_id,
          details: { retired: retired.map((row) => row.id), overlapSeconds, revokeTokens },
        })
        return { kind: 'created', ...created, retired: retired.map(toSecret) }
      }),

    async prune() {
      const before = clock.now() - KEPT_AFTER_END
      for (;;) {
        // Found without the write lock, and in steps, so that nobody waits long for it.
        const rows = await database.query
          .selectFrom('client_secrets')
          .select('id')
          .where((row) => row.or([row('revoked_at', '<', before), row('expires_at', '<', before)]))
          .limit(PRUNED_AT_ONCE)
          .execute()
        if (rows.length === 0) return
        const ids = rows.map(({ id }) => id)
        await database.write((write) =>
          write.query.deleteFrom('client_secrets').where('id', 'in', ids).execute(),
        )
      }
    },
  }
}

/** Also those of secrets that have ended: theirs may live on for a day. */
async function revokeAllTokens(write: Write, clientId: string): Promise<void> {
  const changed = await write.query
    .updateTable('client_secrets')
    .set({ tokens_revoked: 1 })
    .where('client_id', '=', clientId)
    .where('tokens_revoked', '=', 0)
    .returning('id')
    .execute()
  for (const { id } of changed) write.announce('secret', id)
}

/** Whether a client that deletes these would be left without a secret, or with retiring ones only. */
function locksOut(usableRows: SecretRow[], deleted: string[]): boolean {
  const left = usableRows.filter((row) => !deleted.includes(row.id))
  // What has ended already cannot be missed.
  if (left.length === usableRows.length) return false
  const deletesActive = usableRows.some((row) => deleted.includes(row.id) && !row.retiring)
  return deletesActive ? !left.some((row) => !row.retiring) : left.length === 0
}

function recentUse(row: SecretRow, now: number): string[] {
  if (row.last_used_at === null || row.last_used_at < now - WEEK) return []
  const at = new Date(row.last_used_at).toISOString()
  return [
    `Secret ${row.id} was used in the last 7 days (${at}): whoever uses it is locked out now.`,
  ]
}
