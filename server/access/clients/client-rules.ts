import { judgeRedirectUri } from '../../protocol/redirect-uri.ts'
import { parseWebOrigin } from '../client-tokens/web-origin.ts'
import type { SigningAlgorithm } from '../keys/algorithms.ts'
import { faultOfFetchedUrl } from '../outbound/checked-addresses.ts'
import { type Client, type ClientChanges, DEVICE_CODE_GRANT } from './client.ts'

/**
 * What must hold of every client, whoever makes or changes it: an operator, a person, a program that
 * registers itself, or a document. Judged is always the client as it would be afterwards, so that no
 * change slips past a rule that a new client would have to obey.
 */

/** All that the rules look at. */
export type JudgedClient = Pick<
  Client,
  | 'type'
  | 'grants'
  | 'authMethod'
  | 'redirectUris'
  | 'postLogoutRedirectUris'
  | 'website'
  | 'jwks'
  | 'jwksUri'
  | 'requirePkce'
  | 'requirePar'
  | 'dpopBound'
  | 'refreshMode'
  | 'profile'
  | 'signingAlgorithm'
  | 'idTokenAlgorithm'
  | 'webOrigins'
>

/** `member` is at fault; `reason` completes the sentence that begins with it. */
export interface ClientFault {
  member: keyof JudgedClient
  reason: string
}

export interface ClientRules {
  /** The client's settings with what a profile brings along. */
  settle(client: ClientChanges & Pick<Client, 'type'>): JudgedClient
  /** null: nothing speaks against it. */
  faultOf(client: JudgedClient): ClientFault | null
}

const MAXIMUM_URIS = 50

export function createClientRules(options: {
  /** Those that there are keys of: the installation's, and RS256. */
  algorithms: readonly SigningAlgorithm[]
  /** Whether the configuration lets a host be internal (`Outbound.isAllowedHost`). */
  isAllowedHost: (url: URL) => boolean
}): ClientRules {
  const { algorithms, isAllowedHost } = options

  const rules: readonly ((client: JudgedClient) => ClientFault | null)[] = [
    faultOfUris,
    faultOfAuthentication,
    faultOfGrants,
    ({ jwksUri }) => {
      const reason = jwksUri === null ? null : faultOfFetchedUrl(jwksUri, isAllowedHost)
      return reason === null ? null : { member: 'jwksUri', reason }
    },
    (client) => {
      for (const member of ['signingAlgorithm', 'idTokenAlgorithm'] as const) {
        const algorithm = client[member]
        if (algorithm !== null && !algorithms.includes(algorithm)) {
          return { member, reason: `must be ${algorithms.join(' or ')}` }
        }
      }
      return null
    },
    faultOfProfile,
  ]

  return {
    settle: (client) => ({
      ...DEFAULTS,
      ...typeDefaults(client),
      ...profileDefaults(client),
      ...client,
    }),
    faultOf(client) {
      for (const rule of rules) {
        const fault = rule(client)
        if (fault) return fault
      }
      return null
    },
  }

  /** FAPI 2.0 §5.3.2.1, §5.4: what the profile enforces, nothing of the client may contradict. */
  function faultOfProfile(client: JudgedClient): ClientFault | null {
    if (client.profile !== 'fapi2') return null
    const needs = (member: keyof JudgedClient, reason: string) => ({ member, reason })
    if (client.authMethod !== 'private_key_jwt') {
      return needs('authMethod', 'must be private_key_jwt under the profile fapi2')
    }
    if (!client.requirePkce) return needs('requirePkce', 'is part of the profile fapi2')
    if (!client.requirePar) return needs('requirePar', 'is part of the profile fapi2')
    if (!client.dpopBound) return needs('dpopBound', 'is part of the profile fapi2')
    if (client.refreshMode !== 'keep') return needs('refreshMode', 'must be keep under fapi2')
    for (const member of ['signingAlgorithm', 'idTokenAlgorithm'] as const) {
      if ((client[member] ?? algorithms[0]) === 'RS256') {
        return needs(member, 'must not be RS256 under the profile fapi2')
      }
    }
    const plain = client.redirectUris.find((uri) => !uri.startsWith('https:'))
    return plain === undefined ? null : needs('redirectUris', 'must be https under fapi2')
  }
}

