import type { JSONWebKeySet } from 'jose'
import { OAuthError } from '../../protocol/oauth-error.ts'
import { parseJwks } from '../client-keys/jwks.ts'
import type { SigningAlgorithm } from '../keys/algorithms.ts'
import { isOpenIdScope, OPENID_SCOPES } from '../scopes/person-scopes.ts'
import {
  type Client,
  type ClientChanges,
  DEVICE_CODE_GRANT,
  type ClientMetadata,
  GRANT_TYPES,
  type GrantType,
} from './client.ts'
import { type ClientFault, type ClientRules, isWebPage, type JudgedClient } from './client-rules.ts'

/**
 * Client metadata as programs write it (RFC 7591 §2, OpenID Connect Dynamic Client Registration §2),
 * turned into a client's settings and back. Members that are not known are ignored, as RFC 7591 asks;
 * a known one that is wrong is refused by name. What must hold of any client is `client-rules.ts`.
 */

/** A client as it asks to be. */
export interface RequestedClient extends ClientChanges {
  type: Client['type']
  displayName: string
  website: string
  scopes: readonly string[]
  grants: readonly GrantType[]
}

/**
 * @param value the JSON document, of a registration or at a client's own URL
 * @throws OAuthError invalid_redirect_uri or invalid_client_metadata, naming the member
 */
export function parseClientMetadata(
  value: unknown,
  options: {
    rules: ClientRules
    /** What whoever registers itself may be given. */
    permittedScopes: readonly string[]
    /** How it proves itself when it does not say (RFC 7591 §2: client_secret_basic). */
    defaultAuthMethod: string
  },
): RequestedClient {
  const read = reader(value)
  const authMethod = authMethodOf(
    read.string('token_endpoint_auth_method') ?? options.defaultAuthMethod,
  )
  const type = authMethod === 'none' ? 'public' : 'confidential'
  const grants = grantsOf(read)
  const asked = scopesOf(read)
  const scopes = (asked ?? options.permittedScopes).filter((scope) => !isOpenIdScope(scope))
  const beyond = scopes.find((scope) => !options.permittedScopes.includes(scope))
  if (beyond !== undefined) {
    throw invalidMetadata(
      'scope',
      `asks for ${beyond}, which is not given to clients that register themselves`,
    )
  }
  const requested: RequestedClient = {
    type,
    authMethod,
    grants,
    scopes,
    displayName: read.line('client_name', 200) ?? 'Unnamed application',
    redirectUris: read.uris('redirect_uris'),
    postLogoutRedirectUris: read.uris('post_logout_redirect_uris'),
    website: read.webPage('client_uri') ?? '',
    jwks: jwksOf(read),
    jwksUri: read.string('jwks_uri'),
    requirePkce: read.flag('require_pkce') ?? !isOpenIdLogin(type, grants, asked),
    requirePar: read.flag('require_pushed_authorization_requests') ?? false,
    dpopBound: read.flag('dpop_bound_access_tokens') ?? false,
    idTokenAlgorithm: read.string('id_token_signed_response_alg') as SigningAlgorithm | null,
    metadata: metadataOf(read),
  }
  const subjectType = read.string('subject_type')
  if (subjectType !== null && subjectType !== 'public') {
    throw invalidMetadata('subject_type', 'must be public')
  }
  requireSmall(requested)
  requireSound(options.rules, requested)
  return requested
}

/** Clients are kept by number, in the table of open registration as in caches: so each must be small. */
const MAXIMUM_CHARACTERS = 20_000

/** @throws OAuthError naming the longest member */
function requireSmall(requested: RequestedClient): void {
  const lengthOf = (value: unknown) => JSON.stringify(value ?? null).length
  if (lengthOf(requested) <= MAXIMUM_CHARACTERS) return
  // All others have bounds that do not come near it together.
  const members = ['redirectUris', 'postLogoutRedirectUris', 'jwks'] as const
  const [longest] = members.toSorted((a, b) => lengthOf(requested[b]) - lengthOf(requested[a]))
  throw invalidMetadata(
    WIRE_NAMES[longest!],
    `is too long: the metadata of a client is ${MAXIMUM_CHARACTERS} characters at most`,
  )
}

