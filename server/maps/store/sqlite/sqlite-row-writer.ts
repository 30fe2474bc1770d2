import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { createSqliteSearchWriter, type SqliteSearchWriter } from '../../search/sqlite-search.ts'
import type { RowWriter } from '../backend.ts'
import type { Candidate, FeatureRow } from '../feature-rows.ts'
import { summaryOf, type SummaryRecord, toSummary } from '../summary-sql.ts'
import { BYTES_AT_A_TIME } from '../texts.ts'

/** Writes a generation's rows, with their boxes in the RTREE and their words in the search index. */
export function createRowWriter(options: {
  sql: (text: string) => StatementSync
  connection: DatabaseSync
  number: number
  isSearched: boolean
}): RowWriter {
  const { sql, connection, number, isSearched } = options
  let search: SqliteSearchWriter | null = null
  const searchWriter = () => (search ??= createSqliteSearchWriter(connection, number))

  const insertFeature = () =>
    sql(
      `insert into features_${number} (key, west, south, east, north, starts, ends, id, feature)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )

  function valuesOf(row: FeatureRow): SQLInputValue[] {
    const { key, west, south, east, north, starts, ends, id, feature } = row
    return [key, west, south, east, north, starts, ends, id, feature]
  }

  function insert(row: FeatureRow): void {
    insertFeature().run(...valuesOf(row))
    sql(`insert into boxes_${number} values (?, ?, ?, ?, ?)`).run(
      row.key,
      row.west,
      row.east,
      row.south,
      row.north,
    )
    if (row.search) searchWriter().insert([row.search])
  }

  function remove(key: number): void {
    sql(`delete from features_${number} where key = ?`).run(key)
    sql(`delete from boxes_${number} where key = ?`).run(key)
    if (isSearched) searchWriter().remove([key])
  }

  return {
    keysOf(ids) {
      const select = sql(`select key from features_${number} where id = ?`)
      const keys = new Map<string, number>()
      for (const id of ids) {
        const row = select.get(id) as { key: number } | undefined
        if (row) keys.set(id, row.key)
      }
      return keys
    },
    find: (id) =>
      sql(
        `select key, west, south, east, north, starts, ends, feature from features_${number} where id = ?`,
      ).get(id) as Candidate | undefined,
    after(key, count) {
      const select = sql(
        `select key, feature from features_${number} where key > ? order by key limit ?`,
      )
      const rows: { key: number; feature: string }[] = []
      let bytes = 0
      for (const row of select.iterate(key, count)) {
        const { feature } = rows[rows.push(row as { key: number; feature: string }) - 1]!
        bytes += feature.length
        if (bytes >= BYTES_AT_A_TIME) break
      }
      return rows
    },
    insert(rows) {
      for (const row of rows) insert(row)
    },
    append(rows) {
      const statement = insertFeature()
      for (const row of rows) statement.run(...valuesOf(row))
      const searched = rows.flatMap((row) => row.search ?? [])
      if (searched.length > 0) searchWriter().keep(searched)
    },
    replace(row) {
      remove(row.key)
      insert(row)
    },
    remove,
    summary: () =>
      toSummary(sql(summaryOf(`features_${number}`)).get() as unknown as SummaryRecord),
  }
}
