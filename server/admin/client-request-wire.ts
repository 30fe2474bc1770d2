import { Type } from 'typebox'
import {
  CLIENT_REQUEST_PURPOSES,
  CLIENT_REQUEST_STATUSES,
  type ClientRequest,
} from '../access/requests/client-request.ts'
import { dateTime, nullable, strict, toIso, toIsoOrNull } from './route-options.ts'

/** A request for a client as the management API shows it. */
export const requestSchema = strict({
  id: Type.String(),
  purpose: Type.Enum([...CLIENT_REQUEST_PURPOSES], {
    description:
      '`client`: a new client; `permissions`: more permissions of the client `clientId`.',
  }),
  displayName: Type.String(),
  credentialName: Type.String(),
  permissions: Type.Array(Type.String()),
  intendedUse: Type.String(),
  contact: nullable(Type.String()),
  customerId: nullable(Type.String()),
  status: Type.Enum([...CLIENT_REQUEST_STATUSES]),
  reason: nullable(Type.String()),
  clientId: nullable(Type.String()),
  deliveryExpiresAt: nullable(dateTime('Until when the link that reveals the secret works.')),
  deliveredAt: nullable(dateTime('When the secret was revealed.')),
  createdAt: dateTime(),
  decidedAt: nullable(dateTime()),
})

export const toRequestWire = (request: ClientRequest) => ({
  ...request,
  deliveryExpiresAt: toIsoOrNull(request.deliveryExpiresAt),
  deliveredAt: toIsoOrNull(request.deliveredAt),
  createdAt: toIso(request.createdAt),
  decidedAt: toIsoOrNull(request.decidedAt),
})
