import { isUtf8 } from 'node:buffer'
import { parseExactJson } from '../../../lib/exact-json.ts'

/**
 * What the readers of this folder give, one after the other: a record, or what is wrong with one. Each
 * reader turns bytes into these and keeps no more than one record, however large its input is; where
 * it cannot go on at all it throws an `UnreadableError`. Whether a geometry is a good one, or a property
 * fits the collection, is judged by `run-import.ts`.
 */
export type Reading = GoodReading | { line: number; fault: string }

export interface GoodReading {
  /** From 1; 0 where lines mean nothing. */
  line: number
  /** About how large its text is: what memory it takes is some times that. */
  bytes: number
  value: SourceRecord
}

/** A feature as its file has it, in numbers as `parseExactJson` gives them. */
export interface SourceRecord {
  id?: string | number | bigint
  geometry: unknown
  properties: Record<string, unknown>
}

/** Bytes that can be read more than once. */
export interface Source {
  /** Bytes; null: not known before the end. */
  size: number | null
  /** From the start, or those from one place up to before another. */
  open(from?: number, to?: number): AsyncIterable<Uint8Array>
}

/** What comes behind this line cannot be told apart into records. */
export class UnreadableError extends Error {
  override name = 'UnreadableError'
  readonly line: number

  constructor(line: number, reason: string) {
    super(reason)
    this.line = line
  }
}

/** A longer record is a fault, and never kept. */
export const LARGEST_RECORD_BYTES = 16 * 1_024 * 1_024
/** Deeper nesting would bring recursive code down. */
export const DEEPEST_NESTING = 100

/** What is wrong with a record, fit to follow its line. */
export const TOO_LARGE = `is larger than ${LARGEST_RECORD_BYTES / 1_024 / 1_024} MiB`
export const TOO_DEEP = `is nested deeper than ${DEEPEST_NESTING} levels`

/** A GeoJSON feature out of its text, whose nesting has been judged already. */
export function featureOf(text: Buffer, line: number): Reading {
  if (!isUtf8(text)) return { line, fault: 'is not UTF-8' }
  let value: unknown
  try {
    value = parseExactJson(text.toString('utf8'))
  } catch (error) {
    return { line, fault: `is not JSON: ${(error as Error).message}` }
  }
  return recordOf(value, line, text.length)
}

/** RFC 7946 §3.2: `properties` may be null, and an `id` is a string or a number. */
export function recordOf(value: unknown, line: number, bytes: number): Reading {
  if (!isObject(value)) return { line, fault: 'is no GeoJSON feature' }
  const { type, id, geometry, properties } = value
  if (type !== 'Feature') {
    const named = typeof type === 'string' ? `a ${shortened(type)}` : 'without a type'
    return { line, fault: `is no GeoJSON feature but ${named}` }
  }
  if (properties !== null && properties !== undefined && !isObject(properties)) {
    return { line, fault: 'properties: must be an object or null' }
  }
  const record: SourceRecord = { geometry: geometry ?? null, properties: properties ?? {} }
  if (id === undefined || id === null) return { line, bytes, value: record }
  if (typeof id !== 'string' && typeof id !== 'number' && typeof id !== 'bigint') {
    return { line, fault: 'id: must be a string or a number' }
  }
  return { line, bytes, value: { ...record, id } }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A stranger's text, fit to stand in a message. */
export function shortened(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
