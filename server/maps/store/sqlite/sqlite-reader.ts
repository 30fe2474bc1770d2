import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { type Box, snapToZero } from '../../../geo/box.ts'
import type { GenerationReader, RowScan } from '../backend.ts'
import type { Candidate, FeatureHead } from '../feature-rows.ts'
import type { Ask } from '../matching.ts'

/** What is read of a row; as arrays, which take a third of the time of objects by column names. */
interface Shape<Row> {
  columns: string
  toRow: (values: Values) => Row
}

type Values = readonly [
  number,
  number,
  number,
  number,
  number,
  number | null,
  number | null,
  string,
]

const HEAD: Shape<FeatureHead> = {
  columns: 'key, west, south, east, north, starts, ends',
  toRow: ([key, west, south, east, north, starts, ends]) => ({
    key,
    west,
    south,
    east,
    north,
    starts,
    ends,
  }),
}

const ROW: Shape<Candidate> = {
  columns: `${HEAD.columns}, feature`,
  toRow: ([key, west, south, east, north, starts, ends, feature]) => ({
    key,
    west,
    south,
    east,
    north,
    starts,
    ends,
    feature,
  }),
}

/** Where the search for the nearest begins; most places have a neighbour as near as this. */
const FIRST_RADIUS_METRES = 5_000

/**
 * Reads one generation. Small windows are looked up in the RTREE: all keys, which are sorted, and
 * then the rows of the first ones. Where windows hold much of it, its rows are gone through in the
 * order of their keys instead, some thousands at a time, so that no statement keeps the thread long.
 */
export function createGenerationReader(
  connection: DatabaseSync,
  number: number,
  featureCount: number,
): GenerationReader {
  const statements = new Map<string, StatementSync>()

  function prepared(sql: string): StatementSync {
    const kept = statements.get(sql)
    if (kept) return kept
    // Filters make new texts: forget all rather than grow without bound.
    if (statements.size >= MAXIMUM_STATEMENTS) statements.clear()
    const statement = connection.prepare(sql)
    statement.setReturnArrays(true)
    statements.set(sql, statement)
    return statement
  }

  const all = <Row>({ toRow }: Shape<Row>, sql: string, ...values: SQLInputValue[]): Row[] =>
    (prepared(sql).all(...values) as unknown as Values[]).map(toRow)

  const manyKeys = Math.min(Math.max(featureCount >> 4, 2_000), 20_000)

  /** @returns null: they are too many */
  function keysIn(windows: readonly Box[], after: number, many: number): number[] | null {
    const keys = new Set<number>()
    const select = prepared(
      `select key from boxes_${number}
      where minimum_x <= ? and maximum_x >= ? and minimum_y <= ? and maximum_y >= ? limit ?`,
    )
    for (const { west, south, east, north } of windows) {
      const sides = [east, west, north, south].map(snapToZero) as [number, number, number, number]
      const found = select.all(...sides, many + 1) as unknown as [number][]
      if (found.length > many) return null
      for (const [key] of found) if (key > after) keys.add(key)
    }
    return [...keys].toSorted((a, b) => a - b)
  }

  function rowsOf<Row>(shape: Shape<Row>, keys: readonly number[]): Row[] {
    if (keys.length === 0) return []
    // CROSS JOIN keeps SQLite to this order, which is the keys' own.
    const sql = `select ${shape.columns} from (select value wanted from json_each(?))
      cross join features_${number} on key = wanted`
    return all(shape, sql, JSON.stringify(keys))
  }

  function scanKeys<Row>(shape: Shape<Row>, keys: readonly number[]): RowScan<Row> {
    let position = 0
    return {
      next(count) {
        const rows = rowsOf(shape, keys.slice(position, position + count))
        position += count
        return { rows, done: position >= keys.length }
      },
    }
  }

  function scanAll<Row extends FeatureHead>(
    shape: Shape<Row>,
    ask: Ask,
    first: number,
  ): RowScan<Row> {
    const filter = filterOf(ask)
    let after = first
    if (filter.sql === '') {
      const select = `select ${shape.columns} from features_${number} where key > ? order by key limit ?`
      return {
        next(count) {
          const rows = all(shape, select, after, count)
          after = rows.at(-1)?.key ?? after
          return { rows, done: rows.length < count }
        },
      }
    }
    const last = `select key from features_${number} where key > ? order by key limit 1 offset ${AT_A_TIME - 1}`
    const select = `select ${shape.columns} from features_${number}
      where key > ? and key <= ? ${filter.sql} order by key limit ?`
    return {
      next(count) {
        const end = (prepared(last).get(after) as unknown as [number] | undefined)?.[0]
        const until = end ?? Number.MAX_SAFE_INTEGER
        const rows = all(shape, select, after, until, ...filter.values, count)
        const isCut = rows.length === count
        after = isCut ? rows.at(-1)!.key : until
        return { rows, done: end === undefined && !isCut }
      },
    }
  }

  function scan<Row extends FeatureHead>(shape: Shape<Row>, ask: Ask, after: number): RowScan<Row> {
    const keys = ask.windows && keysIn(ask.windows, after, manyKeys)
    return keys ? scanKeys(shape, keys) : scanAll(shape, ask, after)
  }

  return {
    scan: (ask, after) => scan(ROW, ask, after),
    scanHeads: (ask, after) => scan(HEAD, ask, after),
    byKeys: (keys) => rowsOf(ROW, keys),
    byId: (id) => all(ROW, `select ${ROW.columns} from features_${number} where id = ?`, id)[0],
    spreadAfter: (key, count) =>
      all(
        HEAD,
        `select ${HEAD.columns} from features_${number}
        where (west < east or south < north) and key > ? order by key limit ?`,
        key,
        count,
      ),
    keysIn: (windows, many) => keysIn(windows, 0, many),
    firstRadius: () => FIRST_RADIUS_METRES,
  }
}

/** As conditions behind `where ...`; '' when nothing is asked. */
function filterOf({ windows, texts, time }: Ask): { sql: string; values: SQLInputValue[] } {
  const values: SQLInputValue[] = []
  const conditions: string[] = []
  if (time && time.to !== null) {
    conditions.push('(starts is null or starts <= ?)')
    values.push(time.to)
  }
  if (time && time.from !== null) {
    conditions.push('(ends is null or ends >= ?)')
    values.push(time.from)
  }
  if (windows) {
    const each = windows.map(({ west, south, east, north }) => {
      values.push(...[east, west, north, south].map(snapToZero))
      return '(west <= ? and east >= ? and south <= ? and north >= ?)'
    })
    conditions.push(`(${each.join(' or ') || 'false'})`)
  }
  for (const text of texts) {
    conditions.push('instr(feature, ?)')
    values.push(text)
  }
  return { sql: conditions.map((condition) => `and ${condition}`).join(' '), values }
}

/** Rows that one statement goes through. */
const AT_A_TIME = 5_000

const MAXIMUM_STATEMENTS = 30
