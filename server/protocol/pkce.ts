import { hash, timingSafeEqual } from 'node:crypto'

/** Proof Key for Code Exchange (RFC 7636), by `S256` alone: with `plain` the challenge is the secret. */

/** RFC 7636 §4.2: the base64url of a SHA-256. */
export function isCodeChallenge(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}

/** RFC 7636 §4.1 */
export function isCodeVerifier(text: string): boolean {
  return /^[A-Za-z0-9._~-]{43,128}$/.test(text)
}

/** RFC 7636 §4.6 */
export function verifiesChallenge(verifier: string, challenge: string): boolean {
  if (!isCodeVerifier(verifier)) return false
  const expected = Buffer.from(challenge)
  const computed = Buffer.from(hash('sha256', verifier, 'base64url'))
  return expected.length === computed.length && timingSafeEqual(expected, computed)
}
