import type { ClientBase } from 'pg'
import { snapToZero } from '../../geo/box.ts'
import { aroundSql, type LookupDialect, lookupSql } from './lookup-sql.ts'
import type { SearchCursor, SearchSource } from './search.ts'
import type { SearchRow } from './search-row.ts'

/**
 * The search index of a generation in Postgres: a table of rows with an index over names, and a GIN
 * index over the `tsvector` of their words. These are made of tokens as they are, so no dictionary
 * of the server has a say.
 */
export function searchTablesOf(number: number | bigint): string {
  return `
    create table map_search_${number} (
      key bigint primary key, id text collate "C" not null,
      name text collate "C" not null, words text not null,
      west float8 not null, south float8 not null, east float8 not null, north float8 not null
    );`
}

/** To be run when the import has written its rows: an index is filled at once in half the time. */
export function indexSearchTables(number: number | bigint): string {
  return `
    create index if not exists map_search_names_${number} on map_search_${number} (name);
    create index if not exists map_search_words_${number} on map_search_${number}
      using gin (${vectorOf('words')});
    analyze map_search_${number};`
}

export function dropSearchTables(number: number | bigint): string {
  return `drop table if exists map_search_${number};`
}

/** To be called in the transaction that writes the features. */
export async function insertSearchRows(
  client: Pick<ClientBase, 'query'>,
  number: number | bigint,
  rows: readonly SearchRow[],
): Promise<void> {
  if (rows.length === 0) return
  const columns = ['key', 'id', 'name', 'words', 'west', 'south', 'east', 'north'] as const
  await client.query(
    `insert into map_search_${number} (${columns.join(', ')})
    select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[],
      $5::float8[], $6::float8[], $7::float8[], $8::float8[])`,
    columns.map((column) => rows.map((row) => row[column])),
  )
}

/** Also of features that are not in the index. */
export async function removeSearchRows(
  client: Pick<ClientBase, 'query'>,
  number: number | bigint,
  keys: readonly number[],
): Promise<void> {
  await client.query(`delete from map_search_${number} where key = any ($1::bigint[])`, [keys])
}

/**
 * Reads a generation's index in the client's transaction, which has one snapshot (`repeatable read`).
 */
export function createPostgresSearchSource(
  client: Pick<ClientBase, 'query'>,
  number: number | bigint,
  byKeys: SearchSource['byKeys'],
): SearchSource {
  return {
    open: (lookup) => read((dialect) => lookupSql(lookup, dialect)),
    around: (windows) => read((dialect) => aroundSql(windows, dialect)),
    byKeys,
  }

  async function read(sqlOf: (dialect: LookupDialect) => string): Promise<SearchCursor> {
    const values: (string | number)[] = []
    const sql = sqlOf(dialectOf(number, (value) => `$${values.push(value)}`))
    // One is closed before the next one is opened.
    await client.query(`declare search_rows no scroll cursor for ${sql}`, values)
    return {
      async next(count) {
        const { rows } = await client.query<SearchRow>(`fetch ${count} from search_rows`)
        return rows
      },
      async close() {
        // Where the transaction has failed it is closed already, and that is the error to be told.
        await client.query('close search_rows').catch(() => {})
      },
    }
  }
}

function dialectOf(number: number | bigint, bind: LookupDialect['bind']): LookupDialect {
  return {
    bind,
    table: `map_search_${number}`,
    join: 'join',
    havingWords: (tokens) => ({
      from: `map_search_${number} search`,
      where: `${vectorOf('search.words')} @@ ${bind(tokens.map((token) => `'${token}':*`).join(' & '))}::tsquery`,
      key: 'search.key',
    }),
    // Sides that are the wrong way round are swapped, which gives more.
    keysIn(window) {
      const { west, south, east, north } = window
      const [e, n, w, s] = [east, north, west, south].map(snapToZero)
      return `select key from map_features_${number}
        where bounds && ${bind(`(${e},${n}),(${w},${s})`)}::box`
    },
  }
}

function vectorOf(words: string): string {
  return `array_to_tsvector(string_to_array(${words}, ' '))`
}
