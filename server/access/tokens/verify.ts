import { hash } from 'node:crypto'
import { compactVerify, errors, type JWTHeaderParameters } from 'jose'
import { LRUCache } from 'lru-cache'
import type { ChangeFeed } from '../../database/change-feed.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Clients } from '../clients/clients.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { SecretVerification } from '../secrets/secret-verification.ts'
import type { AccessTokenClaims, Caller } from './access-token.ts'
import type { TokenRevocation } from './revocation.ts'

/**
 * Verifies access tokens. What is kept, by the token's hash, is only that its signature was right;
 * expiry, revocation, and the state of the secret and client are judged on every call. Whether the
 * audience and the scope fit is the caller's question (`gateway/`, introspection).
 */
export interface VerifyToken {
  /** @throws DatabaseUnavailableError when it cannot be known whether the token was revoked */
  (token: string): Promise<TokenOutcome>
}

export type TokenOutcome =
  | { kind: 'valid'; caller: Caller }
  | { kind: 'invalid'; reason: TokenFault }

export type TokenFault =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'wrong_type'
  | 'wrong_issuer'
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'
  | 'secret_tokens_revoked'
  | 'client_suspended'
  | 'client_unknown'

/** Longer ones are not ours; refused before any work is done for them. */
const MAXIMUM_TOKEN_LENGTH = 8_192

export function createVerifyToken(options: {
  issuer: string
  signingKeys: SigningKeys
  clients: Clients
  secretVerification: SecretVerification
  tokenRevocation: TokenRevocation
  feed: ChangeFeed
  clock: Clock
  maximumCached: number
}): VerifyToken {
  const { issuer, signingKeys, clients, secretVerification, tokenRevocation, feed, clock } = options
  const checked = new LRUCache<string, CheckedToken>({ max: options.maximumCached })

  async function check(token: string): Promise<CheckedToken | TokenFault> {
    try {
      const { payload, protectedHeader } = await compactVerify(
        token,
        (header) => {
          const key = signingKeys.find(header.kid ?? '')
          // The key decides the algorithm, never the token (RFC 8725 §3.1).
          if (!key || header.alg !== key.algorithm) throw new errors.JWKSNoMatchingKey()
          return key.publicKey
        },
        { algorithms: ['ES256', 'EdDSA', 'PS256', 'RS256'] },
      )
      if ((protectedHeader as JWTHeaderParameters).typ !== 'at+jwt') return 'wrong_type'
      const claims = JSON.parse(Buffer.from(payload).toString()) as AccessTokenClaims
      if (claims.iss !== issuer) return 'wrong_issuer'
      return { kid: protectedHeader.kid!, caller: toCaller(claims) }
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return 'unknown_key'
      if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad_signature'
      if (error instanceof errors.JOSEError) return 'malformed'
      throw error
    }
  }

  return async function verifyToken(token) {
    if (token.length > MAXIMUM_TOKEN_LENGTH) return { kind: 'invalid', reason: 'malformed' }
    const key = hash('sha256', token, 'base64url')
    let known = checked.get(key)
    if (known === undefined) {
      const outcome = await check(token)
      if (typeof outcome === 'string') return { kind: 'invalid', reason: outcome }
      known = outcome
      checked.set(key, known)
    }
    const stale = feed.ensureFresh()
    if (stale) await stale
    const fault = await judge(known)
    return fault ? { kind: 'invalid', reason: fault } : { kind: 'valid', caller: known.caller }
  }

  /** What can change between two calls with one token. */
  async function judge({ kid, caller }: CheckedToken): Promise<TokenFault | null> {
    const { claims } = caller
    const now = clock.now()
    if (claims.exp * 1_000 <= now) return 'expired'
    // Nodes' clocks may differ by a few seconds.
    if (claims.nbf * 1_000 > now + 10_000) return 'not_yet_valid'
    if (!signingKeys.find(kid)) return 'unknown_key'
    const revoked = tokenRevocation.isRevoked(claims.jti)
    if (revoked instanceof Promise ? await revoked : revoked) return 'revoked'
    const found = clients.known(caller.clientId)
    const client = found instanceof Promise ? await found : found
    if (!client) return 'client_unknown'
    if (client.suspended || client.customerSuspended) return 'client_suspended'
    if (caller.secretId === null) return null
    const sought = secretVerification.find(caller.secretId)
    const secret = sought instanceof Promise ? await sought : sought
    // Gone with its client, or so long ago that no token of it can be left.
    if (!secret || secret.tokensRevoked) return 'secret_tokens_revoked'
    return null
  }
}

interface CheckedToken {
  kid: string
  caller: Caller
}

function toCaller(claims: AccessTokenClaims): Caller {
  return {
    clientId: claims.client_id,
    customerId: claims.customer,
    secretId: claims.secret_id ?? null,
    scopes: claims.scope === '' ? [] : claims.scope.split(' '),
    narrowed: claims.narrowed === true,
    claims,
  }
}
