import { generateURI, ScureBase32Plugin, verifySync } from 'otplib'
import type { RandomBytes } from '../../lib/random.ts'

/**
 * Time-based one-time passwords as authenticator apps know them (RFC 6238): SHA-1, six digits, steps
 * of 30 seconds.
 */

/** 160 bits, as RFC 4226 §4 asks for. @returns base32 */
export function createTotpSecret(random: RandomBytes): string {
  return new ScureBase32Plugin().encode(random(20))
}

/** What an app reads as a QR code. @param issuer the installation's name @param label the e-mail */
export function totpUri(options: { issuer: string; label: string; secret: string }): string {
  return generateURI(options)
}

/**
 * The time step of a code, one early or late allowed (RFC 6238 §5.2); null: it is none.
 * @param secret base32
 * @param now epoch milliseconds
 */
export function stepOfCode(secret: string, code: string, now: number): number | null {
  const token = code.replaceAll(/\s/g, '')
  if (!/^\d{6}$/.test(token)) return null
  const epoch = Math.floor(now / 1_000)
  const result = verifySync({ secret, token, epoch, epochTolerance: STEP_SECONDS })
  return result.valid && 'timeStep' in result ? result.timeStep : null
}

const STEP_SECONDS = 30
