import { hash } from 'node:crypto'
import { importPublicKey, type JwsAlgorithm, parseJwt, verifies } from './jws.ts'

/**
 * DPoP proofs (RFC 9449 §4): that whoever sends a request has the private key which its token is
 * bound to. Pure: whether a proof was seen before, and whether its nonce is one of ours, is judged
 * by the caller (`access/dpop`).
 */
export interface DpopProof {
  /** The thumbprint of its key (RFC 7638). */
  jkt: string
  jti: string
  nonce: string | null
  /** Epoch milliseconds from which on it is refused. */
  expiresAt: number
}

export type DpopOutcome =
  | { kind: 'valid'; proof: DpopProof }
  /** `reason` is for people: it tells the developer of a client what to mend. */
  | { kind: 'invalid'; reason: string }

/** What a proof must fit. */
export interface ProvenRequest {
  method: string
  /** Of the request, without query and fragment, as clients know it. */
  url: string
  /** The access token that comes with the proof; null at the token endpoint. */
  accessToken: string | null
  /** Epoch milliseconds. */
  now: number
}

export const DPOP_ALGORITHMS: readonly JwsAlgorithm[] = ['ES256', 'Ed25519', 'EdDSA', 'PS256']

/** RFC 9449 §11.1 leaves the time to us; FAPI 2.0 §5.3.2.1 wants 10 s of clocks running ahead allowed. */
const AGE_SECONDS = 60
const AHEAD_SECONDS = 10

const MAXIMUM_TEXT = 512

/** RFC 9449 §4.3, but for its points on nonces and replay. */
export function verifyDpopProof(text: string, request: ProvenRequest): DpopOutcome {
  const jwt = parseJwt(text)
  if (!jwt) return invalid('it is not a well-formed JWT')
  const { header, claims } = jwt
  if (header.typ !== 'dpop+jwt') return invalid('its typ is not dpop+jwt')
  const algorithm = DPOP_ALGORITHMS.find((name) => name === header.alg)
  if (!algorithm) return invalid(`its alg is not one of ${DPOP_ALGORITHMS.join(', ')}`)
  if (!isObject(header.jwk)) return invalid('it has no jwk')
  const imported = importPublicKey(header.jwk)
  if (!imported) return invalid('its jwk is not a public key that may be used')
  if (!verifies(jwt, algorithm, imported.key)) return invalid('its signature is wrong')

  const { htm, htu, iat, jti, ath, nonce } = claims
  // It is stored: no control characters, and not much of it.
  if (typeof jti !== 'string' || !/^[\x20-\x7e]{1,512}$/.test(jti)) {
    return invalid('its jti is missing, malformed or too long')
  }
  if (htm !== request.method) return invalid('its htm is not the method of the request')
  if (typeof htu !== 'string' || !isSameUrl(htu, request.url)) {
    return invalid('its htu is not the URL of the request')
  }
  if (typeof iat !== 'number' || !Number.isFinite(iat)) return invalid('its iat is missing')
  const age = request.now / 1_000 - iat
  if (age > AGE_SECONDS) return invalid('its iat is too long ago')
  if (age < -AHEAD_SECONDS) return invalid('its iat is in the future')
  if (request.accessToken !== null && ath !== hash('sha256', request.accessToken, 'base64url')) {
    return invalid('its ath is not the hash of the access token')
  }
  if (nonce !== undefined && !isText(nonce)) return invalid('its nonce is malformed')
  const expiresAt = Math.ceil((iat + AGE_SECONDS) * 1_000)
  return {
    kind: 'valid',
    proof: { jkt: imported.thumbprint, jti, nonce: nonce ?? null, expiresAt },
  }
}

/** RFC 9449 §4.3: compared after normalisation (RFC 3986 §6.2.2, §6.2.3), query and fragment left out. */
function isSameUrl(given: string, expected: string): boolean {
  if (given === expected) return true
  if (given.length > 2_000 || !URL.canParse(given)) return false
  return withoutQuery(given) === withoutQuery(expected)
}

function withoutQuery(text: string): string {
  const { origin, pathname } = new URL(text)
  return origin + pathname.replaceAll(/%[0-9a-f]{2}/gi, normalOctet)
}

/** RFC 3986 §6.2.2: upper-case digits, and unreserved characters as themselves. */
function normalOctet(octet: string): string {
  const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16))
  return /[A-Za-z0-9._~-]/.test(character) ? character : octet.toUpperCase()
}

const invalid = (reason: string): DpopOutcome => ({ kind: 'invalid', reason })

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAXIMUM_TEXT

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
