import type { ClientBase } from 'pg'
import { insertSearchRows, removeSearchRows } from '../../search/postgres-search.ts'
import type { RowWriter } from '../backend.ts'
import { fewBytes } from './few-bytes.ts'
import type { Candidate } from '../feature-rows.ts'
import { summaryOf, type SummaryRecord, toSummary } from '../summary-sql.ts'

const COLUMNS = [
  'key',
  'id',
  'west',
  'south',
  'east',
  'north',
  'starts',
  'ends',
  'feature',
] as const

/** Writes a generation's rows, with their words in the search index. */
export function createRowWriter(
  client: Pick<ClientBase, 'query'>,
  { number, isSearched }: { number: number; isSearched: boolean },
): RowWriter {
  const table = `map_features_${number}`

  const insert: RowWriter['insert'] = async (rows) => {
    if (rows.length === 0) return
    await client.query(
      `insert into ${table} (${COLUMNS.join(', ')})
      select * from unnest($1::bigint[], $2::text[], $3::float8[], $4::float8[], $5::float8[],
        $6::float8[], $7::bigint[], $8::bigint[], $9::text[])`,
      COLUMNS.map((column) => rows.map((row) => row[column])),
    )
    const searched = rows.flatMap(({ search }) => search ?? [])
    await insertSearchRows(client, number, searched)
  }

  async function remove(key: number): Promise<void> {
    await client.query(`delete from ${table} where key = $1`, [key])
    if (isSearched) await removeSearchRows(client, number, [key])
  }

  return {
    async keysOf(ids) {
      const { rows } = await client.query<{ id: string; key: number }>(
        `select id, key from ${table} where id = any ($1::text[])`,
        [ids],
      )
      return new Map(rows.map(({ id, key }) => [id, key]))
    },
    async find(id) {
      const { rows } = await client.query<Candidate>(
        `select key, west, south, east, north, starts, ends, feature from ${table} where id = $1`,
        [id],
      )
      return rows[0]
    },
    async after(key, count) {
      const { rows } = await client.query<{ key: number; feature: string }>(
        fewBytes(
          'key, feature',
          `(select key, feature from ${table} where key > $1 order by key limit $2) first`,
        ),
        [key, count],
      )
      return rows
    },
    insert,
    append: insert,
    async replace(row) {
      await remove(row.key)
      await insert([row])
    },
    remove,
    async summary() {
      const { rows } = await client.query<SummaryRecord>(summaryOf(table))
      return toSummary(rows[0]!)
    },
  }
}
