/**
 * How commands print: for people small tables and `key: value` lines, for programs one JSON document
 * on stdout. Notes and errors go to stderr, so that stdout can be piped.
 */
export interface Output {
  readonly json: boolean
  /** The command's result: `data` as JSON, or `text` for people. Called once. */
  show(data: object, text: string): void
  /** Something to know about the result that is no part of it; left out with --json. */
  note(text: string): void
}

export function createOutput(json: boolean): Output {
  return {
    json,
    show: (data, text) => void process.stdout.write(`${json ? toJson(data) : text}\n`),
    note(text) {
      if (!json) process.stderr.write(`${text}\n`)
    },
  }
}

/** A JSON document in which times (epoch milliseconds here) are RFC 3339 texts. */
export function toJson(data: object): string {
  const text = JSON.stringify(
    data,
    (key, value: unknown) =>
      typeof value === 'number' && TIME_KEY.test(key) && Math.abs(value) <= 8.64e15
        ? new Date(value).toISOString()
        : value,
    2,
  )
  return text.replaceAll(LEFT_IN_JSON, escape)
}

/** Members that hold times, by the names that the code gives them. */
const TIME_KEY = /^(at|from|to|period)$|(At|From)$/

/** Columns two spaces apart. @param rows one text a column, as many as there are headings */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [headings, ...rows].map((row) => row.map(printable))
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  return cells
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n')
}

/** `key: value` lines, the values in one column. */
export function lines(values: Record<string, string | number>): string {
  const width = Math.max(...Object.keys(values).map((key) => key.length)) + 2
  return Object.entries(values)
    .map(([key, value]) => `${`${key}:`.padEnd(width)}${printable(String(value))}`.trimEnd())
    .join('\n')
}

/** A time for people, in UTC. @param absent what to say instead of null */
export function time(at: number | null, absent = '-'): string {
  return at === null ? absent : new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}

/**
 * Without what a terminal obeys: names and reasons come from strangers, and could otherwise move the
 * cursor, make up a line or turn the direction of the text.
 */
export function printable(text: string): string {
  return text.replaceAll(OBEYED, escape)
}

const INVISIBLE = '\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069'
const OBEYED = new RegExp(`[\\u0000-\\u001f${INVISIBLE}]`, 'g')
/** What JSON.stringify leaves as it is. */
const LEFT_IN_JSON = new RegExp(`[${INVISIBLE}]`, 'g')

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
