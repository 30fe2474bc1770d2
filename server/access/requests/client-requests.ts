import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, uuidv7 } from '../../lib/random.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { Client } from '../clients/client.ts'
import type { Clients } from '../clients/clients.ts'
import type { MasterKey } from '../keys/master-key.ts'
import type { Apis } from '../scopes/apis.ts'
import type { Secrets } from '../secrets/secrets.ts'
import {
  type ClientRequest,
  type ClientRequestRow,
  type ClientRequestStatus,
  type NewClientRequest,
  toClientRequest,
} from './client-request.ts'
import { createDelivery, type Delivery, type DeliveryToken } from './delivery.ts'
import {
  createPermissionRequests,
  type GrantOutcome,
  type PermissionRequests,
} from './permission-requests.ts'

/**
 * Client requests: someone applies for a client, an operator approves or rejects it. The approval
 * creates the client and a link; whoever opens the link and asks for it gets the client's id and its
 * first secret, once (`delivery.ts`). Those for more permissions of a client (`permission-requests.ts`)
 * wait in the same list; their approval gives the client the permissions. Each outcome is a value;
 * each change stands in one transaction with its audit event.
 */
export interface ClientRequests extends Delivery, PermissionRequests {
  submit(actor: Actor, request: NewClientRequest): Promise<SubmitOutcome>
  /** Oldest first. @param page.after the id of the last request of the page before */
  list(page: {
    status?: ClientRequestStatus | undefined
    after: string | null
    limit: number
  }): Promise<ClientRequest[]>
  find(id: string): Promise<ClientRequest | null>
  /**
   * Creates the client, of the customer and with the scopes that were asked for or that are given here;
   * or gives the client these scopes, when the request is for more of them. Scopes of the management API
   * must be given: asking for them is not enough.
   */
  approve(
    actor: Actor,
    id: string,
    decision?: { customerId?: string; scopes?: readonly string[] },
  ): Promise<ApproveOutcome>
  reject(actor: Actor, id: string, reason: string): Promise<RejectOutcome>
}

export type SubmitOutcome =
  | { kind: 'submitted'; request: ClientRequest }
  | { kind: 'unknown-scope'; scope: string }
  | { kind: 'too-many-waiting' }

export type ApproveOutcome =
  | { kind: 'approved'; request: ClientRequest; client: Client; deliveryToken: DeliveryToken }
  | { kind: 'unknown-scope'; scope: string }
  /** Only management was asked for, and the decision gives no scopes. */
  | { kind: 'only-management' }
  /** Neither the request nor the decision says whose client it is to be. */
  | { kind: 'no-customer' }
  | { kind: 'unknown-customer' }
  /** The decision names a customer, but the client is there and has one. */
  | { kind: 'has-customer' }
  | GrantOutcome
  | NotWaiting

export type RejectOutcome = { kind: 'rejected'; request: ClientRequest } | NotWaiting

type NotWaiting = { kind: 'unknown' } | { kind: 'decided'; status: ClientRequestStatus }

