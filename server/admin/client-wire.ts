import { type Static, Type } from 'typebox'
import {
  CLIENT_ID_PATTERN,
  type Client,
  GRANT_TYPES,
  MAXIMUM_TOKEN_LIFETIME_SECONDS,
} from '../access/clients/client.ts'
import {
  dateTime,
  idParameter,
  line,
  nullable,
  prose,
  strict,
  toIso,
  toIsoOrNull,
} from './route-options.ts'

/** A client as the management API shows it and takes it. What it is judged by is `client-rules.ts`. */
const keySet = Type.Object(
  { keys: Type.Array(Type.Object({}, { additionalProperties: true })) },
  { additionalProperties: true, description: 'Its public keys: a JWK Set (RFC 7517 §5).' },
)

const uris = (description: string) => Type.Array(line(2_000), { maxItems: 50, description })

export const clientSchema = strict({
  id: Type.String({ description: 'The `client_id`.' }),
  customerId: Type.String(),
  displayName: Type.String(),
  description: Type.String(),
  type: Type.Enum(['confidential', 'public']),
  scopes: Type.Array(Type.String(), { description: 'What it may ask for.' }),
  grants: Type.Array(Type.String(), { description: 'RFC 7591 §2 `grant_types`.' }),
  tokenLifetimeSeconds: Type.Integer(),
  signingAlgorithm: nullable(Type.String({ description: 'null: the installation’s.' })),
  apiId: nullable(Type.String({ description: 'The API whose own client this is.' })),
  authMethod: Type.Enum(['client_secret', 'private_key_jwt', 'none']),
  redirectUris: Type.Array(Type.String()),
  postLogoutRedirectUris: Type.Array(Type.String()),
  website: Type.String(),
  jwks: nullable(keySet),
  jwksUri: nullable(Type.String()),
  requirePkce: Type.Boolean(),
  requirePar: Type.Boolean(),
  dpopBound: Type.Boolean(),
  refreshMode: Type.Enum(['rotate', 'keep']),
  profile: nullable(Type.Enum(['fapi2'])),
  idTokenAlgorithm: nullable(Type.String({ description: 'null: the installation’s.' })),
  areaIds: Type.Array(Type.String(), { description: 'Areas, each of which cuts what it sees.' }),
  clientTokenVersion: Type.Integer(),
  clientTokenScopes: nullable(Type.Array(Type.String())),
  webOrigins: Type.Array(Type.String(), { description: 'Of its client token; empty: any.' }),
  registration: Type.Enum(['operator', 'self-service', 'dynamic', 'metadata-document']),
  registeredBy: nullable(Type.String({ description: 'The account that registered it.' })),
  metadata: Type.Object(
    {},
    { additionalProperties: true, description: 'Contacts, terms and such, as it gave them.' },
  ),
  logoAt: nullable(dateTime('When its logo last changed; null: it has none.')),
  suspended: Type.Boolean(),
  customerSuspended: Type.Boolean(),
  createdAt: dateTime(),
})

export function toClientWire(client: Client) {
  const { fetchedAt = null, freshUntil = null, ...metadata } = client.metadata
  return {
    ...client,
    metadata: {
      ...metadata,
      ...(fetchedAt !== null && { fetchedAt: toIso(fetchedAt) }),
      ...(freshUntil !== null && { freshUntil: toIso(freshUntil) }),
    },
    logoAt: toIsoOrNull(client.logoAt),
    createdAt: toIso(client.createdAt),
  }
}

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
  authMethod: Type.Enum(['client_secret', 'private_key_jwt', 'none'], {
    description: 'How it proves who it is; `none` for public clients alone.',
  }),
  redirectUris: uris('Where codes are sent: https, or http on a loopback address.'),
  postLogoutRedirectUris: uris('Where people go after a sign-out.'),
  website: prose(2_000, 'Its home page, or nothing.'),
  jwks: nullable(keySet),
  jwksUri: nullable(line(2_000, 'Where its public keys are fetched.')),
  requirePkce: Type.Boolean({ description: 'Public clients always need it.' }),
  requirePar: Type.Boolean({ description: 'RFC 9126' }),
  dpopBound: Type.Boolean({ description: 'Its tokens must be bound to a key (RFC 9449).' }),
  refreshMode: Type.Enum(['rotate', 'keep']),
  profile: nullable(
    Type.Enum(['fapi2'], {
      description: 'Enforces private_key_jwt, PAR, DPoP and kept refresh tokens; sets them too.',
    }),
  ),
  idTokenAlgorithm: nullable(
    Type.Enum(['ES256', 'EdDSA', 'PS256', 'RS256'], {
      description: 'RS256 or the installation’s; null: the installation’s, whichever it is.',
    }),
  ),
  webOrigins: uris('Web origins that its client token is limited to.'),
}

const optionalChanges = {
  displayName: Type.Optional(changeable.displayName),
  description: Type.Optional(changeable.description),
  scopes: Type.Optional(changeable.scopes),
  grants: Type.Optional(changeable.grants),
  tokenLifetimeSeconds: Type.Optional(changeable.tokenLifetimeSeconds),
  signingAlgorithm: Type.Optional(changeable.signingAlgorithm),
  authMethod: Type.Optional(changeable.authMethod),
  redirectUris: Type.Optional(changeable.redirectUris),
  postLogoutRedirectUris: Type.Optional(changeable.postLogoutRedirectUris),
  website: Type.Optional(changeable.website),
  jwks: Type.Optional(changeable.jwks),
  jwksUri: Type.Optional(changeable.jwksUri),
  requirePkce: Type.Optional(changeable.requirePkce),
  requirePar: Type.Optional(changeable.requirePar),
  dpopBound: Type.Optional(changeable.dpopBound),
  refreshMode: Type.Optional(changeable.refreshMode),
  profile: Type.Optional(changeable.profile),
  idTokenAlgorithm: Type.Optional(changeable.idTokenAlgorithm),
  webOrigins: Type.Optional(changeable.webOrigins),
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
