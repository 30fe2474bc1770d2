import { hash } from 'node:crypto'

/** HMAC-SHA-256 under one key (RFC 2104 §2), ready to be used many times. */
export type HmacSha256 = (text: string) => Buffer

const BLOCK_SIZE = 64

/**
 * `createHmac` makes an object of the native side for each call and throws it away; two one-shot
 * hashes over the padded key give the same value in a quarter of the time.
 * @param key at most 64 bytes
 */
export function createHmacSha256(key: Buffer): HmacSha256 {
  if (key.length > BLOCK_SIZE) throw new RangeError('the key is longer than a block')
  const padded = (byte: number) => {
    const block = Buffer.alloc(BLOCK_SIZE, byte)
    for (const [index, value] of key.entries()) block[index]! ^= value
    return block
  }
  const inner = padded(0x36)
  const outer = Buffer.concat([padded(0x5c), Buffer.alloc(32)])
  return (text) => {
    const message = Buffer.allocUnsafe(BLOCK_SIZE + Buffer.byteLength(text))
    inner.copy(message)
    message.write(text, BLOCK_SIZE)
    hash('sha256', message, 'buffer').copy(outer, BLOCK_SIZE)
    return hash('sha256', outer, 'buffer')
  }
}