/** @throws OAuthError when a rule of all clients speaks against it */
function requireSound(rules: ClientRules, requested: RequestedClient): void {
  const fault = rules.faultOf(rules.settle(requested))
  if (fault) throw refusalOf(fault)
}

/** RFC 7591 §3.2.2 */
export function refusalOf({ member, reason }: ClientFault): OAuthError {
  return member === 'redirectUris'
    ? invalidRedirectUri(reason)
    : invalidMetadata(WIRE_NAMES[member], reason)
}

/** A client as RFC 7591 §3.2.1 writes it, without what only its registration has. */
export function toClientMetadata(client: Client, installationAlgorithm: SigningAlgorithm): object {
  const { metadata } = client
  const forPersons =
    client.grants.includes('authorization_code') || client.grants.includes(DEVICE_CODE_GRANT)
  const algorithm = client.idTokenAlgorithm ?? installationAlgorithm
  return withoutAbsent({
    client_id: client.id,
    client_name: client.displayName,
    client_uri: client.website || undefined,
    token_endpoint_auth_method:
      client.authMethod === 'client_secret' ? 'client_secret_basic' : client.authMethod,
    grant_types: client.grants,
    response_types: client.grants.includes('authorization_code') ? ['code'] : [],
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    // What it may ask for: the OpenID ones are any such client's.
    scope: [...client.scopes, ...(forPersons ? OPENID_SCOPES : [])].join(' '),
    jwks: client.jwks ?? undefined,
    jwks_uri: client.jwksUri ?? undefined,
    subject_type: forPersons ? 'public' : undefined,
    id_token_signed_response_alg: forPersons ? algorithm : undefined,
    require_pkce: client.requirePkce,
    require_pushed_authorization_requests: client.requirePar,
    dpop_bound_access_tokens: client.dpopBound,
    contacts: metadata.contacts,
    tos_uri: metadata.tosUri,
    policy_uri: metadata.policyUri,
    logo_uri: metadata.logoUri,
    software_id: metadata.softwareId,
    software_version: metadata.softwareVersion,
  })
}

export const invalidMetadata = (member: string, reason: string): OAuthError =>
  new OAuthError('invalid_client_metadata', describe(`${member} ${reason}.`))

const invalidRedirectUri = (reason: string): OAuthError =>
  new OAuthError('invalid_redirect_uri', describe(`redirect_uris: ${reason}.`))

/** RFC 6749 §5.2: printable ASCII without quote and backslash. */
const describe = (text: string) => text.replaceAll(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, '?')

const WIRE_NAMES: Record<keyof JudgedClient, string> = {
  type: 'token_endpoint_auth_method',
  grants: 'grant_types',
  authMethod: 'token_endpoint_auth_method',
  redirectUris: 'redirect_uris',
  postLogoutRedirectUris: 'post_logout_redirect_uris',
  website: 'client_uri',
  jwks: 'jwks',
  jwksUri: 'jwks_uri',
  requirePkce: 'require_pkce',
  requirePar: 'require_pushed_authorization_requests',
  dpopBound: 'dpop_bound_access_tokens',
  refreshMode: 'grant_types',
  profile: 'token_endpoint_auth_method',
  signingAlgorithm: 'id_token_signed_response_alg',
  idTokenAlgorithm: 'id_token_signed_response_alg',
  webOrigins: 'redirect_uris',
}

function authMethodOf(name: string): Client['authMethod'] {
  switch (name) {
    case 'none':
    case 'private_key_jwt':
      return name
    case 'client_secret_basic':
    case 'client_secret_post':
      // Either way of sending a secret is taken from any client that has one.
      return 'client_secret'
    default:
      throw invalidMetadata(
        'token_endpoint_auth_method',
        'must be none, client_secret_basic, client_secret_post or private_key_jwt',
      )
  }
}

/** RFC 7591 §2.1: grant and response types belong together. */
function grantsOf(read: Reader): readonly GrantType[] {
  const names = read.strings('grant_types') ?? ['authorization_code']
  const unknown = names.find((name) => !GRANT_TYPES.some((grant) => grant === name))
  if (unknown !== undefined) {
    throw invalidMetadata('grant_types', `holds ${unknown}, which is not supported`)
  }
  const code = names.includes('authorization_code')
  const responses = read.strings('response_types')
  if (responses?.some((response) => response !== 'code')) {
    throw invalidMetadata('response_types', 'must hold code alone')
  }
  if (responses && responses.includes('code') !== code) {
    throw invalidMetadata(
      'response_types',
      'and grant_types must both have the code flow, or neither',
    )
  }
  return [...new Set(names)] as GrantType[]
}

