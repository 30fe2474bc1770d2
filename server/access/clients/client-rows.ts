import type { JSONWebKeySet } from 'jose'
import type { Selectable } from 'kysely'
import type { Tables } from '../../database/tables.ts'
import type { SigningAlgorithm } from '../keys/algorithms.ts'
import type { Client, ClientChanges, ClientMetadata, GrantType } from './client.ts'

/** Clients as the table has them: lists of words space-separated, lists of URLs and structures as JSON. */

/** All that the hot path's view needs, for a statement on `clients join customers`. */
export const KNOWN_CLIENT = 'clients.*, customers.suspended_at as customer_suspended_at'

export type ClientRow = Selectable<Tables['clients']> & { customer_suspended_at: number | null }

export function columnsOf(changes: ClientChanges) {
  return withoutUndefined({
    display_name: changes.displayName,
    description: changes.description,
    scopes: changes.scopes?.join(' '),
    grants: changes.grants?.join(' '),
    token_lifetime_seconds: changes.tokenLifetimeSeconds,
    signing_algorithm: changes.signingAlgorithm,
    auth_method: changes.authMethod,
    redirect_uris: toJson(changes.redirectUris),
    post_logout_redirect_uris: toJson(changes.postLogoutRedirectUris),
    website: changes.website,
    jwks: changes.jwks === null ? null : toJson(changes.jwks),
    jwks_uri: changes.jwksUri,
    require_pkce: toFlag(changes.requirePkce),
    require_par: toFlag(changes.requirePar),
    dpop_bound: toFlag(changes.dpopBound),
    refresh_mode: changes.refreshMode,
    profile: changes.profile,
    id_token_algorithm: changes.idTokenAlgorithm,
    area_ids: changes.areaIds?.join(' '),
    client_token_version: changes.clientTokenVersion,
    client_token_scopes:
      changes.clientTokenScopes === null ? null : changes.clientTokenScopes?.join(' '),
    web_origins: toJson(changes.webOrigins),
    metadata: toJson(changes.metadata),
    logo_at: changes.logoAt,
  })
}

export function toClient(row: ClientRow): Client {
  return {
    id: row.id,
    customerId: row.customer_id,
    displayName: row.display_name,
    description: row.description,
    type: row.type,
    scopes: toWords(row.scopes),
    grants: toWords(row.grants) as GrantType[],
    tokenLifetimeSeconds: row.token_lifetime_seconds,
    signingAlgorithm: row.signing_algorithm as SigningAlgorithm | null,
    apiId: row.api_id,
    authMethod: row.auth_method as Client['authMethod'],
    redirectUris: toList(row.redirect_uris),
    postLogoutRedirectUris: toList(row.post_logout_redirect_uris),
    website: row.website,
    jwks: row.jwks === null ? null : (JSON.parse(row.jwks) as JSONWebKeySet),
    jwksUri: row.jwks_uri,
    requirePkce: row.require_pkce === 1,
    requirePar: row.require_par === 1,
    dpopBound: row.dpop_bound === 1,
    refreshMode: row.refresh_mode as Client['refreshMode'],
    profile: row.profile as Client['profile'],
    idTokenAlgorithm: row.id_token_algorithm as SigningAlgorithm | null,
    areaIds: toWords(row.area_ids),
    clientTokenVersion: row.client_token_version,
    clientTokenScopes: row.client_token_scopes === null ? null : toWords(row.client_token_scopes),
    webOrigins: toList(row.web_origins),
    registration: row.registration as Client['registration'],
    registeredBy: row.registered_by,
    metadata: row.metadata === '{}' ? {} : (JSON.parse(row.metadata) as ClientMetadata),
    logoAt: row.logo_at,
    suspended: row.suspended_at !== null,
    customerSuspended: row.customer_suspended_at !== null,
    createdAt: row.created_at,
  }
}

const toWords = (text: string): string[] => (text === '' ? [] : text.split(' '))

const toList = (text: string): string[] => (text === '[]' ? [] : (JSON.parse(text) as string[]))

const toJson = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value))

const toFlag = (value: boolean | undefined) => (value === undefined ? undefined : Number(value))

type Defined<Row> = { [Name in keyof Row]?: Exclude<Row[Name], undefined> }

function withoutUndefined<Row extends object>(row: Row): Defined<Row> {
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== undefined),
  ) as Defined<Row>
}
