import type { Client } from '../access/clients/client.ts'
import type { ClientKeys } from '../access/client-keys/client-keys.ts'
import type { UsedJtis } from '../access/used-jtis/used-jtis.ts'
import type { Clock } from '../lib/clock.ts'
import {
  importPublicKey,
  isSameAlgorithm,
  type JwsAlgorithm,
  parseJwt,
  type UnverifiedJwt,
  verifies,
} from '../protocol/jws.ts'

/**
 * Signed assertions by which clients log in: `private_key_jwt` (RFC 7523 §3), as FAPI 2.0 narrows
 * it. The audience is this issuer alone and a string: with a list, or with the URL of an endpoint,
 * another server could pass on an assertion that it was given (draft-ietf-oauth-rfc7523bis).
 */
export interface VerifyClientAssertion {
  /** @returns null when it is good, or why not, for the log */
  (client: Client, assertion: string): Promise<string | null>
}

const LONGEST_SECONDS = 300
const TOLERANCE_SECONDS = 10

const ALGORITHMS: readonly JwsAlgorithm[] = ['ES256', 'Ed25519', 'EdDSA', 'PS256']

/** Also RS256, which clients of the profile fapi2 may not use. */
export const ASSERTION_ALGORITHMS: readonly JwsAlgorithm[] = [...ALGORITHMS, 'RS256']

export function createVerifyClientAssertion(options: {
  issuer: string
  clientKeys: ClientKeys
  usedJtis: UsedJtis
  clock: Clock
}): VerifyClientAssertion {
  const { issuer, clientKeys, usedJtis, clock } = options

  async function isSignedBy(client: Client, jwt: UnverifiedJwt): Promise<boolean> {
    const { alg, kid } = jwt.header
    // FAPI 2.0 §5.4.1 has no RS256.
    const allowed = client.profile === null ? ASSERTION_ALGORITHMS : ALGORITHMS
    const algorithm = allowed.find((name) => name === alg)
    if (!algorithm) return false
    const name = typeof kid === 'string' ? kid : null
    const jwks = await clientKeys.keysOf(client, name)
    return (jwks?.keys ?? []).some((jwk) => {
      if (name !== null && jwk.kid !== undefined && jwk.kid !== name) return false
      if (jwk.alg !== undefined && !isSameAlgorithm(jwk.alg, algorithm)) return false
      const imported = importPublicKey({ ...jwk })
      return imported !== null && verifies(jwt, algorithm, imported.key)
    })
  }

  return async function verifyClientAssertion(client, assertion) {
    const jwt = parseJwt(assertion)
    if (!jwt) return 'assertion_malformed'
    // What was signed for another purpose is no login (RFC 8725 §3.11).
    if (!TYPES.includes(jwt.header.typ)) return 'assertion_type'
    if (!(await isSignedBy(client, jwt))) return 'assertion_signature'
    const { iss, sub, aud, exp, iat, nbf, jti } = jwt.claims
    if (iss !== client.id || sub !== client.id) return 'assertion_subject'
    if (aud !== issuer) return 'assertion_audience'
    const now = clock.now() / 1_000
    if (!isTime(exp) || exp <= now) return 'assertion_expired'
    if (exp > now + LONGEST_SECONDS + TOLERANCE_SECONDS) return 'assertion_too_long'
    for (const start of [iat, nbf]) {
      if (start === undefined) continue
      if (!isTime(start) || start > now + TOLERANCE_SECONDS) return 'assertion_not_yet_valid'
    }
    if (typeof jti !== 'string' || !/^[\x20-\x7e]{1,512}$/.test(jti)) return 'assertion_jti'
    const isFirst = await usedJtis.use(`assertion ${client.id}`, jti, Math.ceil(exp * 1_000))
    return isFirst ? null : 'assertion_replayed'
  }
}

const TYPES: readonly unknown[] = [undefined, 'JWT', 'client-authentication+jwt']

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value)
