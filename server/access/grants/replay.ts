import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { RandomBytes } from '../../lib/random.ts'

/**
 * The answer to a refresh, kept for the identical retry under a key that only the presented token
 * gives: whoever reads the database learns nothing of it. AES-256-GCM; `context` is authenticated, so
 * that the answer is for the same call alone.
 * @returns base64url of nonce, ciphertext and tag
 */
export function sealReplay(
  token: string,
  context: string,
  answer: string,
  random: RandomBytes,
): string {
  const nonce = random(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(token), nonce).setAAD(Buffer.from(context))
  return Buffer.concat([
    nonce,
    cipher.update(answer, 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]).toString('base64url')
}

/** @returns null when the token or the context is not the one it was sealed with */
export function openReplay(token: string, context: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', keyOf(token), bytes.subarray(0, 12), {
    authTagLength: 16,
  })
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(-16))
  try {
    return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return null
  }
}

function keyOf(token: string): Buffer {
  return Buffer.from(hkdfSync('sha256', token, '', 'mapgate:refresh-replay', 32))
}