/** null: not given. */
function scopesOf(read: Reader): readonly string[] | null {
  const text = read.string('scope')
  if (text === null) return null
  if (!/^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/.test(text)) throw invalidMetadata('scope', 'is malformed')
  return [...new Set(text.split(' ').filter((scope) => scope !== ''))]
}

/**
 * OpenID Connect Core knows no PKCE: confidential clients that were written for it alone must get in
 * with the nonce that protects them instead (RFC 9700 §2.1.1).
 */
function isOpenIdLogin(
  type: Client['type'],
  grants: readonly GrantType[],
  asked: readonly string[] | null,
): boolean {
  if (type !== 'confidential' || !grants.includes('authorization_code')) return false
  return asked === null || asked.includes('openid')
}

function jwksOf(read: Reader): JSONWebKeySet | null {
  const given = read.any('jwks')
  if (given === null) return null
  const jwks = parseJwks(given)
  if (typeof jwks === 'string') throw invalidMetadata('jwks', jwks)
  return jwks
}

function metadataOf(read: Reader): ClientMetadata {
  const contacts = read.strings('contacts')
  if (contacts && (contacts.length > 10 || contacts.some((contact) => contact.length > 254))) {
    throw invalidMetadata('contacts', 'must be 10 of 254 characters at most')
  }
  const tosUri = read.webPage('tos_uri')
  const policyUri = read.webPage('policy_uri')
  const logoUri = read.webPage('logo_uri')
  const softwareId = read.line('software_id', 200)
  const softwareVersion = read.line('software_version', 100)
  return {
    ...(contacts && contacts.length > 0 && { contacts }),
    ...(tosUri !== null && { tosUri }),
    ...(policyUri !== null && { policyUri }),
    ...(logoUri !== null && { logoUri }),
    ...(softwareId !== null && { softwareId }),
    ...(softwareVersion !== null && { softwareVersion }),
  }
}

type Reader = ReturnType<typeof reader>

/** Reads members by name; absent and null are the same (RFC 7591 §3.1 knows no null). */
function reader(value: unknown) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OAuthError('invalid_client_metadata', 'The client metadata must be a JSON object.')
  }
  const members = new Map<string, unknown>(Object.entries(value))
  const any = (name: string): unknown => members.get(name) ?? null

  function string(name: string): string | null {
    const given = any(name)
    if (given === null) return null
    if (typeof given !== 'string') throw invalidMetadata(name, 'must be a string')
    if (given.length > 2_000) throw invalidMetadata(name, 'is too long')
    return given
  }

  function strings(name: string): string[] | null {
    const given = any(name)
    if (given === null) return null
    const sound =
      Array.isArray(given) &&
      given.length <= 100 &&
      given.every((item) => typeof item === 'string' && LINE.test(item) && item.length <= 2_000)
    if (!sound) throw invalidMetadata(name, 'must be an array of strings, 100 at most')
    return given as string[]
  }

  return {
    any,
    string,
    strings,
    uris: (name: string): readonly string[] => [...new Set(strings(name))],
    flag(name: string): boolean | null {
      const given = any(name)
      if (given === null || typeof given === 'boolean') return given
      throw invalidMetadata(name, 'must be true or false')
    },
    /** Text for people: it stands in pages and logs. */
    line(name: string, maximum: number): string | null {
      const text = string(name)?.trim() ?? ''
      if (text === '') return null
      if (text.length <= maximum && LINE.test(text)) return text
      throw invalidMetadata(name, `must be one line of ${maximum} characters at most`)
    },
    webPage(name: string): string | null {
      const text = string(name)
      if (text === null || isWebPage(text)) return text
      throw invalidMetadata(name, 'must be an https or http URL')
    },
  }
}

/** Without what Postgres does not store or what breaks out of a line; bidirectional controls neither. */
const LINE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/u

function withoutAbsent(members: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
