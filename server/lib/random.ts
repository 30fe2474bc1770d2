import { randomBytes } from 'node:crypto'

/** A source of random bytes; injected, so that tests can repeat themselves. */
export type RandomBytes = (size: number) => Buffer

export const systemRandom: RandomBytes = (size) => randomBytes(size)

/**
 * `source`, asked for more at a time: for many small draws that need not stay secret for long, such
 * as ids. A byte is handed out once.
 */
export function pooledRandom(source: RandomBytes): RandomBytes {
  let pool: Buffer = Buffer.alloc(0)
  return (size) => {
    if (size > POOL_SIZE) return source(size)
    if (pool.length < size) pool = source(POOL_SIZE)
    const drawn = pool.subarray(0, size)
    pool = pool.subarray(size)
    return drawn
  }
}

const POOL_SIZE = 4_096

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** `length` characters of 0-9A-Za-z, each with log2(62) = 5.95 bits; 43 of them carry 256 bits. */
export function randomBase62(length: number, random: RandomBytes): string {
  let text = ''
  while (text.length < length) {
    for (const byte of random(length)) {
      // 248 is the largest multiple of 62 in a byte: what lies above it would favour some characters.
      if (byte < 248 && text.length < length) text += BASE62[byte % 62]
    }
  }
  return text
}

/** `value` (a non-negative integer) in base 62, padded to `width`. */
export function toBase62(value: number, width: number): string {
  let text = ''
  for (let rest = value; text.length < width; rest = Math.floor(rest / 62)) {
    text = BASE62[rest % 62] + text
  }
  return text
}

/** `size` bytes as lower-case hexadecimal. */
export function randomHex(size: number, random: RandomBytes): string {
  return random(size).toString('hex')
}

/** A number of at least `least` and less than `most`; all are as likely. */
export function randomBetween(least: number, most: number, random: RandomBytes): number {
  return least + ((most - least) * random(4).readUInt32BE()) / 2 ** 32
}

/** A positive decimal int64 of 16 to 19 digits, as a string: JavaScript numbers cannot hold it. */
export function randomInt64(random: RandomBytes): string {
  const lowest = 1_000_000_000_000_000n
  for (;;) {
    const value = random(8).readBigUInt64BE() >> 1n
    if (value >= lowest) return value.toString()
  }
}

/** A UUIDv7 (RFC 9562 §5.7): 48 bits of epoch milliseconds, then 74 random bits. */
export function uuidv7(now: number, random: RandomBytes): string {
  const bytes = random(16)
  bytes.writeUIntBE(now, 0, 6)
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
