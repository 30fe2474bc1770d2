import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { type Box, snapToZero } from '../../../geo/box.ts'
import type { GenerationReader, RowScan } from '../backend.ts'
import type { Candidate, FeatureHead } from '../feature-rows.ts'
import type { Ask } from '../matching.ts'
import { BYTES_AT_A_TIME } from '../texts.ts'

/** What is read of a row; as arrays, which take a third of the time of objects by column names. */
interface Shape<Row> {
  columns: string
  toRow: (values: Values) => Row
}

/** Selects rows as heads, or with their text. */
interface Selection<Row> {
  /** More than so many must not be asked for at once. */
  most: number
  /** @returns the first rows, until their texts have many bytes (`isMuch`) */
  select(sql: (columns: string) => string, ...values: SQLInputValue[]): Part<Row>
}

interface Part<Row> {
  rows: Row[]
  /** Of their texts, about. */
  bytes: number
}

/** Whether these are to be given before more are read (`texts.ts`). */
const isMuch = (bytes: number) => bytes >= BYTES_AT_A_TIME

/** Of short texts, so that they are together no more than `BYTES_AT_A_TIME`. */
const ROWS_AT_A_TIME = 100
const SHORT_BYTES = BYTES_AT_A_TIME / ROWS_AT_A_TIME

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

/** Without texts that are long. */
const SHORT_COLUMNS = `${HEAD.columns}, iif(octet_length(feature) <= ${SHORT_BYTES}, feature, null)`

type ShortValues = Values | [...rest: unknown[], null]

const hasText = (values: ShortValues): values is Values => values.at(-1) !== null

/** As `GenerationReader`, at once. */
export interface SqliteGenerationReader extends GenerationReader {
  byKeys(keys: readonly number[]): { rows: Candidate[]; read: number }
}

/** Where the search for the nearest begins; most places have a neighbour as near as this. */
const FIRST_RADIUS_METRES = 5_000

/**
 * Reads one generation. Small windows are looked up in the RTREE: all keys, which are sorted, and
 * then the rows of the first ones. Where windows hold much of it, its rows are gone through in the
 * order of their keys instead, some thousands at a time, so that no statement keeps the thread long.
 *
 * `limit +?`: with a bare `limit ?` SQLite looks at the value as it plans, so plans at every call anew.
 */
