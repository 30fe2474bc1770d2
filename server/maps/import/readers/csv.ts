import { pipeline, Readable } from 'node:stream'
import { type CsvError, type InfoRecord, parse } from 'csv-parse'
import {
  type CsvOptions,
  degreesOf,
  geometryOf,
  type PlaceColumns,
  placeColumns,
  propertyOf,
  valueOf,
} from './csv-columns.ts'
import { checkedUtf8 } from './checked-utf8.ts'
import {
  LARGEST_RECORD_BYTES,
  type Reading,
  shortened,
  type SourceRecord,
  UnreadableError,
} from './reading.ts'

/** Far more than a collection has properties. */
const MOST_COLUMNS = 10_000

/**
 * Reads CSV (RFC 4180) in UTF-8 whose first record names the columns. An `id` column gives the
 * record's id, an empty value is null. Lines are those where records end.
 * @throws UnreadableError when the header does not fit, or what follows cannot be told apart
 */
export async function* readCsv(
  chunks: AsyncIterable<Uint8Array>,
  options: CsvOptions = {},
): AsyncGenerator<Reading> {
  let table: Table | null = null
  for await (const row of rowsOf(chunks, options.delimiter)) {
    if ('fault' in row) yield row
    else if (table) yield table.read(row)
    else table = new Table(row, options)
  }
  if (!table) throw new UnreadableError(1, 'is empty')
}

interface Row {
  line: number
  cells: string[]
}

function sizeOf({ cells }: Row): number {
  return cells.reduce((sum, cell) => sum + cell.length, 0)
}

/** What the header says. */
class Table {
  readonly #names: readonly string[]
  /** The property of each column; null: it is none. */
  readonly #properties: readonly (string | null)[]
  readonly #place: PlaceColumns
  readonly #id: number
  readonly #types: NonNullable<CsvOptions['types']>
  /** Columns without a name behind all others: each line ends with a delimiter. */
  readonly #empty: number

