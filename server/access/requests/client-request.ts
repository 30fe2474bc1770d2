import type { Selectable } from 'kysely'
import type { Tables } from '../../database/tables.ts'

/**
 * An application for a client, or for more permissions of one, as its applicant wrote it and as an
 * operator decided it.
 */
export interface ClientRequest {
  /** A UUIDv7: requests are listed by it, the oldest first. */
  id: string
  purpose: ClientRequestPurpose
  /** How the application is to be called, or is called. */
  displayName: string
  /** How its first secret is to be called; empty when it asks for permissions only. */
  credentialName: string
  /** The scopes that it is to have, or to have besides those it has. */
  permissions: readonly string[]
  intendedUse: string
  /** An e-mail address. */
  contact: string | null
  /** Whose client it is to be: what the applicant said, then what the operator decided. */
  customerId: string | null
  status: ClientRequestStatus
  /** Why it was rejected. */
  reason: string | null
  /** The client that the approval created, or for which more permissions are asked. */
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

/** `client`: a new client. `permissions`: more permissions of a client that was there. */
export const CLIENT_REQUEST_PURPOSES = ['client', 'permissions'] as const

export type ClientRequestPurpose = (typeof CLIENT_REQUEST_PURPOSES)[number]

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
    // Only an approval that creates the client makes a link, in the statement that names the client.
    purpose: row.client_id !== null && row.delivery_hash === null ? 'permissions' : 'client',
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
