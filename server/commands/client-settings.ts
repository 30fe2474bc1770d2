import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseJwks } from '../access/client-keys/jwks.ts'
import {
  type Client,
  type ClientChanges,
  DEVICE_CODE_GRANT,
  GRANT_TYPES,
  type GrantType,
  TOKEN_EXCHANGE_GRANT,
} from '../access/clients/client.ts'
import {
  type ClientFault,
  type ClientRules,
  type JudgedClient,
  profileDefaults,
} from '../access/clients/client-rules.ts'
import { areaFile, type AreaFile } from './client-areas.ts'
import { words } from './define.ts'
import { Refusal } from './run.ts'

/** How a client logs in and where it sends people: options of `clients create` and `clients change`. */

export interface ClientSettings {
  redirectUri?: string[]
  postLogoutRedirectUri?: string[]
  grant?: string[]
  authMethod?: Client['authMethod']
  jwksFile?: ClientChanges['jwks']
  jwksUri?: string
  requirePkce?: boolean
  requirePar?: boolean
  dpopBound?: boolean
  refreshMode?: Client['refreshMode']
  profile?: 'fapi2' | 'none'
  idTokenAlgorithm?: 'RS256' | 'default'
  webOrigin?: string[]
  website?: string
  area?: AreaFile[]
}

export function addClientSettings(command: Command): Command {
  return command
    .option(
      '--redirect-uri <uri>',
      'where codes are sent, repeatable; an empty one takes all away',
      uris,
    )
    .option(
      '--post-logout-redirect-uri <uri>',
      'where people go after a sign-out, repeatable',
      uris,
    )
    .option(
      '--grant <types>',
      'its grant types, repeatable or space-separated: client_credentials, authorization_code, refresh_token, device_code, token_exchange; password, in dialects, for tools that may see passwords',
      words,
    )
    .addOption(
      new Option('--auth-method <name>', 'how it proves who it is').choices([
        'client_secret',
        'private_key_jwt',
        'none',
      ]),
    )
    .option('--jwks-file <file>', 'its public keys, a JWK Set (RFC 7517)', keysIn)
    .option('--jwks-uri <url>', 'where its public keys are fetched; empty: nowhere any more')
    .option('--require-pkce', 'it must use PKCE (the default)')
    .option('--no-require-pkce', 'a confidential client may do without PKCE')
    .option('--require-par', 'it must push its authorization requests (RFC 9126)')
    .option('--no-require-par', 'it need not push them')
    .option('--dpop-bound', 'its tokens must be bound to a key (RFC 9449)')
    .option('--no-dpop-bound', 'they need not be bound')
    .addOption(
      new Option('--refresh-mode <mode>', 'whether a refresh gives a new refresh token').choices([
        'rotate',
        'keep',
      ]),
    )
    .addOption(
      new Option(
        '--profile <name>',
        'fapi2: private_key_jwt, PAR, DPoP and kept refresh tokens are enforced',
      ).choices(['fapi2', 'none']),
    )
    .addOption(
      new Option('--id-token-algorithm <name>', 'how its ID tokens are signed').choices([
        'RS256',
        'default',
      ]),
    )
    .option('--web-origin <origin>', 'the web origins of its client token, repeatable', uris)
    .option('--website <url>', 'its home page', String)
    .option(
      '--area <file>',
      'all it sees intersects this GeoJSON polygon, repeatable: each applies; an empty one takes all away',
      areaFile,
    )
}

export function settingsOf(options: ClientSettings): ClientChanges {
  const { grant, jwksFile, jwksUri, profile, idTokenAlgorithm } = options
  return {
    ...(options.redirectUri && { redirectUris: options.redirectUri }),
    ...(options.postLogoutRedirectUri && {
      postLogoutRedirectUris: options.postLogoutRedirectUri,
    }),
    ...(grant && { grants: grant.map(toGrantType) }),
    ...(options.authMethod && { authMethod: options.authMethod }),
    // One takes the other's place.
    ...(jwksFile && { jwks: jwksFile, jwksUri: null }),
    ...(jwksUri !== undefined && (jwksUri === '' ? { jwksUri: null } : { jwksUri, jwks: null })),
    ...(options.requirePkce !== undefined && { requirePkce: options.requirePkce }),
    ...(options.requirePar !== undefined && { requirePar: options.requirePar }),
    ...(options.dpopBound !== undefined && { dpopBound: options.dpopBound }),
    ...(options.refreshMode && { refreshMode: options.refreshMode }),
    ...(profile && { profile: profile === 'none' ? null : profile }),
    ...(idTokenAlgorithm && {
      idTokenAlgorithm: idTokenAlgorithm === 'default' ? null : idTokenAlgorithm,
    }),
    ...(options.webOrigin && { webOrigins: options.webOrigin }),
    ...(options.website !== undefined && { website: options.website }),
  }
}

/**
 * The changes with what a profile brings along, judged on the client as it would be.
 * @param client as it is; its type alone for a new one
 * @throws Refusal naming the option
 */
export function judgedChanges(
  rules: ClientRules,
  client: Client | Pick<Client, 'type'>,
  changes: ClientChanges,
): ClientChanges {
  const whole = { ...profileDefaults(changes), ...changes }
  const fault = rules.faultOf(
    'id' in client ? { ...client, ...whole } : rules.settle({ ...whole, type: client.type }),
  )
  if (fault) refuse(fault)
  return whole
}

function refuse({ member, reason }: ClientFault): never {
  throw new Refusal('invalid-client', `${OPTIONS[member]}: ${reason}.`)
}

const OPTIONS: Record<keyof JudgedClient, string> = {
  type: '--type',
  grants: '--grant',
  authMethod: '--auth-method',
  redirectUris: '--redirect-uri',
  postLogoutRedirectUris: '--post-logout-redirect-uri',
  website: '--website',
  jwks: '--jwks-file',
  jwksUri: '--jwks-uri',
  requirePkce: '--require-pkce',
  requirePar: '--require-par',
  dpopBound: '--dpop-bound',
  refreshMode: '--refresh-mode',
  profile: '--profile',
  signingAlgorithm: '--signing-algorithm',
  idTokenAlgorithm: '--id-token-algorithm',
  webOrigins: '--web-origin',
}

/** The two that are URNs have short names. */
function toGrantType(name: string): GrantType {
  if (name === 'device_code') return DEVICE_CODE_GRANT
  if (name === 'token_exchange') return TOKEN_EXCHANGE_GRANT
  // Dialects alone have it: their own tools ask people for passwords.
  if (name === 'password') return name
  const known = [...GRANT_TYPES, 'password' as const].find((grant) => grant === name)
  if (known) return known
  throw new Refusal('invalid-client', `--grant: there is no grant type “${name}”.`)
}

function uris(value: string, before: readonly string[] = []): string[] {
  return [...new Set([...before, value])].filter((uri) => uri !== '')
}

function keysIn(file: string): NonNullable<ClientChanges['jwks']> {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new InvalidArgumentError('It must be the path of a JSON file.')
  }
  const jwks = parseJwks(value)
  if (typeof jwks !== 'string') return jwks
  throw new InvalidArgumentError(`The key set ${jwks}.`)
}