  constructor({ line, cells }: Row, options: CsvOptions) {
    const all = cells.map((name) => name.trim())
    this.#names = all.slice(0, all.findLastIndex((name) => name !== '') + 1)
    this.#empty = all.length - this.#names.length
    if (this.#names.length > MOST_COLUMNS) {
      const reason = `the header names ${this.#names.length} columns; at most ${MOST_COLUMNS} are read`
      throw new UnreadableError(line, reason)
    }
    const unnamed = this.#names.indexOf('')
    if (unnamed !== -1) {
      throw new UnreadableError(line, `the header has no name for column ${unnamed + 1}`)
    }
    const seen = new Set<string>()
    const twice = this.#names.find((name) => seen.size === seen.add(name).size)
    if (twice !== undefined) {
      throw new UnreadableError(line, `the header names ${shortened(twice)} twice`)
    }
    const place = placeColumns(this.#names, options)
    if (typeof place === 'string') throw new UnreadableError(line, `the header ${place}`)
    this.#place = place
    this.#id = this.#names.findIndex((name) => name.toLowerCase() === 'id')
    const special = new Set([this.#id, ...place.special])
    this.#properties = this.#names.map((name, index) =>
      special.has(index) ? null : propertyOf(name),
    )
    this.#types = options.types ?? new Map()
  }

  read(row: Row): Reading {
    const { line, cells } = row
    const [count, wanted] = [cells.length, this.#names.length]
    const isLonger = count > wanted && count <= wanted + this.#empty
    const isPadded = isLonger && cells.slice(wanted).every((cell) => cell === '')
    if (count !== wanted && !isPadded) {
      return { line, fault: `has ${count} columns, the header ${wanted + this.#empty}` }
    }
    // Without a prototype, for a column may be called `__proto__`.
    const properties = Object.create(null) as Record<string, unknown>
    for (const [index, name] of this.#properties.entries()) {
      if (name === null) continue
      const text = cells[index]!
      const type = this.#types.get(name)
      const value = valueOf(text, type)
      if (value === undefined) return { line, fault: `${name}: ${shortened(text)} is no ${type}` }
      properties[name] = value
    }
    const geometry = this.#geometry(cells)
    if (typeof geometry === 'string') return { line, fault: geometry }
    const value: SourceRecord = { geometry: geometry.value, properties }
    const id = cells[this.#id] ?? ''
    return { line, bytes: sizeOf(row), value: id === '' ? value : { ...value, id } }
  }

  /** In a box; or what is wrong with it. */
  #geometry(cells: readonly string[]): { value: unknown } | string {
    const { degrees: columns, degreesFirst, geometry } = this.#place
    const degrees = columns.map((index) => ({
      name: this.#names[index]!,
      text: cells[index]!.trim(),
    }))
    const text = cells[geometry] ?? ''
    if (degrees.every((each) => each.text === '') || (text !== '' && !degreesFirst)) {
      const value = text === '' ? null : geometryOf(text)
      return value === undefined ? 'geometry: is neither GeoJSON nor POINT (x y)' : { value }
    }
    const coordinates = degrees.map((each) => degreesOf(each.text))
    const wrong = coordinates.indexOf(null)
    if (wrong === -1) return { value: { type: 'Point', coordinates } }
    return `${degrees[wrong]!.name}: ${shortened(degrees[wrong]!.text)} is no number`
  }
}

async function* rowsOf(
  chunks: AsyncIterable<Uint8Array>,
  asked: string | undefined,
): AsyncGenerator<Row | { line: number; fault: string }> {
  const { head, rest } = await headOf(chunks)
  const [, said] = SEPARATOR_LINE.exec(head) ?? []
  const skipped: { line: number; fault: string }[] = []
  /** Where the last record ended that the parser has gone through. */
  let last = { lines: 0, empty: 0 }
  const parser = parse({
    bom: true,
    delimiter: asked ?? said ?? delimiterOf(head),
    info: true,
    max_record_size: LARGEST_RECORD_BYTES,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_record(record: string[], { lines, empty_lines: empty }) {
      last = { lines, empty }
      return record
    },
    on_skip(error: CsvError | undefined) {
      const { lines: line, empty_lines: empty } = parser.info
      const fault = `is not CSV: ${error?.message ?? ''}`
      // After a quote without end, nothing tells where the next record begins.
      if (error?.code === 'CSV_MAX_RECORD_SIZE' || error?.code === 'CSV_QUOTE_NOT_CLOSED') {
        const start = last.lines + 1 + empty - last.empty
        const what = error.code === 'CSV_MAX_RECORD_SIZE' ? TOO_LONG : NOT_CLOSED
        parser.destroy(new UnreadableError(start, `the record that begins here ${what}`))
        return undefined
      }
      last = { lines: line, empty }
      skipped.push({ line, fault })
      return undefined
    },
  })
  const bytes = Readable.from(checkedUtf8(rest), { objectMode: false })
  // What goes wrong ends the parser, and so is thrown by the loop.
  pipeline(bytes, parser, () => {})
  let isSaid = said !== undefined
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[]
      info: InfoRecord
    }>) {
      // The parser is ahead of what has been taken from it.
      while (skipped[0] && skipped[0].line <= info.lines) yield skipped.shift()!
      if (!isSaid) yield { line: info.lines, cells: record }
      isSaid = false
    }
    yield* skipped
  } catch (error) {
    if (error instanceof UnreadableError || !isCsvError(error)) throw error
    throw new UnreadableError(parser.info.lines, `is not CSV: ${error.message}`)
  } finally {
    bytes.destroy()
  }
}

const TOO_LONG = `is larger than ${LARGEST_RECORD_BYTES / 1_024 / 1_024} MiB: a quote in it may have no end`
const NOT_CLOSED = 'has a quote without end'

/** Excel is told so what stands between columns. */
const SEPARATOR_LINE = /^\ufeff?"?sep=([^"\r\n])"?\r?$/i

function isCsvError(error: unknown): error is CsvError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_')
}

/** The first line, as far as it can be looked at, and all bytes, it too. */
async function headOf(chunks: AsyncIterable<Uint8Array>) {
  const iterator = chunks[Symbol.asyncIterator]()
  const pieces: Uint8Array[] = []
  let size = 0
  for (;;) {
    const next = await iterator.next()
    if (next.done) break
    pieces.push(next.value)
    size += next.value.length
    if (size >= LONGEST_HEADER_BYTES || next.value.includes(0x0a)) break
  }
  async function* rest() {
    yield* pieces
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { head: Buffer.concat(pieces).toString('utf8').split('\n')[0]!, rest: rest() }
}

const LONGEST_HEADER_BYTES = 64 * 1_024

function delimiterOf(header: string): string {
  const bare = header.replaceAll(/"[^"]*(?:"|$)/g, '')
  const counted = [',', ';', '\t'].map((each) => ({ each, count: bare.split(each).length }))
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).each
}
