import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, uuidv7 } from '../../lib/random.ts'
import type { Actor } from '../audit/actor.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { Client } from '../clients/client.ts'
import type { Clients } from '../clients/clients.ts'
import { lockClient } from '../clients/lock-client.ts'
import { type ClientRequest, type ClientRequestRow, toClientRequest } from './client-request.ts'

/**
 * Requests for more permissions of a client that is there already. They wait in the same list as
 * those for new clients, and an operator decides them by the same commands. A client has one of them
 * waiting at most: asking again replaces what was asked for.
 */
export interface PermissionRequests {
  /**
   * Makes what waits for the client's sake be exactly these permissions; none: nothing waits any
   * more. The caller has locked or just created the client, and knows that the scopes are declared.
   */
  askIn(
    write: Write,
    actor: Actor,
    client: Pick<Client, 'id' | 'customerId' | 'displayName'>,
    asked: { permissions: readonly string[]; intendedUse: string; contact: string | null },
  ): Promise<AskOutcome>
  /** What was asked for a client's sake, the newest first, twenty at most. */
  ofClient(clientId: string): Promise<ClientRequest[]>
}

export type AskOutcome =
  | { kind: 'asked'; request: ClientRequest }
  | { kind: 'nothing' }
  | { kind: 'too-many-waiting' }

export type GrantOutcome =
  | { kind: 'granted'; request: ClientRequest; client: Client }
  /** It has been deleted since. */
  | { kind: 'unknown-client' }

export function createPermissionRequests(options: {
  database: Database
  clients: Clients
  clock: Clock
  random: RandomBytes
  /** Whether one more may wait; holds the lock that keeps it so. */
  hasRoom: (write: Write) => Promise<boolean>
  recorded: (
    write: Write,
    actor: Actor,
    action: string,
    row: ClientRequestRow,
    details?: AuditEvent['details'],
  ) => void
}) {
  const { database, clients, clock, random, hasRoom, recorded } = options

  const operations: PermissionRequests = {
    async askIn(write, actor, client, { permissions, intendedUse, contact }) {
      const asked = [...new Set(permissions)].join(' ')
      // Before the look: two at once would both find nothing that waits.
      const room = await hasRoom(write)
      const waiting = await write.query
        .selectFrom('client_requests')
        .selectAll()
        .where('client_id', '=', client.id)
        .where('status', '=', 'requested')
        .executeTakeFirst()
      if (waiting?.permissions === asked)
        return { kind: 'asked', request: toClientRequest(waiting) }
      if (waiting) {
        await write.query.deleteFrom('client_requests').where('id', '=', waiting.id).execute()
        recorded(write, actor, 'withdraw', waiting, { permissions: waiting.permissions })
      }
      if (asked === '') return { kind: 'nothing' }
      if (!room && !waiting) return { kind: 'too-many-waiting' }
      const row: ClientRequestRow = {
        ...EMPTY,
        id: uuidv7(clock.now(), random),
        display_name: client.displayName,
        permissions: asked,
        intended_use: intendedUse,
        contact,
        customer_id: client.customerId,
        client_id: client.id,
        created_at: clock.now(),
      }
      await write.query.insertInto('client_requests').values(row).execute()
      recorded(write, actor, 'submit', row, { clientId: client.id, permissions: asked })
      return { kind: 'asked', request: toClientRequest(row) }
    },

    async ofClient(clientId) {
      const rows = await database.query
        .selectFrom('client_requests')
        .selectAll()
        .where('client_id', '=', clientId)
        .where('delivery_hash', 'is', null)
        .orderBy('id', 'desc')
        .limit(20)
        .execute()
      return rows.map(toClientRequest)
    },
  }

  /** The scopes join those of the client, in the transaction that decides the request. */
  async function grantIn(
    write: Write,
    actor: Actor,
    row: ClientRequestRow,
    scopes: readonly string[],
  ): Promise<GrantOutcome> {
    const clientId = row.client_id!
    // Two grants at once must not lose each other's scopes.
    if (!(await lockClient(write, clientId))) return { kind: 'unknown-client' }
    const before = await clients.findIn(write, clientId)
    const client = await clients.changeIn(write, actor, clientId, {
      scopes: [...new Set([...before!.scopes, ...scopes])],
    })
    const decided = await write.query
      .updateTable('client_requests')
      .set({ status: 'approved', decided_at: clock.now() })
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow()
    recorded(write, actor, 'approve', decided, { clientId, scopes })
    return { kind: 'granted', request: toClientRequest(decided), client: client! }
  }

  return { operations, grantIn }
}

const EMPTY = {
  credential_name: '',
  status: 'requested',
  reason: null,
  delivery_hash: null,
  delivery_expires_at: null,
  delivered_at: null,
  decided_at: null,
} as const
