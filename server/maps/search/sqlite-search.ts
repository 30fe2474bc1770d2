import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { snapToZero } from '../../geo/box.ts'
import { aroundSql, type LookupDialect, lookupSql } from './lookup-sql.ts'
import type { SearchCursor, SearchSource } from './search.ts'
import type { SearchRow } from './search-row.ts'

/**
 * The search index of a generation in SQLite: a table of rows with an index over names, and an FTS5
 * index over their words. The words are tokens already, so the `ascii` tokenizer only parts them at
 * the spaces. FTS5 keeps which row has a word, and nothing else: no positions, no sizes, no text. An
 * index over prefixes makes filling it half as slow again, and saves little even where a great part of
 * all rows begin with one letter.
 */
export function searchTablesOf(number: number | bigint): string {
  return `
    create table search_${number} (
      key integer primary key, id text not null, name text not null, words text not null,
      west real not null, south real not null, east real not null, north real not null
    ) strict;
    create index search_names_${number} on search_${number} (name);
    create virtual table search_words_${number} using fts5(
      words, content='search_${number}', content_rowid='key', columnsize=0, detail=none,
      tokenize='ascii'
    );`
}

export function dropSearchTables(number: number | bigint): string {
  return `drop table if exists search_words_${number}; drop table if exists search_${number};`
}

/** Keeps the index as the features are; to be called in the transactions that change these. */
export interface SqliteSearchWriter {
  insert(rows: Iterable<SearchRow>): void
  /** Without their words: `fillWords` adds those of all at the end. */
  keep(rows: Iterable<SearchRow>): void
  /** Also of features that are not in the index. */
  remove(keys: Iterable<number>): void
}

export function createSqliteSearchWriter(
  connection: DatabaseSync,
  number: number | bigint,
): SqliteSearchWriter {
  const insertRow = connection.prepare(
    `insert into search_${number} (key, id, name, words, west, south, east, north)
    values (?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const insertWords = connection.prepare(
    `insert into search_words_${number} (rowid, words) values (?, ?)`,
  )
  const deleteRow = connection.prepare(
    `delete from search_${number} where key = ? returning key, words`,
  )
  // An index without its own text has to be told what it holds.
  const deleteWords = connection.prepare(
    `insert into search_words_${number} (search_words_${number}, rowid, words)
    values ('delete', ?, ?)`,
  )
  const keep = ({ key, id, name, words, west, south, east, north }: SearchRow) =>
    insertRow.run(key, id, name, words, west, south, east, north)
  return {
    insert(rows) {
      for (const row of rows) {
        keep(row)
        insertWords.run(row.key, row.words)
      }
    },
    keep(rows) {
      for (const row of rows) keep(row)
    },
    remove(keys) {
      for (const key of keys) {
        const row = deleteRow.get(key) as { key: number; words: string } | undefined
        if (row) deleteWords.run(row.key, row.words)
      }
    },
  }
}

/**
 * Adds the words of all rows to the index that has none yet: many at once make few, large pieces of
 * it. @returns steps, each to be called in a short transaction of its own
 */
export function* fillWords(
  connection: DatabaseSync,
  number: number | bigint,
): Generator<() => void> {
  const selectLast = connection.prepare(
    `select max(key) last from (select key from search_${number} where key > ? order by key limit ?)`,
  )
  const insert = connection.prepare(
    `insert into search_words_${number} (rowid, words)
    select key, words from search_${number} where key > ? and key <= ?`,
  )
  for (let after = 0; ;) {
    const { last } = selectLast.get(after, WORDS_AT_ONCE) as { last: number | null }
    if (last === null) return
    const first = after
    yield () => void insert.run(first, last)
    after = last
  }
}

/** Rows. */
const WORDS_AT_ONCE = 4_000

/**
 * Reads a generation's index; the caller holds a snapshot, and nothing here has to be waited for.
 */
export function createSqliteSearchSource(
  connection: DatabaseSync,
  number: number | bigint,
  byKeys: SearchSource['byKeys'],
): SearchSource {
  return {
    open: (lookup) => read((dialect) => lookupSql(lookup, dialect)),
    around: (windows) => read((dialect) => aroundSql(windows, dialect)),
    byKeys,
  }

  function read(sqlOf: (dialect: LookupDialect) => string): SearchCursor {
    const values: SQLInputValue[] = []
    const sql = sqlOf(dialectOf(number, (value) => `?${values.push(value)}`))
    const rows = connection.prepare(sql).iterate(...values)
    return {
      next(count) {
        const some: SearchRow[] = []
        while (some.length < count) {
          const { done, value } = rows.next()
          if (done) break
          some.push(value as unknown as SearchRow)
        }
        return some
      },
      close() {
        rows.return?.()
      },
    }
  }
}

function dialectOf(number: number | bigint, bind: LookupDialect['bind']): LookupDialect {
  return {
    bind,
    table: `search_${number}`,
    // CROSS JOIN keeps SQLite to this order: words or boxes first, then their rows.
    join: 'cross join',
    havingWords: (tokens) => ({
      from: `search_words_${number} found cross join search_${number} search on search.key = found.rowid`,
      where: `search_words_${number} match ${bind(tokens.map((token) => `"${token}"*`).join(' '))}`,
      key: 'found.rowid',
    }),
    keysIn({ west, south, east, north }) {
      const [e, w, n, s] = [east, west, north, south].map((side) => bind(snapToZero(side)))
      return `select key from boxes_${number}
        where minimum_x <= ${e} and maximum_x >= ${w} and minimum_y <= ${n} and maximum_y >= ${s}`
    },
  }
}
