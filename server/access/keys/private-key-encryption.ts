import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { RandomBytes } from '../../lib/random.ts'

/**
 * AES-256-GCM; the kid is authenticated too, so that a row cannot be put under another name.
 * @param key 32 bytes
 * @returns base64url of nonce, ciphertext and tag
 */
export function encryptPrivateKey(
  key: Buffer,
  kid: string,
  plain: Buffer,
  random: RandomBytes,
): string {
  const nonce = random(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(kid))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  )
}

/** @throws Error when the key, the kid or the text is not the right one */
export function decryptPrivateKey(key: Buffer, kid: string, text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), {
    authTagLength: 16,
  })
    .setAAD(Buffer.from(kid))
    .setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
}