const DEFAULTS = {
  redirectUris: [],
  postLogoutRedirectUris: [],
  website: '',
  jwks: null,
  jwksUri: null,
  requirePkce: true,
  requirePar: false,
  dpopBound: false,
  refreshMode: 'rotate',
  profile: null,
  signingAlgorithm: null,
  idTokenAlgorithm: null,
  webOrigins: [],
} as const

/** As `Clients.createIn` has them. */
const typeDefaults = ({ type }: Pick<Client, 'type'>) =>
  type === 'public'
    ? ({ authMethod: 'none', grants: [] } as const)
    : ({ authMethod: 'client_secret', grants: ['client_credentials'] } as const)

/** What setting the profile sets along with it. */
export const profileDefaults = ({ profile }: ClientChanges): ClientChanges =>
  profile === 'fapi2'
    ? {
        authMethod: 'private_key_jwt',
        requirePkce: true,
        requirePar: true,
        dpopBound: true,
        refreshMode: 'keep',
      }
    : {}

function faultOfUris(client: JudgedClient): ClientFault | null {
  for (const member of ['redirectUris', 'postLogoutRedirectUris'] as const) {
    if (client[member].length > MAXIMUM_URIS) {
      return { member, reason: `must be ${MAXIMUM_URIS} at most` }
    }
    for (const uri of client[member]) {
      const judged = judgeRedirectUri(uri, client)
      if (judged.kind === 'refused') return { member, reason: `${quoted(uri)} ${judged.reason}` }
    }
  }
  if (client.website !== '' && !isWebPage(client.website)) {
    return { member: 'website', reason: 'must be an https or http URL' }
  }
  if (client.webOrigins.length > MAXIMUM_URIS) {
    return { member: 'webOrigins', reason: `must be ${MAXIMUM_URIS} at most` }
  }
  const notOrigin = client.webOrigins.find((origin) => parseWebOrigin(origin) !== origin)
  return notOrigin === undefined
    ? null
    : {
        member: 'webOrigins',
        reason: `${quoted(notOrigin)} must be an origin like https://app.example.com`,
      }
}

function faultOfAuthentication(client: JudgedClient): ClientFault | null {
  const { type, authMethod, jwks, jwksUri } = client
  if ((type === 'public') !== (authMethod === 'none')) {
    return {
      member: 'authMethod',
      reason:
        type === 'public'
          ? 'must be none for a public client'
          : 'must not be none for a confidential client',
    }
  }
  // RFC 7591 §2
  if (jwks !== null && jwksUri !== null) {
    return { member: 'jwksUri', reason: 'must not be given beside a key set by value' }
  }
  if (authMethod === 'private_key_jwt' && jwks === null && jwksUri === null) {
    return { member: 'jwks', reason: 'or its URL is needed for private_key_jwt' }
  }
  // OAuth 2.1 §4.1.1: nothing else proves that a public client is the one that asked.
  if (type === 'public' && !client.requirePkce) {
    return { member: 'requirePkce', reason: 'cannot be switched off for a public client' }
  }
  return null
}

function faultOfGrants(client: JudgedClient): ClientFault | null {
  const { type, grants, redirectUris } = client
  if (grants.includes('authorization_code') && redirectUris.length === 0) {
    return { member: 'redirectUris', reason: 'are needed for the grant authorization_code' }
  }
  // RFC 6749 §4.4
  if (grants.includes('client_credentials') && type === 'public') {
    return { member: 'grants', reason: 'of a public client must not hold client_credentials' }
  }
  // What a password is given for is bound to no key.
  if (grants.includes('password') && (client.profile !== null || client.dpopBound)) {
    return {
      member: 'grants',
      reason: 'must not hold password under a profile or with tokens that are bound to DPoP',
    }
  }
  const givesRefresh = ['authorization_code', DEVICE_CODE_GRANT, 'password'] as const
  if (grants.includes('refresh_token') && !givesRefresh.some((grant) => grants.includes(grant))) {
    return {
      member: 'grants',
      reason:
        'hold refresh_token without authorization_code or the device grant: nothing would give it one',
    }
  }
  return null
}

/** A page that people are sent to: nothing that a browser would run. */
export function isWebPage(text: string): boolean {
  return (
    text.length <= 2_000 &&
    !/[\p{Cc}\p{Z}]/u.test(text) &&
    URL.canParse(text) &&
    ['https:', 'http:'].includes(new URL(text).protocol)
  )
}

/** It may be long, and stands in an answer. */
const quoted = (uri: string) => (uri.length > 100 ? `${uri.slice(0, 100)}...` : uri)
