import { type Box, snapToZero } from '../../geo/box.ts'
import type { Lookup } from './search.ts'

/** The part of a look-up's SQL that both databases understand. */
export interface LookupDialect {
  /** Makes a parameter of a value. @returns how the SQL names it */
  bind: (value: string | number) => string
  /** Of a generation: its rows are in `search`. */
  table: string
  /** Adds to FROM and WHERE what leaves rows that have words beginning with each of these. */
  havingWords: (tokens: readonly string[]) => { from: string; where: string }
}

export function lookupSql(
  { match, wanted, windows, ordered }: Lookup,
  { bind, table, havingWords }: LookupDialect,
): string {
  const { from, where } =
    match === 'word'
      ? havingWords(rarest(wanted.tokens))
      : {
          from: `${table} search`,
          where:
            match === 'exact'
              ? `search.name = ${bind(wanted.text)}`
              : `search.name >= ${bind(wanted.text)} and search.name < ${bind(behind(wanted.text))}`,
        }
  const touching = windows && windows.length <= MOST_WINDOWS ? `and ${touches(windows, bind)}` : ''
  return `select ${COLUMNS} from ${from} where ${where} ${touching} ${ordered ? ORDER : ''}`
}

const COLUMNS = `search.key, search.id, search.name, search.words,
  search.west, search.south, search.east, search.north`

const ORDER = "order by search.name = '', length(search.name), search.id"

/** More of them than this are left to be judged with the rows. */
const MOST_WINDOWS = 20

function touches(windows: readonly Box[], bind: LookupDialect['bind']): string {
  if (windows.length === 0) return '1 = 0'
  const each = windows.map((window) => {
    const side = (name: keyof Box) => bind(snapToZero(window[name]))
    return `(search.west <= ${side('east')} and search.east >= ${side('west')}
      and search.south <= ${side('north')} and search.north >= ${side('south')})`
  })
  return `(${each.join(' or ')})`
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
