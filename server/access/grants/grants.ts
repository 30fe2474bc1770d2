import type { Selectable } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Clock } from '../../lib/clock.ts'
import { FillCache } from '../../lib/fill-cache.ts'
import { type RandomBytes, uuidv7 } from '../../lib/random.ts'
import type { Areas } from '../areas/areas.ts'
import type { MapDataDetail } from '../areas/map-data-detail.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import { MAXIMUM_TOKEN_LIFETIME_SECONDS } from '../clients/client.ts'
import type { Grant } from './grant.ts'

/**
 * What persons let clients do. Everything that comes of a grant names it: revoking it ends codes,
 * refresh tokens and access tokens on every node. Consents, which outlive grants, are in
 * `access/consents`; the tickets that hang on a grant have files of their own beside this one.
 */
export interface Grants {
  /** For a caller that has a transaction under way. */
  createIn(write: Write, actor: Actor, grant: NewGrant): Promise<Grant>
  find(id: string): Promise<Grant | null>
  findIn(write: Write, id: string): Promise<Grant | null>
  /** From the cache; needs a fresh feed (`ChangeFeed.ensureFresh`). */
  known(id: string): Grant | null | Promise<Grant | null>
  /** Nothing happens when it is revoked already. @param reason for the audit log */
  revokeIn(write: Write, actor: Actor, id: string, reason: string): Promise<void>
  revoke(actor: Actor, id: string, reason: string): Promise<void>
  /** Those that a person gave a client. */
  revokeOfClientIn(
    write: Write,
    actor: Actor,
    of: { accountId: string; clientId: string },
    reason: string,
  ): Promise<void>
  revokeOfClient(
    actor: Actor,
    of: { accountId: string; clientId: string },
    reason: string,
  ): Promise<void>
  /** Those that a client got for a person's password itself, which no browser was needed for. */
  revokeOfPasswordIn(write: Write, actor: Actor, accountId: string, reason: string): Promise<void>
  /** What still stands of a person's grants, by client, the latest first; 1,000 at most. */
  listOfAccount(accountId: string): Promise<StandingGrants[]>
  /** Forgets grants of which no token can be left. */
  prune(): Promise<void>
}

/** `expiresAt`: by default as long after now as the installation lets refresh tokens live. */
export type NewGrant = Omit<Grant, 'id' | 'createdAt' | 'expiresAt' | 'revoked'> & {
  expiresAt?: number
}

/** Those that a person gave a client with the same scopes. */
export interface StandingGrants {
  clientId: string
  scopes: readonly string[]
  /** Of the first and of the last that still stands: epoch milliseconds. */
  firstAt: number
  lastAt: number
}

type GrantRow = Selectable<Tables['grants']>

