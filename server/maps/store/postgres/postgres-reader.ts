import type { ClientBase, Pool } from 'pg'
import { type Box, type LonLat, snapToZero } from '../../../geo/box.ts'
import { LONGEST_DISTANCE_METRES } from '../../../geo/distance.ts'
import type { GenerationReader, RowScan } from '../backend.ts'
import type { Candidate, FeatureHead } from '../feature-rows.ts'
import type { Ask } from '../matching.ts'
import { distanceTo } from '../nearest.ts'
import { fewBytes, isCut } from './few-bytes.ts'

const HEAD = 'key, west, south, east, north, starts, ends'
const ROW = `${HEAD}, feature`

type Summed = Candidate & { bytes: number }

/**
 * Reads one generation. Postgres guesses the share of rows that a box holds without looking at it, so
 * which index is used is chosen here: GiST for small windows; for those that hold much of the extent
 * rows are gone through in the order of their keys.
 */
export function createGenerationReader(
  client: Pick<Pool | ClientBase, 'query'>,
  number: number,
  extent: Box | null,
): GenerationReader {
  const table = `map_features_${number}`

  /** The first so many behind a key, as a subquery. */
  function first(columns: string, ask: Ask, after: number, count: number, bind: Bind): string {
    const { narrow, rest } = conditions(ask, extent, bind)
    // OFFSET 0 keeps the planner from going through all keys instead.
    const from = narrow === null ? table : `(select * from ${table} where ${narrow} offset 0) found`
    return `select ${columns} from ${from}
      where key > ${bind(after)} ${rest} order by key limit ${bind(count)}`
  }

  async function firstOf<Row>(columns: string, ask: Ask, after: number, count: number) {
    const values: unknown[] = []
    const sql = first(columns, ask, after, count, (value) => `$${values.push(value)}`)
    return (await client.query<Row & object>(sql, values)).rows
  }

  async function firstRows(ask: Ask, after: number, count: number) {
    const values: unknown[] = []
    const sql = first(ROW, ask, after, count, (value) => `$${values.push(value)}`)
    const { rows } = await client.query<Summed>(fewBytes(ROW, `(${sql}) first`), values)
    return { rows, isMore: rows.length === count || isCut(rows) }
  }

  async function byKeys(keys: readonly number[]): Promise<{ rows: Candidate[]; read: number }> {
    if (keys.length === 0) return { rows: [], read: 0 }
    const { rows } = await client.query<Summed>(
      fewBytes(
        ROW,
        `unnest($1::bigint[]) with ordinality wanted (wanted, place) join ${table} on key = wanted`,
        'place',
      ),
      [keys],
    )
    return { rows, read: isCut(rows) ? keys.indexOf(rows.at(-1)!.key) + 1 : keys.length }
  }

  /** Rows without text are small, so many come at once: the index would be asked again for each batch. */
  function scanHeads(ask: Ask, from: number): RowScan<FeatureHead> {
    let after = from
    return {
      async next(count) {
        const many = Math.max(count, MANY)
        const rows = await firstOf<FeatureHead>(HEAD, ask, after, many)
        after = rows.at(-1)?.key ?? after
        return { rows, done: rows.length < many }
      },
    }
  }

  /** The first rows, and then, if these were not all, the keys of many more. */
  function scan(ask: Ask, from: number): RowScan<Candidate> {
    let after = from
    let isFirst = true
    let keys: number[] = []
    let isLast = false
    return {
      async next(count) {
        if (isFirst || ask.windows === null) {
          isFirst = false
          const { rows, isMore } = await firstRows(ask, after, count)
          after = rows.at(-1)?.key ?? after
          return { rows, done: !isMore }
        }
        if (keys.length === 0) {
          const found = await firstOf<{ key: number }>('key', ask, after, MANY)
          keys = found.map(({ key }) => key)
          after = keys.at(-1) ?? after
          isLast = found.length < MANY
        }
        const { rows, read } = await byKeys(keys.slice(0, count))
        keys.splice(0, read)
        return { rows, done: isLast && keys.length === 0 }
      },
    }
  }

  return {
    scan,
    scanHeads,
    byKeys,
    async byId(id) {
      const { rows } = await client.query<Candidate>(`select ${ROW} from ${table} where id = $1`, [
        id,
      ])
      return rows[0]
    },
    async spreadAfter(key, count) {
      const { rows } = await client.query<FeatureHead>(
        `select ${HEAD} from ${table} where (west < east or south < north) and key > $1
        order by key limit $2`,
        [key, count],
      )
      return rows
    },
    async keysIn(windows, many) {
      const values: unknown[] = []
      const bind = (value: unknown) => `$${values.push(value)}`
      const { rows } = await client.query<{ key: number }>(
        `select key from ${table} where ${overlaps(windows, bind)} limit ${bind(many + 1)}`,
        values,
      )
      return rows.length > many ? null : rows.map(({ key }) => key).toSorted((a, b) => a - b)
    },
    /** As far as those that are nearest on the plane. */
    async firstRadius(windows: readonly Box[] | null, point: LonLat, limit: number) {
      const values: unknown[] = []
      const bind = (value: unknown) => `$${values.push(value)}`
      const { rows } = await client.query<{ west: number; south: number }>(
        `select west, south from ${table} ${windows ? `where ${overlaps(windows, bind)}` : ''}
        order by bounds <-> ${bind(`(${point.map(snapToZero).join()})`)}::point limit ${bind(limit)}`,
        values,
      )
      if (rows.length < limit) return LONGEST_DISTANCE_METRES
      return Math.max(...rows.map((row) => distanceTo(row, point)))
    },
  }
}

