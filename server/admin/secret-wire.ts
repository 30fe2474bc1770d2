import { type Static, Type } from 'typebox'
import type { ClientSecret } from '../access/secrets/client-secret.ts'
import {
  dateTime,
  idParameter,
  nullable,
  prose,
  strict,
  toIso,
  toIsoOrNull,
} from './route-options.ts'

/** A secret as the management API shows it: its text only in the answer to its creation. */
const secretMembers = {
  id: Type.String(),
  clientId: Type.String(),
  description: Type.String(),
  createdAt: dateTime(),
  createdBy: strict({
    kind: Type.Enum(['account', 'client', 'command-line', 'delivery']),
    id: nullable(Type.String()),
    secretId: nullable(
      Type.String({ description: 'With which secret the creating client had logged in.' }),
    ),
  }),
  expiresAt: nullable(dateTime()),
  lastUsedAt: nullable(dateTime('A second late; under a flood of logins, two minutes.')),
  hint: Type.String({ description: 'The beginning and end of its text: `mgs_…a1B2`.' }),
  state: Type.Enum(['active', 'retiring', 'revoked', 'expired']),
  revokedAt: nullable(dateTime()),
}

export const secretSchema = strict(secretMembers)
const secretText = { secret: Type.String({ description: 'The text: it is shown this once.' }) }

export const newSecretSchema = strict({ ...secretMembers, ...secretText })

export const rolledSecretSchema = strict({
  ...secretMembers,
  ...secretText,
  retired: Type.Array(secretSchema),
})

export const newSecret = strict({
  description: Type.Optional(prose(200)),
  expiresAt: Type.Optional(dateTime('By default never.')),
})

export const rollBody = strict({
  description: Type.Optional(prose(200)),
  overlapSeconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 2_592_000,
      description: 'How long the old secrets go on working; the default is configured.',
    }),
  ),
  revokeTokens: Type.Optional(
    Type.Boolean({ description: 'End the tokens obtained with the old secrets at once.' }),
  ),
})

export const secretListQuery = strict({
  all: Type.Optional(
    Type.Boolean({
      description: 'Also those that are revoked or expired, for the 2 days they are kept.',
    }),
  ),
})

export const secretDeleteQuery = strict({
  revokeTokens: Type.Optional(Type.Boolean({ description: 'End the tokens obtained with it.' })),
  deleteCreated: Type.Optional(
    Type.Boolean({
      description:
        'Delete the secrets that were created with it, and so on: a client that deletes its own secret those of its own, else those that the caller may manage.',
    }),
  ),
})

export const secretParams = strict({ clientId: idParameter, secretId: idParameter })

export type NewSecretBody = Static<typeof newSecret>
export type RollBody = Static<typeof rollBody>
export type SecretListQuery = Static<typeof secretListQuery>
export type SecretDeleteQuery = Static<typeof secretDeleteQuery>
export type SecretParams = Static<typeof secretParams>

export const toSecretWire = (secret: ClientSecret) => ({
  ...secret,
  createdAt: toIso(secret.createdAt),
  expiresAt: toIsoOrNull(secret.expiresAt),
  lastUsedAt: toIsoOrNull(secret.lastUsedAt),
  revokedAt: toIsoOrNull(secret.revokedAt),
})
