import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import type { SearchRow } from './search-row.ts'
import { createSqliteSearchWriter, dropSearchTables, searchTablesOf } from './sqlite-search.ts'

function row(key: number, words: string): SearchRow {
  return { key, id: `f${key}`, name: words, words, west: 0, south: 0, east: 0, north: 0 }
}

it('keeps the index over words as the rows are', () => {
  using connection = new DatabaseSync(':memory:')
  connection.exec(searchTablesOf(7))
  const writer = createSqliteSearchWriter(connection, 7)
  const keysOf = (word: string) =>
    connection
      .prepare('select rowid from search_words_7 where search_words_7 match ?')
      .all(word)
      .map(({ rowid }) => rowid)

  writer.insert([row(1, 'san jose'), row(2 ** 53 - 1, 'san'), row(3, 'jose')])
  writer.remove([1, 4])
  writer.insert([row(1, 'jose')])
  writer.remove([3])
  expect(keysOf('san')).toEqual([2 ** 53 - 1])
  expect(keysOf('jose')).toEqual([1])
  connection.exec("insert into search_words_7 (search_words_7) values ('integrity-check')")

  connection.exec(dropSearchTables(7))
  expect(connection.prepare('select name from sqlite_schema').all()).toEqual([])
})
