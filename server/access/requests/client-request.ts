import type { Selectable } from 'kysely'
import type { Tables } from '../../database/tables.ts'

/** An application for a client, as its applicant wrote it and as an operator decided it. */
export interface ClientRequest {
  /** A UUIDv7: requests are listed by it, the oldest first. */
  id: string
  /** How the application is to be called. */
  displayName: string
  /** How its first secret is to be called. */
  credentialName: string
  /** The scopes that it is to have. */
  permissions: readonly string[]
  intendedUse: string
  /** An e-mail address. */
  contact: string | null
  /** Whose client it is to be: what the applicant said, then what the operator decided. */
  customerId: string | null
  status: ClientRequestStatus
  /** Why it was rejected. */
  reason: string | null
  /** The client that the approval created. */
  clientId: string | null
  /** Until when the link that reveals the secret works. */
  deliveryExpiresAt: number | null
  /** When the secret was revealed. */
  deliveredAt: number | null
  createdAt: number
  decidedAt: number | null
}

export const CLIENT_REQUEST_STATUSES = ['requested', 'approved', 'rejected'] as const

export type ClientRequestStatus = (typeof CLIENT_REQUEST_STATUSES)[number]

/** What an applicant says. */
export interface NewClientRequest {
  displayName: string
  credentialName: string
  permissions: readonly string[]
  intendedUse: string
  contact?: string | null
  customerId?: string | null
}

export type ClientRequestRow = Selectable<Tables['client_requests']>

export function toClientRequest(row: ClientRequestRow): ClientRequest {
  return {
    id: row.id,
    displayName: row.display_name,
    credentialName: row.credential_name,
    permissions: row.permissions === '' ? [] : row.permissions.split(' '),
    intendedUse: row.intended_use,
    contact: row.contact,
    customerId: row.customer_id,
    status: row.status,
    reason: row.reason,
    clientId: row.client_id,
    deliveryExpiresAt: row.delivery_expires_at,
    deliveredAt: row.delivered_at,
    createdAt: row.created_at,
    decidedAt: row.decided_at,
  }
}