export function createClientRequests(options: {
  database: Database
  audit: Audit
  clients: Clients
  secrets: Secrets
  apis: Apis
  masterKey: MasterKey
  clock: Clock
  random: RandomBytes
  maximumWaiting: number
  deliveryHours: number
}): ClientRequests {
  const { database, audit, clients, apis, clock, random, maximumWaiting } = options
  const delivery = createDelivery({ ...options, recorded })
  const permissionRequests = createPermissionRequests({ ...options, recorded, hasRoom })

  function recorded(
    write: Write,
    actor: Actor,
    action: string,
    row: ClientRequestRow,
    details: AuditEvent['details'] = {},
  ): void {
    audit.record(write, actor, {
      action: `client-request.${action}`,
      object: { kind: 'client-request', id: row.id },
      customerId: row.customer_id,
      details,
    })
  }

  async function hasRoom(write: Write): Promise<boolean> {
    // Two at once would both find room for the last one.
    await write.lock('client-requests')
    const { waiting } = await write.query
      .selectFrom('client_requests')
      .select((rows) => rows.fn.countAll<number>().as('waiting'))
      .where('status', '=', 'requested')
      .executeTakeFirstOrThrow()
    return waiting < maximumWaiting
  }

  const unknownScope = (scopes: readonly string[]) => scopes.find((scope) => !apis.ofScope(scope))

  return {
    ...delivery.operations,
    ...permissionRequests.operations,

    async submit(actor, request) {
      const scope = unknownScope(request.permissions)
      if (scope !== undefined) return { kind: 'unknown-scope', scope }
      return database.write(async (write) => {
        if (!(await hasRoom(write))) return { kind: 'too-many-waiting' }
        const now = clock.now()
        const row: ClientRequestRow = {
          id: uuidv7(now, random),
          display_name: request.displayName,
          credential_name: request.credentialName,
          permissions: [...new Set(request.permissions)].join(' '),
          intended_use: request.intendedUse,
          contact: request.contact ?? null,
          customer_id: request.customerId ?? null,
          status: 'requested',
          reason: null,
          client_id: null,
          delivery_hash: null,
          delivery_expires_at: null,
          delivered_at: null,
          created_at: now,
          decided_at: null,
        }
        await write.query.insertInto('client_requests').values(row).execute()
        recorded(write, actor, 'submit', row, { permissions: row.permissions })
        return { kind: 'submitted', request: toClientRequest(row) }
      })
    },

    async list({ status, after, limit }) {
      const rows = await database.query
        .selectFrom('client_requests')
        .selectAll()
        .$if(status !== undefined, (query) => query.where('status', '=', status!))
        .$if(after !== null, (query) => query.where('id', '>', after!))
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(toClientRequest)
    },

    async find(id) {
      const row = await database.query
        .selectFrom('client_requests')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      return row ? toClientRequest(row) : null
    },

    approve: (actor, id, decision = {}) =>
      database.write(async (write) => {
        const row = await lockRequest(write, id)
        if (row?.status !== 'requested') return notWaiting(row)
        const { permissions } = toClientRequest(row)
        // Whoever applies may ask for power over clients; nobody is to get it by a quick approval.
        const ordinary = permissions.filter((name) => apis.ofScope(name)?.id !== 'management')
        if (!decision.scopes && ordinary.length === 0) return { kind: 'only-management' }
        const scopes = [...new Set(decision.scopes ?? ordinary)]
        // A scope may have left the configuration since it was asked for.
        const scope = unknownScope(scopes)
        if (scope !== undefined) return { kind: 'unknown-scope', scope }
        if (row.client_id !== null) {
          if (decision.customerId !== undefined) return { kind: 'has-customer' }
          return permissionRequests.grantIn(write, actor, row, scopes)
        }
        const customerId = decision.customerId ?? row.customer_id
        if (customerId === null) return { kind: 'no-customer' }
        const outcome = await clients.createIn(write, actor, {
          customerId,
          displayName: row.display_name,
          description: row.intended_use,
          scopes,
        })
        if (outcome.kind === 'unknown-customer') return outcome
        if (outcome.kind === 'exists') throw new Error('a random client id exists already')
        const { client } = outcome
        const { deliveryToken, columns } = delivery.createToken()
        const approved = await write.query
          .updateTable('client_requests')
          .set({
            ...columns,
            status: 'approved',
            customer_id: customerId,
            client_id: client.id,
            decided_at: clock.now(),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow()
        recorded(write, actor, 'approve', approved, { clientId: client.id, scopes })
        return { kind: 'approved', request: toClientRequest(approved), client, deliveryToken }
      }),

    reject: (actor, id, reason) =>
      database.write(async (write) => {
        const row = await lockRequest(write, id)
        if (row?.status !== 'requested') return notWaiting(row)
        const rejected = await write.query
          .updateTable('client_requests')
          .set({ status: 'rejected', reason, decided_at: clock.now() })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow()
        recorded(write, actor, 'reject', rejected, { reason })
        return { kind: 'rejected', request: toClientRequest(rejected) }
      }),
  }
}

/** An update that changes nothing: two decisions at once must not both find the request waiting. */
function lockRequest(write: Write, id: string): Promise<ClientRequestRow | undefined> {
  return write.query
    .updateTable('client_requests')
    .set((row) => ({ id: row.ref('id') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
}

function notWaiting(row: ClientRequestRow | undefined): NotWaiting {
  return row ? { kind: 'decided', status: row.status } : { kind: 'unknown' }
}
