import type { Clock } from '../../lib/clock.ts'
import { pooledRandom, type RandomBytes, uuidv7 } from '../../lib/random.ts'
import { subjectOf } from '../accounts/account.ts'
import type { MapDataDetail } from '../areas/map-data-detail.ts'
import type { Client } from '../clients/client.ts'
import type { Grant } from '../grants/grant.ts'
import { sign } from '../keys/algorithms.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { AccessTokenClaims } from './access-token.ts'

export interface IssuedToken {
  accessToken: string
  claims: AccessTokenClaims
}

/** What a grant decided about the token. */
export interface TokenGrant {
  client: Client
  secretId: string | null
  scopes: readonly string[]
  audience: readonly string[]
  narrowed: boolean
  lifetimeSeconds: number
  /** The person it acts for; without one the client acts for itself. */
  grant?: Grant | undefined
  /** Instead of the grant's (RFC 9396 §9.1). */
  details?: readonly MapDataDetail[] | undefined
  /** Instead of the installation's or the grant's. */
  issuer?: string | undefined
  /** Instead of the client's: a person's, where the client belongs to nobody. */
  customerId?: string | undefined
  /** The tokens that it is exchanged from, by `jti`. */
  exchangedFrom?: readonly string[] | undefined
  /** The thumbprint of the key without which the token is worth nothing (RFC 9449 §6.1). */
  jkt?: string | null
}

export type IssueToken = (grant: TokenGrant) => IssuedToken

/** Makes access tokens: JWTs by RFC 9068, signed with the key of the client's algorithm. */
export function createIssueToken(options: {
  issuer: string
  signingKeys: SigningKeys
  clock: Clock
  random: RandomBytes
}): IssueToken {
  const { issuer, signingKeys, clock } = options
  const random = pooledRandom(options.random)
  const headers = new Map<string, string>()

  return (granted) => {
    const { client, secretId, scopes, audience, narrowed, lifetimeSeconds, grant, jkt } = granted
    const details = granted.details ?? grant?.details
    const key = signingKeys.signer(client.signingAlgorithm ?? undefined)
    let header = headers.get(key.kid)
    if (header === undefined) {
      // RFC 9068 §2.1: the type tells an access token from an ID token.
      header = encode({ alg: key.algorithm, typ: 'at+jwt', kid: key.kid })
      if (headers.size > 100) headers.clear()
      headers.set(key.kid, header)
    }
    const now = clock.now()
    const iat = toSeconds(now)
    const claims: AccessTokenClaims = {
      iss: granted.issuer ?? grant?.issuer ?? issuer,
      sub: grant ? subjectOf(grant.accountId) : client.id,
      aud: audience.length === 1 ? audience[0]! : [...audience],
      exp: iat + lifetimeSeconds,
      iat,
      nbf: iat,
      jti: uuidv7(now, random),
      ...(granted.exchangedFrom && { exchanged_from: granted.exchangedFrom }),
      client_id: client.id,
      scope: scopes.join(' '),
      customer: granted.customerId ?? client.customerId,
      ...(granted.customerId !== undefined && { shared: true }),
      ...(secretId !== null && { secret_id: secretId }),
      ...(grant && personClaims(grant)),
      ...(jkt != null && { cnf: { jkt } }),
      ...(details && details.length > 0 && { authorization_details: details }),
      ...(narrowed && { narrowed }),
    }
    const input = `${header}.${encode(claims)}`
    return { accessToken: `${input}.${sign(key.algorithm, key.privateKey, input)}`, claims }
  }
}

/** RFC 9068 §2.2.1: how and when the person signed in. */
function personClaims(grant: Grant): Partial<AccessTokenClaims> {
  return {
    grant_id: grant.id,
    ...(grant.authenticatedAt !== null && { auth_time: toSeconds(grant.authenticatedAt) }),
    ...(grant.acr !== null && { acr: grant.acr }),
  }
}

const toSeconds = (milliseconds: number) => Math.floor(milliseconds / 1_000)

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
