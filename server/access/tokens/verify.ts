import { hash } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import { LRUCache } from 'lru-cache'
import type { ChangeFeed } from '../../database/change-feed.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Client } from '../clients/client.ts'
import type { Clients } from '../clients/clients.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { KnownSecret, SecretVerification } from '../secrets/secret-verification.ts'
import type { AccessTokenClaims, Caller } from './access-token.ts'
import type { TokenRevocation } from './revocation.ts'

/**
 * Verifies access tokens. What is kept, by the token's hash, is only that its signature was right;
 * expiry, revocation, and the state of the secret and client are judged on every call. Whether the
 * audience and the scope fit is the caller's question (`gateway/`, introspection).
 */
export interface VerifyToken {
  /**
   * Synchronous when all that is needed is at hand, as it is for a token that was seen before.
   * @throws DatabaseUnavailableError when it cannot be known whether the token was revoked
   */
  (token: string): TokenOutcome | Promise<TokenOutcome>
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
      if (protectedHeader.typ !== 'at+jwt') return 'wrong_type'
      const claims = JSON.parse(Buffer.from(payload).toString()) as AccessTokenClaims
      if (claims.iss !== issuer) return 'wrong_issuer'
      const caller = toCaller(claims)
      return { kid: protectedHeader.kid!, caller, valid: { kind: 'valid', caller } }
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return 'unknown_key'
      if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad_signature'
      if (error instanceof errors.JOSEError) return 'malformed'
      throw error
    }
  }

  return function verifyToken(token) {
    if (token.length > MAXIMUM_TOKEN_LENGTH) return { kind: 'invalid', reason: 'malformed' }
    const key = hash('sha256', token, 'base64url')
    const known = checked.get(key)
    if (known === undefined) return firstSeen(key, token)
    const stale = feed.ensureFresh()
    return stale ? stale.then(() => judge(known)) : judge(known)
  }

  async function firstSeen(key: string, token: string): Promise<TokenOutcome> {
    const outcome = await check(token)
    if (typeof outcome === 'string') return { kind: 'invalid', reason: outcome }
    checked.set(key, outcome)
    await feed.ensureFresh()
    return judge(outcome)
  }

  /** What can change between two calls with one token; the caches answer at once when they can. */
  function judge(token: CheckedToken): TokenOutcome | Promise<TokenOutcome> {
    const { clientId, secretId, claims } = token.caller
    const revoked = tokenRevocation.isRevoked(claims.jti)
    const client = clients.known(clientId)
    const secret = secretId === null ? null : secretVerification.find(secretId)
    if (revoked instanceof Promise || client instanceof Promise || secret instanceof Promise) {
      return Promise.all([revoked, client, secret]).then((found) => conclude(token, ...found))
    }
    return conclude(token, revoked, client, secret)
  }

  function conclude(
    { kid, caller, valid }: CheckedToken,
    revoked: boolean,
    client: Client | null,
    secret: KnownSecret | null,
  ): TokenOutcome {
    const { exp, nbf } = caller.claims
    const now = clock.now()
    if (exp * 1_000 <= now) return invalid('expired')
    // Nodes' clocks may differ by a few seconds.
    if (nbf * 1_000 > now + 10_000) return invalid('not_yet_valid')
    if (!signingKeys.find(kid)) return invalid('unknown_key')
    if (revoked) return invalid('revoked')
    if (!client) return invalid('client_unknown')
    if (client.suspended || client.customerSuspended) return invalid('client_suspended')
    // Gone with its client, or so long ago that no token of it can be left.
    if (caller.secretId !== null && (!secret || secret.tokensRevoked)) {
      return invalid('secret_tokens_revoked')
    }
    return valid
  }
}

interface CheckedToken {
  kid: string
  caller: Caller
  /** The outcome of a call with it, made once. */
  valid: TokenOutcome
}

const invalid = (reason: TokenFault): TokenOutcome => ({ kind: 'invalid', reason })

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
