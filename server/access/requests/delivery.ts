import { createHmac } from 'node:crypto'
import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, randomBase62 } from '../../lib/random.ts'
import type { Actor } from '../audit/actor.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { MasterKey } from '../keys/master-key.ts'
import type { ClientSecret } from '../secrets/client-secret.ts'
import type { SecretText } from '../secrets/secret-text.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { type ClientRequest, type ClientRequestRow, toClientRequest } from './client-request.ts'

/**
 * How an approved client's id and first secret reach the applicant: by a link that expires, and that
 * reveals them once. Looking at the link consumes nothing, because mail scanners look at links too.
 * The secret is created at the moment it is revealed: its text is stored nowhere.
 */
export interface Delivery {
  /** A new link, as long as nothing was revealed; the one before is dead. */
  redeliver(actor: Actor, id: string): Promise<RedeliverOutcome>
  /** What the link stands for; consumes nothing. */
  findDelivery(token: string): Promise<FindDeliveryOutcome>
  /** Creates the secret and consumes the link. Of several calls at once, one gets the secret. */
  reveal(actor: Actor, token: string): Promise<RevealOutcome>
}

/** What the link ends with: 256 random bits. */
export type DeliveryToken = `mgd_${string}`

export type RedeliverOutcome =
  | { kind: 'created'; request: ClientRequest; deliveryToken: DeliveryToken }
  | { kind: 'unknown' }
  | { kind: 'not-approved' }
  | { kind: 'delivered' }
  /** It was for more permissions of a client that has its secrets. */
  | { kind: 'nothing-to-deliver' }

/** `unknown` also when a newer link has taken its place. */
export type FindDeliveryOutcome =
  | { kind: 'waiting'; request: ClientRequest }
  | { kind: 'delivered' }
  | { kind: 'expired' }
  | { kind: 'unknown' }

export type RevealOutcome =
  | {
      kind: 'revealed'
      request: ClientRequest
      clientId: string
      secret: ClientSecret
      text: SecretText
    }
  | { kind: 'delivered' }
  | { kind: 'expired' }
  /** Or its client has been deleted. */
  | { kind: 'unknown' }
  /** The client got as many secrets as it may have from others; the link is as good as before. */
  | { kind: 'too-many'; maximum: number }

const HOUR = 3_600_000

export function createDelivery(options: {
  database: Database
  secrets: Secrets
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
  deliveryHours: number
  /** Tells the audit log what happened to a request. */
  recorded: (
    write: Write,
    actor: Actor,
    action: string,
    row: ClientRequestRow,
    details?: AuditEvent['details'],
  ) => void
}) {
  const { database, secrets, masterKey, clock, random, deliveryHours, recorded } = options

  // Keyed, so that whoever can only write to the database cannot plant a link.
  const hashOf = (token: string, version: number) =>
    createHmac('sha256', masterKey.derive('delivery', version)).update(token).digest('base64url')
  const hashesOf = (token: string) => masterKey.versions.map((version) => hashOf(token, version))

  function createToken() {
    const deliveryToken: DeliveryToken = `mgd_${randomBase62(43, random)}`
    const columns = {
      delivery_hash: hashOf(deliveryToken, masterKey.newestVersion),
      delivery_expires_at: clock.now() + deliveryHours * HOUR,
    }
    return { deliveryToken, columns }
  }

  async function findIn(
    query: Pick<Database['query'], 'selectFrom'>,
    token: string,
  ): Promise<FindDeliveryOutcome> {
    const row = await query
      .selectFrom('client_requests')
      .selectAll()
      .where('delivery_hash', 'in', hashesOf(token))
      .executeTakeFirst()
    if (!row) return { kind: 'unknown' }
    if (row.delivered_at !== null) return { kind: 'delivered' }
    if (row.delivery_expires_at! <= clock.now()) return { kind: 'expired' }
    return { kind: 'waiting', request: toClientRequest(row) }
  }

  const operations: Delivery = {
    redeliver: (actor, id) =>
      database.write(async (write) => {
        const { deliveryToken, columns } = createToken()
        const updated = await write.query
          .updateTable('client_requests')
          .set(columns)
          .where('id', '=', id)
          .where('status', '=', 'approved')
          .where('delivery_hash', 'is not', null)
          .where('delivered_at', 'is', null)
          .returningAll()
          .executeTakeFirst()
        if (updated) {
          recorded(write, actor, 'redeliver', updated)
          return { kind: 'created', request: toClientRequest(updated), deliveryToken }
        }
        const row = await write.query
          .selectFrom('client_requests')
          .select(['status', 'delivery_hash'])
          .where('id', '=', id)
          .executeTakeFirst()
        if (!row) return { kind: 'unknown' }
        if (row.status !== 'approved') return { kind: 'not-approved' }
        return { kind: row.delivery_hash === null ? 'nothing-to-deliver' : 'delivered' }
      }),

    findDelivery: (token) => findIn(database.query, token),

    reveal: (actor, token) =>
      database.write(async (write) => {
        const consumed = await write.query
          .updateTable('client_requests')
          .set({ delivered_at: clock.now() })
          .where('delivery_hash', 'in', hashesOf(token))
          .where('delivered_at', 'is', null)
          .where('delivery_expires_at', '>', clock.now())
          .returningAll()
          .executeTakeFirst()
        if (!consumed) {
          const found = await findIn(write.query, token)
          return found.kind === 'waiting' ? { kind: 'unknown' } : found
        }
        const clientId = consumed.client_id!
        const created = await secrets.createIn(write, actor, clientId, {
          description: consumed.credential_name,
          expiresAt: null,
        })
        if (created.kind !== 'created') {
          // Nothing was revealed, so nothing was consumed.
          await write.query
            .updateTable('client_requests')
            .set({ delivered_at: null })
            .where('id', '=', consumed.id)
            .execute()
          return created.kind === 'too-many' ? created : { kind: 'unknown' }
        }
        const { secret, text } = created
        recorded(write, actor, 'reveal', consumed, { clientId, secretId: secret.id })
        return { kind: 'revealed', request: toClientRequest(consumed), clientId, secret, text }
      }),
  }

  return { operations, createToken }
}
