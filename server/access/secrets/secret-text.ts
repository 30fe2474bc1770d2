import { crc32 } from 'node:zlib'
import { type RandomBytes, randomBase62, toBase62 } from '../../lib/random.ts'

/**
 * A client secret as its owner holds it: `mgs_<id>_<random>_<check>`. The prefix lets secret scanners
 * find it, the id makes verification one look-up, the random part has 256 bits, and the check tells
 * a truncated or mistyped secret from a wrong one without a look-up.
 */
export type SecretText = `mgs_${string}`

/** 43 characters of base 62: 256 bits. */
const RANDOM_LENGTH = 43

const PATTERN = /^mgs_([0-9a-f]{24})_[0-9A-Za-z]{43}_([0-9A-Za-z]{6})$/

/** @param id 24 hexadecimal digits */
export function createSecretText(id: string, random: RandomBytes): SecretText {
  const body = `mgs_${id}_${randomBase62(RANDOM_LENGTH, random)}` as const
  return `${body}_${checksum(body)}`
}

/** The id inside a secret's text; null when the text is not a whole secret. */
export function secretIdOf(text: string): string | null {
  const match = PATTERN.exec(text)
  if (!match) return null
  return checksum(text.slice(0, -7)) === match[2] ? match[1]! : null
}

function checksum(body: string): string {
  return toBase62(crc32(body), 6)
}
