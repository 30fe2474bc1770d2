import { type Static, Type } from 'typebox'
import {
  CLIENT_ID_PATTERN,
  type Client,
  GRANT_TYPES,
  MAXIMUM_TOKEN_LIFETIME_SECONDS,
} from '../access/clients/client.ts'
import { dateTime, idParameter, line, nullable, prose, strict, toIso } from './route-options.ts'

/** A client as the management API shows it and takes it. */
export const clientSchema = strict({
  id: Type.String({ description: 'The `client_id`.' }),
  customerId: Type.String(),
  displayName: Type.String(),
  description: Type.String(),
  type: Type.Enum(['confidential', 'public']),
  scopes: Type.Array(Type.String(), { description: 'What it may ask for.' }),
  grants: Type.Array(Type.Enum([...GRANT_TYPES])),
  tokenLifetimeSeconds: Type.Integer(),
  signingAlgorithm: nullable(Type.String({ description: 'null: the installation’s.' })),
  apiId: nullable(Type.String({ description: 'The API whose own client this is.' })),
  suspended: Type.Boolean(),
  customerSuspended: Type.Boolean(),
  createdAt: dateTime(),
})

export const toClientWire = (client: Client) => ({ ...client, createdAt: toIso(client.createdAt) })

const changeable = {
  displayName: line(200),
  description: prose(2_000),
  scopes: Type.Array(line(200), {
    maxItems: 100,
    description: 'Scopes that some API declares; with `manage`, those of the caller’s own client.',
  }),
  grants: Type.Array(Type.Enum([...GRANT_TYPES]), {
    maxItems: GRANT_TYPES.length,
    description: 'A new confidential client has `client_credentials`, a public one none.',
  }),
  tokenLifetimeSeconds: Type.Integer({ minimum: 60, maximum: MAXIMUM_TOKEN_LIFETIME_SECONDS }),
  signingAlgorithm: nullable(
    Type.Enum(['ES256', 'EdDSA', 'PS256', 'RS256'], {
      description: 'RS256 or the installation’s; null: the installation’s, whichever it is.',
    }),
  ),
}

const optionalChanges = {
  displayName: Type.Optional(changeable.displayName),
  description: Type.Optional(changeable.description),
  scopes: Type.Optional(changeable.scopes),
  grants: Type.Optional(changeable.grants),
  tokenLifetimeSeconds: Type.Optional(changeable.tokenLifetimeSeconds),
  signingAlgorithm: Type.Optional(changeable.signingAlgorithm),
}

export const clientChanges = strict(optionalChanges, { minProperties: 1 })
export type ClientChangesBody = Static<typeof clientChanges>

export const newClient = strict({
  ...optionalChanges,
  displayName: changeable.displayName,
  id: Type.Optional(
    Type.String({
      pattern: CLIENT_ID_PATTERN,
      description: 'By default a decimal int64; to choose it needs `operate`.',
    }),
  ),
  customerId: Type.Optional(line(200, 'By default the caller’s customer.')),
  type: Type.Optional(Type.Enum(['confidential', 'public'])),
  apiId: Type.Optional(
    line(
      40,
      'The API whose own client this is: it may introspect all its tokens. Needs `operate`.',
    ),
  ),
})
export type NewClientBody = Static<typeof newClient>

export const clientParams = strict({ clientId: idParameter })
export type ClientParams = Static<typeof clientParams>
