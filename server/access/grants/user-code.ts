import type { RandomBytes } from '../../lib/random.ts'

/** RFC 8628 §6.1: no vowels, so no words, and nothing that looks like something else. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'

const LENGTH = 8

/** Eight letters: 34.5 bits. Shown by `formatUserCode`, stored without the dash. */
export function randomUserCode(random: RandomBytes): string {
  let code = ''
  while (code.length < LENGTH) {
    for (const byte of random(LENGTH)) {
      // 240 is the largest multiple of 20 in a byte: what lies above it would favour some letters.
      if (byte < 240 && code.length < LENGTH) code += LETTERS[byte % LETTERS.length]
    }
  }
  return code
}

/** `XXXX-XXXX` */
export function formatUserCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`
}

/** What a person typed: case, dashes and blanks do not matter. null: it cannot be a code. */
export function parseUserCode(text: string): string | null {
  const code = text.toUpperCase().replaceAll(/[\s\p{Pd}]/gu, '')
  return SHAPE.test(code) ? code : null
}

const SHAPE = new RegExp(`^[${LETTERS}]{${LENGTH}}$`)
