import { type Box, boxUnion } from '../../geo/box.ts'
import type { Lookup } from './search.ts'

/** The part of a look-up's SQL that both databases understand. */
export interface LookupDialect {
  /** Makes a parameter of a value. @returns how the SQL names it */
  bind: (value: string | number) => string
  /** Of a generation: its rows are in `search`. */
  table: string
  /** Adds to FROM and WHERE what leaves rows that have words beginning with each of these. */
  havingWords: (tokens: readonly string[]) => { from: string; where: string; key: string }
  /** Selects the `key` of features whose box touches the window, by an index; perhaps of some more. */
  keysIn: (window: Box) => string
  /** Joins in the order of the text, if the database has to be told. */
  join: string
}

export function lookupSql(
  { match, wanted, order, most, ranked }: Lookup,
  { bind, table, havingWords }: LookupDialect,
): string {
  const { from, where, by } = candidates()
  const limit = bind(most)
  const found = `select ${COLUMNS} from ${from} where ${where} order by ${by} limit ${limit}`
  const more = `exists (select 1 from ${from} where ${where} limit 1 offset ${limit}) more`
  return ranked ? `select search.*, ${more} from (${found}) search ${RANKS}` : found

  function candidates() {
    if (match === 'word' || (match === 'prefix' && order === 'key')) {
      const words = havingWords(rarest(wanted.tokens))
      return { ...words, by: words.key }
    }
    const where =
      match === 'exact'
        ? `search.name = ${bind(wanted.text)}`
        : `search.name >= ${bind(wanted.text)} and search.name < ${bind(behind(wanted.text))}`
    return { from: `${table} search`, where, by: 'search.name, search.key' }
  }
}

/** Rows of the features whose box touches a window, in any order, perhaps some more or twice. */
export function aroundSql(
  windows: readonly Box[],
  { table, keysIn, join }: Pick<LookupDialect, 'table' | 'keysIn' | 'join'>,
): string {
  return `select ${COLUMNS} from (${few(windows).map(keysIn).join(' union all ')}) around
    ${join} ${table} search on search.key = around.key`
}

const COLUMNS = `search.key, search.id, search.name, search.words,
  search.west, search.south, search.east, search.north`

const RANKS = "order by search.name = '', length(search.name), search.id"

/** Of more of them than this, the box around all. */
const MOST_WINDOWS = 20

function few(windows: readonly Box[]): readonly Box[] {
  return windows.length > MOST_WINDOWS ? [windows.reduce(boxUnion)] : windows
}

/** No letter or digit sorts behind this one, so all that begin with the text are before it. */
function behind(text: string): string {
  return `${text}\u{10FFFF}`
}

/** Few are enough to find candidates, and long ones leave the fewest. */
function rarest(tokens: readonly string[]): string[] {
  return tokens.toSorted((a, b) => b.length - a.length).slice(0, MOST_TOKENS)
}

const MOST_TOKENS = 6
