import type { Selectable } from 'kysely'
import type { Tables } from '../../database/tables.ts'
import type { Actor } from './actor.ts'

/** What happened, to be told with the actor who did it. */
export interface AuditEvent {
  /** Object and verb: `secret.create`. */
  action: string
  object: { kind: string; id: string }
  /** Whose object it is; null: the installation's. */
  customerId: string | null
  /** `success` when left out. */
  outcome?: 'success' | 'failure' | undefined
  /** Nothing secret: it is shown to whoever may read the log. */
  details?: Record<string, JsonValue> | undefined
}

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

/** An event as the log tells it. */
export interface StoredAuditEvent {
  /** Its place in the chain, from 1. */
  sequence: number
  /** A UUIDv7. */
  id: string
  /** Epoch milliseconds. */
  at: number
  actor: Actor
  action: string
  object: { kind: string; id: string }
  customerId: string | null
  outcome: 'success' | 'failure'
  details: Record<string, JsonValue>
  /** With `sequence`, of the newest event: the chain's head. */
  hash: string
}

export type AuditRow = Selectable<Tables['audit_events']>

export function toStoredEvent(row: AuditRow): StoredAuditEvent {
  return {
    sequence: row.sequence,
    id: row.id,
    at: row.at,
    actor: {
      kind: row.actor_kind as Actor['kind'],
      id: row.actor_id,
      secretId: row.actor_secret_id,
      address: row.address,
      requestId: row.request_id,
    },
    action: row.action,
    object: { kind: row.object_kind, id: row.object_id },
    customerId: row.customer_id,
    outcome: row.outcome as StoredAuditEvent['outcome'],
    details: JSON.parse(row.details) as Record<string, JsonValue>,
    hash: row.hash,
  }
}
