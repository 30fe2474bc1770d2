import { pipeline, Readable } from 'node:stream'
import { type CsvError, type InfoRecord, parse } from 'csv-parse'
import {
  type ColumnType,
  type CsvOptions,
  geometryOf,
  guessType,
  type PlaceColumns,
  placeColumns,
  valueOf,
} from './csv-columns.ts'
import {
  LARGEST_RECORD_BYTES,
  type Reading,
  shortened,
  type SourceRecord,
  UnreadableError,
} from './reading.ts'

/** Of so many records the types of columns are guessed. */
const GUESSED_OF_RECORDS = 1_000
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
  let waiting: Row[] | null = []
  let waitingBytes = 0
  for await (const row of rowsOf(chunks, options.delimiter)) {
    if ('fault' in row) yield row
    else if (!table) table = new Table(row, options)
    else if (waiting) {
      waiting.push(row)
      waitingBytes += sizeOf(row)
      if (waiting.length < GUESSED_OF_RECORDS && waitingBytes < LARGEST_RECORD_BYTES) continue
      table.guess(waiting)
      for (const each of waiting) yield table.read(each)
      waiting = null
    } else yield table.read(row)
  }
  if (!table) throw new UnreadableError(1, 'is empty')
  table.guess(waiting ?? [])
  for (const each of waiting ?? []) yield table.read(each)
}

interface Row {
  line: number
  cells: string[]
}

function sizeOf({ cells }: Row): number {
  return cells.reduce((sum, cell) => sum + cell.length, 0)
}

/** What the header says, and what has been guessed. */
class Table {
  readonly #names: readonly string[]
  readonly #place: PlaceColumns
  readonly #id: number
  /** Columns that are no properties. */
  readonly #special: ReadonlySet<number>
  readonly #types: (ColumnType | null)[]

  constructor({ line, cells }: Row, options: CsvOptions) {
    this.#names = cells.map((name) => name.trim())
    if (this.#names.length > MOST_COLUMNS) {
      const reason = `the header names ${this.#names.length} columns; at most ${MOST_COLUMNS} are read`
      throw new UnreadableError(line, reason)
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
    this.#special = new Set([this.#id, place.geometry, ...place.degrees])
    this.#types = this.#names.map((name) => options.types?.get(name) ?? null)
  }

  guess(rows: readonly Row[]): void {
    for (const [index, type] of this.#types.entries()) {
      this.#types[index] = type ?? guessType(rows.map((row) => row.cells[index] ?? ''))
    }
  }

  read(row: Row): Reading {
    const { line, cells } = row
    if (cells.length !== this.#names.length) {
      const fault = `has ${cells.length} columns, the header ${this.#names.length}`
      return { line, fault }
    }
    // Without a prototype, for a column may be called `__proto__`.
    const properties = Object.create(null) as Record<string, unknown>
    for (const [index, name] of this.#names.entries()) {
      if (this.#special.has(index)) continue
      const text = cells[index]!
      const value = valueOf(text, this.#types[index]!)
      if (value === undefined) {
        return { line, fault: `${name}: ${shortened(text)} is no ${this.#types[index]}` }
      }
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
    const degrees = this.#place.degrees.map((index) => ({
      name: this.#names[index]!,
      text: cells[index]!.trim(),
    }))
    if (degrees.every(({ text }) => text === '')) {
      const text = cells[this.#place.geometry] ?? ''
      const value = text === '' ? null : geometryOf(text)
      return value === undefined ? 'geometry: is neither GeoJSON nor POINT (x y)' : { value }
    }
    const wrong = degrees.find(({ text }) => text === '' || !Number.isFinite(Number(text)))
    if (wrong) return `${wrong.name}: ${shortened(wrong.text)} is no number`
    return { value: { type: 'Point', coordinates: degrees.map(({ text }) => Number(text)) } }
  }
}

async function* rowsOf(
  chunks: AsyncIterable<Uint8Array>,
  asked: string | undefined,
): AsyncGenerator<Row | { line: number; fault: string }> {
  const { head, rest } = await headOf(chunks)
  const skipped: { line: number; fault: string }[] = []
  const parser = parse({
    bom: true,
    delimiter: asked ?? delimiterOf(head),
    info: true,
    max_record_size: LARGEST_RECORD_BYTES,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip(error: CsvError | undefined) {
      const [line, fault] = [parser.info.lines, `is not CSV: ${error?.message ?? ''}`]
      // After a quote without end, nothing tells where the next record begins.
      if (error?.code === 'CSV_MAX_RECORD_SIZE') parser.destroy(new UnreadableError(line, fault))
      else skipped.push({ line, fault })
      return undefined
    },
  })
  const bytes = Readable.from(
    checked(rest, () => parser.info.lines),
    { objectMode: false },
  )
  // What goes wrong ends the parser, and so is thrown by the loop.
  pipeline(bytes, parser, () => {})
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[]
      info: InfoRecord
    }>) {
      yield* skipped.splice(0)
      yield { line: info.lines, cells: record }
    }
    yield* skipped.splice(0)
  } catch (error) {
    if (error instanceof UnreadableError || !isCsvError(error)) throw error
    throw new UnreadableError(parser.info.lines, `is not CSV: ${error.message}`)
  } finally {
    bytes.destroy()
  }
}

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
  const bare = header.replaceAll(/"[^"]*"/g, '')
  const counted = [',', ';', '\t'].map((each) => ({ each, count: bare.split(each).length }))
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).each
}

/** The same bytes, as long as they are UTF-8: other encodings would come out as other letters. */
async function* checked(chunks: AsyncIterable<Uint8Array>, line: () => number) {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const chunk of chunks) {
    try {
      decoder.decode(chunk, { stream: true })
    } catch {
      throw new UnreadableError(line(), 'is not UTF-8')
    }
    yield chunk
  }
}
