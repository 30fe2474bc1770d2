/**
 * Makes of text what search compares. Names and queries go the same way, so that case, accents and
 * punctuation never matter: `Łódź`, `LODZ` and `lodz` are one.
 *
 * - Compatibility forms are taken apart (NFKD), accents and points removed, case folded, and letters
 *   that do not come apart spelled out by a table. What is left is put together again (NFC): the
 *   vowel signs of Indic scripts and the voicing marks of Kana belong to their words.
 * - Letters and digits of all scripts make tokens, whatever else stands between them parts these.
 * - Apostrophes and invisible characters do not part: `Coeur d'Alene` is `coeur dalene`. Its parts
 *   are words too (`wordsOf`), so `coeur d alene` and `alene` find it as well.
 * - Scripts without spaces give no words, so each ending of such a text counts as one (`wordsOf`):
 *   `京都` finds `東京都`.
 */

/** No token is longer; what follows does not count. In UTF-16 units, as all lengths here. */
const LONGEST_TOKEN = 64
/** What follows a place in a text without spaces, in characters. */
const LONGEST_ENDING = 16
/** A name as it is compared as a whole is cut here. */
const LONGEST_NAME = 200
/** Of one feature. */
const MOST_WORDS = 200
/** Of one text, before anything is done with it. */
const LONGEST_TEXT = 2_000

/** @returns the tokens of the text in their order, joined by single spaces; '' if it has none */
export function normalise(text: string): string {
  const tokens = tokensOf(text).tokens.map((token) => cut(token, LONGEST_TOKEN))
  return cut(tokens.join(' '), LONGEST_NAME).trimEnd()
}

/** The tokens of a normalised text. */
export function splitTokens(normalised: string): string[] {
  return normalised === '' ? [] : normalised.split(' ')
}

/**
 * All by whose beginnings these texts are found, each once: tokens, the parts of those that
 * apostrophes join, and the endings of those in scripts without spaces.
 */
export function wordsOf(texts: readonly string[]): string[] {
  const words = new Set<string>()
  for (const text of texts) {
    const { tokens, parts } = tokensOf(text)
    for (const token of [...tokens, ...parts]) {
      words.add(cut(token, LONGEST_TOKEN))
      if (WITHOUT_SPACES.test(token)) for (const ending of endingsOf(token)) words.add(ending)
      if (words.size >= MOST_WORDS) return [...words].slice(0, MOST_WORDS)
    }
  }
  return [...words]
}

/** @returns parts: all tokens once more as apostrophes part them, if there are any */
function tokensOf(text: string): { tokens: string[]; parts: string[] } {
  const start = cut(text, LONGEST_TEXT)
  // Most texts are plain, and then all the rest has nothing to do.
  if (PLAIN.test(start)) return { tokens: start.toLowerCase().match(PLAIN_TOKEN) ?? [], parts: [] }
  const folded = fold(start)
  const joined = folded.replaceAll(JOINING, '')
  const parted = folded.replaceAll(APOSTROPHE, ' ').replaceAll(JOINING, '')
  return {
    tokens: joined.match(TOKEN) ?? [],
    parts: parted === joined ? [] : (parted.match(TOKEN) ?? []),
  }
}

function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(ACCENT, '')
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(SPELLED_OUT, (letter) => SPELLING[letter]!)
}

function endingsOf(token: string): string[] {
  const characters = Array.from(token)
  return characters.flatMap((character, index) =>
    index > 0 && WITHOUT_SPACES.test(character)
      ? [characters.slice(index, index + LONGEST_ENDING).join('')]
      : [],
  )
}

/** Never leaves half of a surrogate pair. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text
  const last = text.charCodeAt(length - 1)
  return text.slice(0, last >= 0xd8_00 && last <= 0xdb_ff ? length - 1 : length)
}

/** ASCII without apostrophes. */
const PLAIN = /^[\u0000-\u0026\u0028-\u005F\u0061-\u007F]*$/
const PLAIN_TOKEN = /[a-z0-9]+/g

const TOKEN = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu

/** Accents of Latin, Greek and Cyrillic; the vowel points of Hebrew and Arabic, and the Tatweel. */
const ACCENT =
  /[\u0300-\u036F\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u0610-\u061A\u0640\u064B-\u065F\u0670]/g

/** ASCII and typographic apostrophes, and the letters that look like them (ʻOkina, soft signs). */
const APOSTROPHE = /['`\u00B4\u02B9-\u02BF\u02C8\u2018\u2019\u201B\u2032\uA78B\uA78C\u05F3]/gu

/** Apostrophes, and characters that do not show: soft hyphen, joiners, direction and variation marks. */
const JOINING = new RegExp(`${APOSTROPHE.source}|\\p{Default_Ignorable_Code_Point}`, 'gu')

/** Of scripts that are written without spaces between words. */
const WITHOUT_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

/** Letters that have no decomposition, as they are spelled without them; the final sigma. */
const SPELLING: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
  ŧ: 't',
  ŋ: 'n',
  ƒ: 'f',
  ɖ: 'd',
  ɓ: 'b',
  ɗ: 'd',
  ɣ: 'g',
  ƴ: 'y',
  ƙ: 'k',
  ς: 'σ',
}
const SPELLED_OUT = new RegExp(`[${Object.keys(SPELLING).join('')}]`, 'g')