type Bind = (value: unknown) => string

function conditions(
  { windows, texts, time }: Ask,
  extent: Box | null,
  bind: Bind,
): { narrow: string | null; rest: string } {
  const all: string[] = []
  const isWide =
    windows !== null && extent !== null && windows.some((window) => shareOf(window, extent) > WIDE)
  const narrow = windows && !isWide ? overlaps(windows, bind) : null
  if (isWide) all.push(touches(windows, bind))
  if (time && time.to !== null) all.push(`(starts is null or starts <= ${bind(time.to)})`)
  if (time && time.from !== null) all.push(`(ends is null or ends >= ${bind(time.from)})`)
  for (const text of texts) all.push(`position(${bind(text)} in feature) > 0`)
  return { narrow, rest: all.map((condition) => `and ${condition}`).join(' ') }
}

/** By the index. `&&` of boxes forgives 1e-6 degrees. */
function overlaps(windows: readonly Box[], bind: Bind): string {
  return `(${windows.map((window) => `bounds && ${bind(boxText(window))}::box`).join(' or ') || 'false'})`
}

/** Without the index. */
function touches(windows: readonly Box[], bind: Bind): string {
  const each = windows.map((window) => {
    const side = (name: keyof Box) => bind(snapToZero(window[name]))
    return `(west <= ${side('east')} and east >= ${side('west')}
      and south <= ${side('north')} and north >= ${side('south')})`
  })
  return `(${each.join(' or ')})`
}

/** Postgres swaps sides that are the wrong way round, as those of windows may be: it then gives more. */
function boxText({ west, south, east, north }: Box): string {
  const [e, n, w, s] = [east, north, west, south].map(snapToZero)
  return `(${e},${n}),(${w},${s})`
}

/** Rows without text, or keys, of one query. */
const MANY = 50_000

/** Of the extent that a window has to hold for the index to be of no use. */
const WIDE = 0.1

function shareOf(window: Box, extent: Box): number {
  const part = (low: number, high: number, from: number, to: number) =>
    to > from ? (Math.min(high, to) - Math.max(low, from)) / (to - from) : 1
  const width = part(window.west, window.east, extent.west, extent.east)
  const height = part(window.south, window.north, extent.south, extent.north)
  return width > 0 && height > 0 ? width * height : 0
}
