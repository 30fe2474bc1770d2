import { isCommonPassword, SHORTEST_PASSWORD } from './common-passwords.ts'
import type { PasswordJudgement } from './passwords.ts'

/** Characters, for a password that is the only thing asked for (NIST SP 800-63B-4 §3.1.1.2). */
const MINIMUM_ALONE = 15
const MINIMUM_WITH_SECOND_FACTOR = SHORTEST_PASSWORD
const MAXIMUM_BYTES = 1_024
/** What must be left of a password without the person's names in it. */
const MINIMUM_IMPERSONAL = 8
/** Shorter parts of names are in too many words. */
const SHORTEST_NAME = 4

/** No rules on the kinds of characters: they make passwords worse (NIST SP 800-63B-4 §3.1.1.2). */
export function judgePassword(
  password: string,
  { secondFactor, email, name }: { secondFactor: boolean; email?: string; name?: string },
): PasswordJudgement {
  if (isTooLong(password)) return { kind: 'too-long' }
  const normal = password.normalize('NFKC')
  const minimum = secondFactor ? MINIMUM_WITH_SECOND_FACTOR : MINIMUM_ALONE
  if (Array.from(normal).length < minimum) return { kind: 'too-short', minimum }
  if (isPersonal(normal, email ?? '', name ?? '')) return { kind: 'personal' }
  return isCommonPassword(normal) ? { kind: 'common' } : { kind: 'good' }
}

export function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > MAXIMUM_BYTES
}

function isPersonal(password: string, email: string, name: string): boolean {
  const words = [email, name, ...email.split('@'), ...name.split(/\s+/), ...email.split(/[@._+-]/)]
    .map(lettersOf)
    .filter((word) => word.length >= SHORTEST_NAME)
    // The longest first: shorter ones may be parts of it.
    .sort((a, b) => b.length - a.length)
  const letters = lettersOf(password)
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), letters)
  return rest.length < letters.length && Array.from(rest).length < MINIMUM_IMPERSONAL
}

const lettersOf = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
