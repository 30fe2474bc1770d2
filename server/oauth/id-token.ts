import { hash } from 'node:crypto'
import { type Account, subjectOf } from '../access/accounts/account.ts'
import type { Client } from '../access/clients/client.ts'
import type { Grant } from '../access/grants/grant.ts'
import { type SigningAlgorithm, sign } from '../access/keys/algorithms.ts'
import type { SigningKeys } from '../access/keys/signing-keys.ts'
import type { Clock } from '../lib/clock.ts'
import { personClaims } from './person-claims.ts'

/** What an ID token is made of. */
export interface IdTokenInput {
  client: Pick<Client, 'id' | 'idTokenAlgorithm'>
  grant: Pick<
    Grant,
    'issuer' | 'scopes' | 'sessionId' | 'authenticatedAt' | 'methods' | 'acr' | 'nonce' | 'claims'
  >
  account: Pick<Account, 'id' | 'name' | 'email' | 'emailConfirmed'>
  /** The access token that is handed out with it. */
  accessToken?: string
  /** It comes of a refresh, and the nonce belongs to the first one (OpenID Connect Core §12.2). */
  refreshed?: boolean
}

export type CreateIdToken = (input: IdTokenInput) => string

/** It tells of a sign-in that has just been used: nobody looks at it later than that. */
const LIFETIME_SECONDS = 3_600

/**
 * Makes ID tokens (OpenID Connect Core §2), signed with the algorithm the client asked for, else the
 * installation's. Claims of the person are in them only where the `claims` parameter asks for it:
 * userinfo has them, and an ID token ends up in more places.
 */
export function createIdTokens(options: { signingKeys: SigningKeys; clock: Clock }): CreateIdToken {
  const { signingKeys, clock } = options
  return ({ client, grant, account, accessToken, refreshed = false }) => {
    const key = signingKeys.signer(client.idTokenAlgorithm ?? undefined)
    const iat = toSeconds(clock.now())
    const claims = {
      ...personClaims(account, grant.scopes, requestedClaims(grant.claims)),
      iss: grant.issuer,
      sub: subjectOf(account.id),
      aud: client.id,
      exp: iat + LIFETIME_SECONDS,
      iat,
      ...(grant.authenticatedAt !== null && { auth_time: toSeconds(grant.authenticatedAt) }),
      ...(grant.nonce !== null && !refreshed && { nonce: grant.nonce }),
      ...(grant.acr !== null && { acr: grant.acr }),
      ...(grant.methods.length > 0 && { amr: grant.methods }),
      ...(grant.sessionId !== null && { sid: grant.sessionId }),
      ...(accessToken !== undefined && { at_hash: tokenHash(key.algorithm, accessToken) }),
    }
    const input = `${encode({ alg: key.algorithm, typ: 'JWT', kid: key.kid })}.${encode(claims)}`
    return `${input}.${sign(key.algorithm, key.privateKey, input)}`
  }
}

/**
 * The left half of the token's hash (OpenID Connect Core §3.1.3.6), with the hash function of the
 * signature: SHA-512 for Ed25519, SHA-256 for the others.
 */
function tokenHash(algorithm: SigningAlgorithm, token: string): string {
  const digest = hash(algorithm === 'EdDSA' ? 'sha512' : 'sha256', token, 'buffer')
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

/** What the `claims` parameter asks of the ID token (OpenID Connect Core §5.5). */
function requestedClaims(claims: string | null): readonly string[] {
  if (claims === null) return []
  const { id_token: asked } = JSON.parse(claims) as { id_token?: Record<string, unknown> | null }
  return Object.keys(asked ?? {})
}

const toSeconds = (milliseconds: number) => Math.floor(milliseconds / 1_000)

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
