import { parseExactJson } from '../../lib/exact-json.ts'
import { badParameter } from '../../protocol/problem.ts'
import {
  CLOSING_BRACE,
  CLOSING_BRACKET,
  COLON,
  COMMA,
  JsonScanner,
  OPENING_BRACE,
  OPENING_BRACKET,
} from '../import/readers/json-scanner.ts'
import { UnreadableError } from '../import/readers/reading.ts'
import { createTurn } from '../store/turns.ts'
import { shown } from './names.ts'

/**
 * A JSON object taken apart before it is parsed, so that no more is parsed at once than one feature,
 * and others get their turn in between.
 */
export interface JsonBody {
  /** Without the array `features`. */
  members: Record<string, unknown>
  /** The elements of that array, each still a text; null: there is none. */
  features: readonly Buffer[] | null
}

/** A geometry, the polygons, their rings, positions: what remains is for properties. */
const MAXIMUM_DEPTH = 64

/** Four for each position of the largest geometry, and as many properties as that leaves. */
const MAXIMUM_VALUES = 500_000

/**
 * @param most how many features there may be
 * @throws Problem 400 for what is not JSON, not UTF-8, no object, nested too deeply, or has too much in
 * one member or feature
 */
export async function splitBody(bytes: Buffer, most: number): Promise<JsonBody> {
  const scanner = new JsonScanner(MAXIMUM_DEPTH)
  const turn = createTurn()
  const members = new Map<string, unknown>()
  let features: Buffer[] | null = null
  let index = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0

  /** The bytes of a value, up to what must follow it. */
  function take(path: string): Buffer {
    scanner.reset()
    index = scanner.skipSpace(bytes, index)
    const start = index
    index = scan(scanner, bytes, start)
    if (scanner.tooDeep) {
      throw badParameter('body', `is nested more than ${MAXIMUM_DEPTH} levels deep`)
    }
    if (scanner.values > MAXIMUM_VALUES) {
      throw badParameter(path, `has more than ${MAXIMUM_VALUES} values`)
    }
    return bytes.subarray(start, index)
  }

  /** @returns whether there is another value behind the comma, or this was the end */
  function goesOn(end: number): boolean {
    const stop = bytes[index++]
    if (stop !== COMMA && stop !== end) throw notJson()
    return stop === COMMA
  }

  function isAt(byte: number): boolean {
    index = scanner.skipSpace(bytes, index)
    if (bytes[index] !== byte) return false
    index++
    return true
  }

  async function takeFeatures(): Promise<Buffer[]> {
    const taken: Buffer[] = []
    if (isAt(CLOSING_BRACKET)) return taken
    do {
      taken.push(take(`features[${taken.length}]`))
      if (taken.length > most) throw badParameter('features', `must be 1 to ${most}`)
      if (turn.isOver()) await turn.yield()
    } while (goesOn(CLOSING_BRACKET))
    return taken
  }

  if (!isAt(OPENING_BRACE)) throw badParameter('body', 'must be a JSON object')
  if (!isAt(CLOSING_BRACE)) {
    do {
      const name = parseJson(take('body'))
      if (typeof name !== 'string' || bytes[index++] !== COLON) throw notJson()
      if (name === 'features' && isAt(OPENING_BRACKET)) {
        features = await takeFeatures()
        members.delete(name)
        index = scanner.skipSpace(bytes, index)
      } else {
        members.set(name, parseJson(take(shown(name))))
        if (name === 'features') features = null
      }
      if (turn.isOver()) await turn.yield()
    } while (goesOn(CLOSING_BRACE))
  }
  if (scanner.skipSpace(bytes, index) < bytes.length) throw notJson()
  return { members: Object.fromEntries(members), features }
}

/** As `parseExactJson`. @throws Problem 400 */
export function parseJson(bytes: Buffer): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw badParameter('body', 'is not UTF-8')
  }
  try {
    return parseExactJson(text)
  } catch {
    throw notJson()
  }
}

function scan(scanner: JsonScanner, bytes: Buffer, from: number): number {
  try {
    return scanner.scan(bytes, from)
  } catch (error) {
    if (error instanceof UnreadableError) throw notJson()
    throw error
  }
}

const notJson = () => badParameter('body', 'is not JSON')

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