export function createGrants(options: {
  database: Database
  audit: Audit
  areas: Pick<Areas, 'keepIn'>
  clock: Clock
  random: RandomBytes
  lifetimeMilliseconds: number
  maximumCached: number
}): Grants {
  const { database, audit, areas, clock, random } = options
  const cache = new FillCache<Grant>(options.maximumCached)
  database.feed.subscribe(({ topic, key }) => {
    if (topic === 'grant') cache.invalidate(key)
    else if (topic === 'everything') cache.clear()
  })
  const selectKnown = database.prepare<GrantRow>('select * from grants where id = $1')

  function load(id: string): Grant | null | Promise<Grant | null> {
    const first = (rows: GrantRow[]) => (rows[0] ? toGrant(rows[0]) : null)
    const rows = selectKnown(id)
    return rows instanceof Promise ? rows.then(first) : first(rows)
  }

  async function recorded(
    write: Write,
    actor: Actor,
    action: string,
    grant: { id: string; client_id: string; account_id: string },
    details: Record<string, string>,
  ): Promise<void> {
    const client = await write.query
      .selectFrom('clients')
      .select('customer_id')
      .where('id', '=', grant.client_id)
      .executeTakeFirst()
    write.announce('grant', grant.id)
    audit.record(write, actor, {
      action,
      object: { kind: 'grant', id: grant.id },
      customerId: client?.customer_id ?? null,
      details: { clientId: grant.client_id, accountId: grant.account_id, ...details },
    })
  }

  async function select(query: Pick<Database['query'], 'selectFrom'>, id: string) {
    const row = await query.selectFrom('grants').selectAll().where('id', '=', id).executeTakeFirst()
    return row ? toGrant(row) : null
  }

  const standing = (write: Write) =>
    write.query
      .updateTable('grants')
      .set({ revoked_at: clock.now() })
      .where('revoked_at', 'is', null)
      .returning(['id', 'client_id', 'account_id'])

  const grants: Grants = {
    async createIn(write, actor, grant) {
      const now = clock.now()
      const row = await write.query
        .insertInto('grants')
        .values({
          id: uuidv7(now, random),
          client_id: grant.clientId,
          account_id: grant.accountId,
          issuer: grant.issuer,
          scopes: grant.scopes.join(' '),
          audience: JSON.stringify(grant.audience),
          authorization_details: JSON.stringify(grant.details),
          session_id: grant.sessionId,
          authenticated_at: grant.authenticatedAt,
          methods: grant.methods.join(' '),
          acr: grant.acr,
          nonce: grant.nonce,
          claims: grant.claims,
          dpop_jkt: grant.dpopJkt,
          created_at: now,
          expires_at: grant.expiresAt ?? now + options.lifetimeMilliseconds,
          revoked_at: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      await areas.keepIn(write, grant.details)
      await recorded(write, actor, 'grant.create', row, { scopes: row.scopes })
      return toGrant(row)
    },

    find: (id) => select(database.query, id),
    findIn: (write, id) => select(write.query, id),

    known: (id) => cache.get(id, () => load(id)),

    async revokeIn(write, actor, id, reason) {
      const revoked = await standing(write).where('id', '=', id).executeTakeFirst()
      if (revoked) await recorded(write, actor, 'grant.revoke', revoked, { reason })
    },

    revoke: (actor, id, reason) =>
      database.write((write) => grants.revokeIn(write, actor, id, reason)),

    async revokeOfClientIn(write, actor, { accountId, clientId }, reason) {
      const revoked = await standing(write)
        .where('account_id', '=', accountId)
        .where('client_id', '=', clientId)
        .execute()
      for (const grant of revoked) await recorded(write, actor, 'grant.revoke', grant, { reason })
    },

    revokeOfClient: (actor, of, reason) =>
      database.write((write) => grants.revokeOfClientIn(write, actor, of, reason)),

    async revokeOfPasswordIn(write, actor, accountId, reason) {
      const revoked = await standing(write)
        .where('account_id', '=', accountId)
        .where('session_id', 'is', null)
        .where('methods', '=', 'pwd')
        .execute()
      for (const grant of revoked) await recorded(write, actor, 'grant.revoke', grant, { reason })
    },

    async listOfAccount(accountId) {
      const rows = await database.query
        .selectFrom('grants')
        .select(({ fn }) => [
          'client_id',
          'scopes',
          fn.min('created_at').as('first_at'),
          fn.max('created_at').as('last_at'),
        ])
        .where('account_id', '=', accountId)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', clock.now())
        // A script may get one at each call.
        .groupBy(['client_id', 'scopes'])
        .orderBy('last_at', 'desc')
        .orderBy('client_id')
        .limit(1_000)
        .execute()
      return rows.map((row) => ({
        clientId: row.client_id,
        scopes: row.scopes === '' ? [] : row.scopes.split(' '),
        firstAt: row.first_at,
        lastAt: row.last_at,
      }))
    },

    async prune() {
      await database.write(async (write) => {
        await write.query
          .deleteFrom('grants')
          // Access tokens that were issued at the last moment outlive their grant.
          .where('expires_at', '<', clock.now() - MAXIMUM_TOKEN_LIFETIME_SECONDS * 1_000)
          .execute()
      })
    },
  }
  return grants
}

function toGrant(row: GrantRow): Grant {
  return {
    id: row.id,
    clientId: row.client_id,
    accountId: row.account_id,
    issuer: row.issuer,
    scopes: row.scopes === '' ? [] : row.scopes.split(' '),
    audience: JSON.parse(row.audience) as string[],
    details: JSON.parse(row.authorization_details) as MapDataDetail[],
    sessionId: row.session_id,
    authenticatedAt: row.authenticated_at,
    methods: row.methods === '' ? [] : row.methods.split(' '),
    acr: row.acr,
    nonce: row.nonce,
    claims: row.claims,
    dpopJkt: row.dpop_jkt,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revoked: row.revoked_at !== null,
  }
}