export function createGenerationReader(
  connection: DatabaseSync,
  number: number,
  featureCount: number,
): SqliteGenerationReader {
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

  const heads: Selection<FeatureHead> = {
    most: Number.MAX_SAFE_INTEGER,
    select: (sql, ...values) => ({ rows: all(HEAD, sql(HEAD.columns), ...values), bytes: 0 }),
  }

  const candidates: Selection<Candidate> = {
    most: ROWS_AT_A_TIME,
    select(sql, ...values) {
      const short = prepared(sql(SHORT_COLUMNS)).all(...values) as unknown as ShortValues[]
      if (!short.every(hasText)) return selectLong(sql(ROW.columns), values)
      const rows = short.map(ROW.toRow)
      return { rows, bytes: rows.reduce((sum, { feature }) => sum + feature.length, 0) }
    },
  }

  /** Row by row, which takes twice as long. */
  function selectLong(sql: string, values: SQLInputValue[]): Part<Candidate> {
    const rows: Candidate[] = []
    let bytes = 0
    for (const row of prepared(sql).iterate(...values) as unknown as Iterable<Values>) {
      const candidate = ROW.toRow(row)
      rows.push(candidate)
      bytes += candidate.feature.length
      if (isMuch(bytes)) break
    }
    return { rows, bytes }
  }

  const manyKeys = Math.min(Math.max(featureCount >> 4, 2_000), 20_000)

  /** @returns null: they are too many */
  function keysIn(windows: readonly Box[], after: number, many: number): number[] | null {
    const keys = new Set<number>()
    const select = prepared(
      `select key from boxes_${number}
      where minimum_x <= ? and maximum_x >= ? and minimum_y <= ? and maximum_y >= ? limit +?`,
    )
    for (const { west, south, east, north } of windows) {
      const sides = [east, west, north, south].map(snapToZero) as [number, number, number, number]
      const found = select.all(...sides, many + 1) as unknown as [number][]
      if (found.length > many) return null
      for (const [key] of found) if (key > after) keys.add(key)
    }
    return [...keys].toSorted((a, b) => a - b)
  }

  function byKeys<Row extends FeatureHead>(
    { most, select }: Selection<Row>,
    keys: readonly number[],
  ): { rows: Row[]; read: number } {
    // CROSS JOIN keeps SQLite to this order, which is the keys' own.
    const sql = (columns: string) => `select ${columns} from (select value wanted from json_each(?))
      cross join features_${number} on key = wanted`
    const rows: Row[] = []
    let read = 0
    for (let bytes = 0; read < keys.length && !isMuch(bytes);) {
      const some = keys.slice(read, read + most)
      const part = select(sql, JSON.stringify(some))
      rows.push(...part.rows)
      bytes += part.bytes
      read += isMuch(part.bytes) ? some.indexOf(part.rows.at(-1)!.key) + 1 : some.length
    }
    return { rows, read }
  }

  function scanKeys<Row extends FeatureHead>(
    selection: Selection<Row>,
    keys: readonly number[],
  ): RowScan<Row> {
    let position = 0
    return {
      next(count) {
        const { rows, read } = byKeys(selection, keys.slice(position, position + count))
        position += read
        return { rows, done: position >= keys.length }
      },
    }
  }

  function scanAll<Row extends FeatureHead>(
    { most, select }: Selection<Row>,
    ask: Ask,
    first: number,
  ): RowScan<Row> {
    const filter = filterOf(ask)
    const sql = (columns: string) => `select ${columns} from features_${number}
      where key > ? and key <= ? ${filter.sql} order by key limit +?`
    let after = first
    return {
      next(count) {
        const stretch = filter.sql === '' ? ALL : stretchAfter(after, ask.texts.length > 0)
        const until = stretch.end ?? Number.MAX_SAFE_INTEGER
        const rows: Row[] = []
        let isMore = true
        for (let bytes = 0; isMore && rows.length < count && !isMuch(bytes);) {
          const many = Math.min(most, count - rows.length)
          const part = select(sql, after, until, ...filter.values, many)
          rows.push(...part.rows)
          bytes += part.bytes
          isMore = part.rows.length === many || isMuch(part.bytes)
          after = isMore ? part.rows.at(-1)!.key : until
        }
        return { rows, done: stretch.end === null && !isMore, searched: stretch.bytes }
      },
    }
  }

  /** What one statement goes through that leaves rows out: few bytes where it looks into texts. */
  function stretchAfter(after: number, looksIntoTexts: boolean): Stretch {
    const select = prepared(
      `select count(*), max(key), ${looksIntoTexts ? 'coalesce(sum(bytes), 0)' : '0'} from (
        select key ${looksIntoTexts ? ', octet_length(feature) bytes' : ''}
        from features_${number} where key > ? order by key limit +?)`,
    )
    for (let many = AT_A_TIME; ; many = Math.ceil(many / 4)) {
      const [count, last, bytes] = select.get(after, many) as unknown as [number, number, number]
      if (many > 1 && bytes > BYTES_AT_A_TIME) continue
      return { end: count < many ? null : last, bytes }
    }
  }

  function scan<Row extends FeatureHead>(
    selection: Selection<Row>,
    ask: Ask,
    after: number,
  ): RowScan<Row> {
    const keys = ask.windows && keysIn(ask.windows, after, manyKeys)
    return keys ? scanKeys(selection, keys) : scanAll(selection, ask, after)
  }

  return {
    scan: (ask, after) => scan(candidates, ask, after),
    scanHeads: (ask, after) => scan(heads, ask, after),
    byKeys: (keys) => byKeys(candidates, keys),
    byId: (id) => all(ROW, `select ${ROW.columns} from features_${number} where id = ?`, id)[0],
    spreadAfter: (key, count) =>
      all(
        HEAD,
        `select ${HEAD.columns} from features_${number}
        where (west < east or south < north) and key > ? order by key limit +?`,
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

interface Stretch {
  /** The last key; null: to the end. */
  end: number | null
  /** Of texts that are looked into. */
  bytes: number
}

const ALL: Stretch = { end: null, bytes: 0 }

const MAXIMUM_STATEMENTS = 30
