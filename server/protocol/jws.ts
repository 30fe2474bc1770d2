import { constants, createPublicKey, hash, type KeyObject, verify } from 'node:crypto'

/**
 * Signed JWTs that others made (RFC 7515): client assertions and DPoP proofs. Only asymmetric
 * algorithms of FAPI 2.0 §5.4.1 and, where it is named, RS256; the key decides which of them, so
 * that neither `none` nor an HMAC with a public key as its secret can pass (RFC 8725 §3.1).
 */
export type JwsAlgorithm = 'ES256' | 'EdDSA' | 'Ed25519' | 'PS256' | 'RS256'

/** RFC 9864 §2.2: `Ed25519` says what `EdDSA` leaves to the key, and there is no other such key here. */
export function isSameAlgorithm(one: string, other: string): boolean {
  const nameOf = (algorithm: string) => (algorithm === 'Ed25519' ? 'EdDSA' : algorithm)
  return nameOf(one) === nameOf(other)
}

/** What a JWT says, of which nothing is proven yet. */
export interface UnverifiedJwt {
  header: Readonly<Record<string, unknown>>
  claims: Readonly<Record<string, unknown>>
  signingInput: string
  signature: Buffer
}

/** A public key (RFC 7517 §4), with its members still unknown. */
export type PublicJwk = Readonly<Record<string, unknown>>

/** Longer ones are nobody's. */
const MAXIMUM_LENGTH = 8_192

/** @returns null when the text is no compact JWS of two JSON objects */
export function parseJwt(text: string): UnverifiedJwt | null {
  if (text.length > MAXIMUM_LENGTH) return null
  const parts = COMPACT.exec(text)
  if (!parts) return null
  const header = decodeObject(parts[1]!)
  const claims = decodeObject(parts[2]!)
  const signature = decode(parts[3]!)
  if (!header || !claims || !signature) return null
  // RFC 7515 §4.1.11: what must be understood is not.
  if ('crit' in header) return null
  return { header, claims, signingInput: `${parts[1]}.${parts[2]}`, signature }
}

/**
 * The key of a JWK, when it is public and of a strength that may be used; null when it is not.
 * Everything but what names the key is left out.
 */
export function importPublicKey(jwk: PublicJwk): VerificationKey | null {
  if (PRIVATE.some((name) => name in jwk)) return null
  const essential = essentialMembers(jwk)
  if (!essential) return null
  try {
    const key = createPublicKey({ key: essential, format: 'jwk' })
    if (key.asymmetricKeyType === 'rsa') {
      const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
      // FAPI 2.0 §5.4.1; longer ones only cost time.
      if (modulusLength < 2_048 || modulusLength > 8_192) return null
    }
    return { key, thumbprint: hash('sha256', JSON.stringify(essential), 'base64url') }
  } catch {
    return null
  }
}

export interface VerificationKey {
  key: KeyObject
  /** RFC 7638 */
  thumbprint: string
}

/** Whether the key made the signature by this algorithm, which must be one for its type. */
export function verifies(
  { signingInput, signature }: UnverifiedJwt,
  algorithm: JwsAlgorithm,
  key: KeyObject,
): boolean {
  const data = Buffer.from(signingInput)
  switch (algorithm) {
    case 'ES256':
      return (
        key.asymmetricKeyType === 'ec' &&
        key.asymmetricKeyDetails?.namedCurve === 'prime256v1' &&
        verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)
      )
    case 'EdDSA':
    case 'Ed25519':
      return key.asymmetricKeyType === 'ed25519' && verify(null, data, key, signature)
    case 'PS256':
      return (
        key.asymmetricKeyType === 'rsa' &&
        verify(
          'sha256',
          data,
          {
            key,
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
          },
          signature,
        )
      )
    case 'RS256':
      return key.asymmetricKeyType === 'rsa' && verify('sha256', data, key, signature)
  }
}

/** The members of RFC 7638 §3.2, in the order of their names. */
function essentialMembers(jwk: PublicJwk) {
  const { kty, crv, x, y, n, e } = jwk
  if (kty === 'EC' && crv === 'P-256' && isText(x) && isText(y)) return { crv, kty, x, y }
  if (kty === 'OKP' && crv === 'Ed25519' && isText(x)) return { crv, kty, x }
  if (kty === 'RSA' && isText(n) && isText(e)) return { e, kty, n }
  return null
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 2_000 && BASE64URL.test(value)

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/
const BASE64URL = /^[A-Za-z0-9_-]+$/

/** RFC 7518 §6.2.2, §6.3.2, §6.4 */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/** @returns null for what another text decodes to as well, such as one with stray bits at its end */
function decode(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : null
}

function decodeObject(text: string): Record<string, unknown> | null {
  const bytes = decode(text)
  if (!bytes) return null
  try {
    const value: unknown = JSON.parse(UTF8.decode(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })
