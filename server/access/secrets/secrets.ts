import type { Selectable } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomHex } from '../../lib/random.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { type ClientSecret, isUsable, secretState } from './client-secret.ts'
import type { LastUse } from './last-use.ts'
import { createSecretText, type SecretText } from './secret-text.ts'
import { hashSecret } from './secret-verification.ts'

/**
 * A client's secrets: create, list, delete, roll. Every change locks the client's row first, so that
 * two changes at once cannot take the last secret away or exceed the number allowed. The text of a
 * secret leaves this module once, in the answer to its creation.
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
  /** Oldest first. @param all also those that are revoked or expired */
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
  /** Forgets what was revoked or expired 30 days ago. */
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
  /** Delete the secrets that were created with it too, and those created with these, and so on. */
  deleteCreated: boolean
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

type SecretRow = Selectable<Tables['client_secrets']>

const CREATED_BY: Record<Actor['kind'], SecretRow['created_by_kind']> = {
  account: 'account',
  client: 'client',
  'command-line': 'command-line',
  system: 'command-line',
  anonymous: 'delivery',
}

const WEEK = 7 * 86_400_000
const KEPT_AFTER_END = 30 * 86_400_000

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

  /** Judged inside the transaction: the creator's secret may have been deleted a moment ago. */
  async function creatorEnded(write: Write, actor: Actor): Promise<boolean> {
    if (actor.kind !== 'client' || actor.secretId === null) return false
    const row = await write.query
      .selectFrom('client_secrets')
      .selectAll()
      .where('id', '=', actor.secretId)
      .executeTakeFirst()
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
    if (await creatorEnded(write, actor)) return { kind: 'creator-ended' }
    const rows = (await endlessRows(write, clientId)).filter(usable)
    if (rows.length >= maximumPerClient) return { kind: 'too-many', maximum: maximumPerClient }
    return { kind: 'created', ...(await insert(write, actor, client, created)) }
  }

  return {
    createIn,
    create: (actor, clientId, created) =>
      database.write((write) => createIn(write, actor, clientId, created)),

    async list(clientId, all = false) {
      const rows = await database.query
        .selectFrom('client_secrets')
        .selectAll()
        .where('client_id', '=', clientId)
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      return rows.filter((row) => all || usable(row)).map(toSecret)
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
        const target = await write.query
          .selectFrom('client_secrets')
          .selectAll()
          .where('id', '=', secretId)
          .where('client_id', '=', clientId)
          .executeTakeFirst()
        // A deleted secret is gone, but its tokens can still be ended.
        if (!target || (target.revoked_at !== null && !(revokeTokens && !target.tokens_revoked))) {
          return { kind: 'unknown' }
        }
        const created = deleteCreated ? await createdWith(write, actor, target) : []
        const doomed = [target, ...created]
        const ids = doomed.map((row) => row.id)
        const bySelf = actor.kind === 'client' && actor.id === clientId
        const rows = await endlessRows(write, clientId)
        if (bySelf && locksOut(rows.filter(usable), ids)) return { kind: 'last-usable' }

        await write.query
          .updateTable('client_secrets')
          .set((row) => ({
            revoked_at: row.fn.coalesce('revoked_at', row.val(clock.now())),
            ...(revokeTokens && { tokens_revoked: 1 }),
          }))
          .where('id', 'in', ids)
          .execute()
        const warnings = bySelf ? [] : doomed.flatMap((row) => recentUse(row, clock.now()))
        for (const row of doomed) {
          write.announce('secret', row.id)
          audit.record(write, actor, {
            action: 'secret.delete',
            object: { kind: 'secret', id: row.id },
            customerId: client.customer_id,
            details: {
              clientId: row.client_id,
              revokeTokens,
              ...(row !== target && { createdWith: target.id }),
              ...(bySelf ? {} : { warnings: recentUse(row, clock.now()) }),
            },
          })
        }
        const revoked = doomed.map((row) => toSecret({ ...row, revoked_at: clock.now() }))
        return { kind: 'deleted', secrets: revoked, warnings }
      })
    },

    roll: (actor, clientId, { description, overlapSeconds, revokeTokens }) =>
      database.write(async (write) => {
        const client = await lockClient(write, clientId)
        if (!client) return { kind: 'unknown-client' }
        if (await creatorEnded(write, actor)) return { kind: 'creator-ended' }
        const old = (await endlessRows(write, clientId)).filter(usable)
        if (overlapSeconds > 0 && old.length >= maximumPerClient) {
          return { kind: 'too-many', maximum: maximumPerClient }
        }
        const end = clock.now() + overlapSeconds * 1_000
        const retired: SecretRow[] = old.map((row) => ({
          ...row,
          retiring: 1,
          expires_at: Math.min(row.expires_at ?? end, end),
          tokens_revoked: revokeTokens ? 1 : row.tokens_revoked,
        }))
        for (const { id, retiring, expires_at, tokens_revoked } of retired) {
          await write.query
            .updateTable('client_secrets')
            .set({ retiring, expires_at, tokens_revoked })
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
      await database.write(async (write) => {
        await write.query
          .deleteFrom('client_secrets')
          .where((row) => row.or([row('revoked_at', '<', before), row('expires_at', '<', before)]))
          .execute()
      })
    },
  }
}

interface LockedClient {
  id: string
  customer_id: string
}

/** An update that changes nothing: it locks the row on Postgres, and means nothing on SQLite. */
async function lockClient(write: Write, clientId: string): Promise<LockedClient | null> {
  const row = await write.query
    .updateTable('clients')
    .set((clients) => ({ id: clients.ref('id') }))
    .where('id', '=', clientId)
    .returning(['id', 'customer_id'])
    .executeTakeFirst()
  return row ?? null
}

/** The client's secrets that nobody has deleted; a few of them may have expired. */
function endlessRows(write: Write, clientId: string): Promise<SecretRow[]> {
  return write.query
    .selectFrom('client_secrets')
    .selectAll()
    .where('client_id', '=', clientId)
    .where('revoked_at', 'is', null)
    .execute()
}

/**
 * The secrets that were created by clients logged in with `target`, and onwards. Of other clients
 * too, unless the one who deletes is a client that acts on itself.
 */
async function createdWith(write: Write, actor: Actor, target: SecretRow): Promise<SecretRow[]> {
  const found = new Map<string, SecretRow>()
  let creators = [target.id]
  while (creators.length > 0) {
    const rows = await write.query
      .selectFrom('client_secrets')
      .selectAll()
      .where('created_by_secret_id', 'in', creators)
      .execute()
    const fresh = rows.filter((row) => row.id !== target.id && !found.has(row.id))
    for (const row of fresh) found.set(row.id, row)
    creators = fresh.map((row) => row.id)
  }
  const own = actor.kind === 'client' && actor.id === target.client_id
  return [...found.values()].filter(
    (row) => row.revoked_at === null && (!own || row.client_id === target.client_id),
  )
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
