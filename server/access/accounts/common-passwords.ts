import { createRequire } from 'node:module'

/**
 * Whether a password is among those that are guessed first (NIST SP 800-63B-4 §3.1.1.2): a list of
 * some ten thousand common ones, a few characters over and over, or a run such as `abcdefgh...`.
 * @param password at least as long as `SHORTEST_PASSWORD`
 */
export function isCommonPassword(password: string): boolean {
  const folded = fold(password)
  const characters = Array.from(folded)
  return (
    commonPasswords().has(folded) ||
    new Set(characters).size < FEWEST_CHARACTERS ||
    isRun(characters) ||
    isRepeated(folded)
  )
}

/** No rule lets a shorter one through, so the list leaves them out. */
export const SHORTEST_PASSWORD = 8

const FEWEST_CHARACTERS = 4

const fold = (text: string) => text.normalize('NFKC').toLowerCase()

let loaded: ReadonlySet<string> | null = null

/** Read when the first person chooses a password: most starts of a command never need it. */
function commonPasswords(): ReadonlySet<string> {
  if (loaded) return loaded
  const { dictionary } = createRequire(import.meta.url)('@zxcvbn-ts/language-common') as {
    dictionary: { 'passwords-common': string[] }
  }
  loaded = new Set(
    dictionary['passwords-common'].filter((text) => text.length >= SHORTEST_PASSWORD).map(fold),
  )
  return loaded
}

/** Each character the one after, or before, the one to its left; `890` and `zab` count too. */
function isRun(characters: readonly string[]): boolean {
  const codes = characters.map((character) => character.codePointAt(0)!)
  return [1, -1].some((step) =>
    codes.every((code, index) => {
      if (index === 0) return true
      const moved = code - codes[index - 1]!
      return [step, -9 * step, -25 * step].includes(moved)
    }),
  )
}

/** Something short or common, twice or more often: `hunter2hunter2hunter2`. */
function isRepeated(text: string): boolean {
  const unit = /^(.+?)\1+$/su.exec(text)?.[1]
  return unit !== undefined && (unit.length < SHORTEST_PASSWORD || commonPasswords().has(unit))
}
