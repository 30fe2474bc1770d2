import { parseExactJson } from '../../../lib/exact-json.ts'
import { IS_UTF16 } from './checked-utf8.ts'
import {
  CLOSING_BRACE,
  CLOSING_BRACKET,
  COLON,
  COMMA,
  JsonScanner,
  OPENING_BRACE,
  OPENING_BRACKET,
} from './json-scanner.ts'
import { KeptBytes } from './kept-bytes.ts'
import {
  featureOf,
  isObject,
  LARGEST_RECORD_BYTES,
  type Reading,
  recordOf,
  shortened,
  TOO_DEEP,
  TOO_LARGE,
  UnreadableError,
} from './reading.ts'

/**
 * Reads a GeoJSON text (RFC 7946): a FeatureCollection, whose other members may stand before and after
 * its features, or one Feature. Lines are those where features begin.
 * @throws UnreadableError when the text is something else, or what follows cannot be trusted
 */
export async function* readGeoJson(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Reading> {
  const text = new GeoJsonText()
  for await (const chunk of chunks) yield* text.push(chunk)
  yield* text.end()
}

type Expected = 'text' | 'name' | 'value' | 'rest of value' | 'feature' | 'next member' | 'nothing'

/** One text, as far as it has come. */
class GeoJsonText {
  #expected: Expected = 'text'
  readonly #scanner = new JsonScanner()
  readonly #kept = new KeptBytes(LARGEST_RECORD_BYTES)
  /** Where the value began that is being gathered. */
  #line = 1
  #name = ''
  #members = 0
  #features = 0
  /** Bytes of the members that are kept. */
  #size = 0
  /** The few members that mean something; of a collection they are small. */
  readonly #known = new Map<string, unknown>()

  /** The features that end in these bytes. */
  push(bytes: Uint8Array): Reading[] {
    const readings: Reading[] = []
    let index = 0
    while (index < bytes.length) {
      if (!this.#scanner.isWithin && this.#kept.isEmpty) {
        index = this.#scanner.skipSpace(bytes, index)
        if (index === bytes.length) return readings
        this.#line = this.#scanner.line
      }
      const byte = bytes[index]!
      switch (this.#expected) {
        case 'text':
          index += this.#begin(byte)
          break
        case 'value':
          if (this.#name === 'features' && byte === OPENING_BRACKET) {
            this.#checkType('FeatureCollection')
            this.#known.set('features', true)
            this.#expected = 'feature'
            index++
          } else this.#expected = 'rest of value'
          break
        case 'next member':
          if (byte === COMMA) this.#expected = 'name'
          else if (byte === CLOSING_BRACE) this.#expected = 'nothing'
          else this.#fail('after "features" there must be a comma or the end of the object')
          index++
          break
        case 'nothing':
          this.#fail(
            byte === OPENING_BRACE
              ? 'another object follows the first: features in lines of their own are the format ndjson'
              : 'something follows the end of the object',
          )
          break
        case 'name':
        case 'rest of value':
        case 'feature': {
          const end = this.#scanner.scan(bytes, index)
          this.#kept.add(bytes, index, end)
          index = end + 1
          if (end === bytes.length) return readings
          const reading = this.#endOfValue(bytes[end]!)
          if (reading) readings.push(reading)
        }
      }
    }
    return readings
  }

  /** The one feature of a text that is no collection. */
  end(): Reading[] {
    if (this.#expected === 'text') this.#fail('is empty')
    if (this.#expected !== 'nothing') {
      throw new UnreadableError(this.#scanner.line, 'ends in the middle of the object')
    }
    checkReferenceSystem(this.#known.get('crs'), this.#scanner.line)
    if (this.#known.get('type') === 'Feature') {
      return [recordOf(Object.fromEntries(this.#known), 1, this.#size)]
    }
    this.#checkType('FeatureCollection')
    if (this.#known.get('type') === undefined) this.#fail('has no "type"')
    if (!this.#known.has('features')) this.#fail('has no array "features"')
    return []
  }

  #begin(byte: number): number {
    if (BYTE_ORDER_MARK.includes(byte)) return 1
    if (byte === OPENING_BRACE) {
      this.#expected = 'name'
      return 1
    }
    if (byte === OPENING_BRACKET) {
      this.#fail('is an array; it must be a GeoJSON FeatureCollection or Feature')
    }
    if (byte === 0x1e) this.#fail('is a sequence of texts (RFC 8142): the format ndjson')
    if (byte === 0xff || byte === 0xfe) this.#fail(IS_UTF16)
    return this.#fail('is not JSON')
  }

  #endOfValue(stop: number): Reading | null {
    const text = this.#kept.take()
    const { tooDeep } = this.#scanner
    this.#scanner.reset()
    if (this.#expected === 'feature') return this.#endOfFeature(text, tooDeep, stop)
    if (text === null) this.#fail(TOO_LARGE)
    if (tooDeep) this.#fail(TOO_DEEP)
    if (this.#expected === 'name') {
      if (stop === CLOSING_BRACE && text.length === 0 && this.#members === 0) {
        this.#expected = 'nothing'
        return null
      }
      const name = this.#parse(text)
      if (typeof name !== 'string' || stop !== COLON) this.#fail('is not JSON')
      this.#name = name
      this.#members++
      this.#expected = 'value'
      return null
    }
    const value = this.#parse(text)
    if (KNOWN.has(this.#name)) {
      this.#known.set(this.#name, value)
      this.#size += text.length
    }
    // A name that is repeated takes the place of the one before, so no more than one of each is kept.
    if (stop === COMMA) this.#expected = 'name'
    else if (stop === CLOSING_BRACE) this.#expected = 'nothing'
    else this.#fail('is not JSON')
    return null
  }

  #endOfFeature(text: Buffer | null, tooDeep: boolean, stop: number): Reading | null {
    if (stop === CLOSING_BRACKET) this.#expected = 'next member'
    else if (stop !== COMMA) this.#fail('there must be a comma or a ] behind a feature')
    if (text?.length === 0 && stop === CLOSING_BRACKET && this.#features === 0) return null
    this.#features++
    if (text === null) return { line: this.#line, fault: TOO_LARGE }
    if (tooDeep) return { line: this.#line, fault: TOO_DEEP }
    return featureOf(text, this.#line)
  }

  #parse(text: Buffer): unknown {
    try {
      return parseExactJson(text.toString('utf8'))
    } catch (error) {
      return this.#fail(`is not JSON: ${(error as Error).message}`)
    }
  }

  /** What the text says it is, as far as it has said so. */
  #checkType(wanted: string): void {
    const type = this.#known.get('type')
    if (type === undefined || type === wanted) return
    const named = typeof type === 'string' ? `a ${shortened(type)}` : 'of no type'
    this.#fail(`is ${named}; it must be a GeoJSON FeatureCollection or Feature`)
  }

  #fail(reason: string): never {
    throw new UnreadableError(this.#line, reason)
  }
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]
const KNOWN = new Set(['type', 'id', 'geometry', 'properties', 'crs'])

/**
 * RFC 7946 §4: coordinates are longitude and latitude in WGS 84, and a `crs` of older files may only
 * say so too.
 */
function checkReferenceSystem(crs: unknown, line: number): void {
  const name = isObject(crs) && isObject(crs['properties']) ? crs['properties']['name'] : undefined
  if (typeof name !== 'string' || /(CRS:?84h?|EPSG:{1,2}(4326|4979))$/i.test(name)) return
  throw new UnreadableError(
    line,
    `crs: is ${shortened(name)}; coordinates must be longitude and latitude (WGS 84)`,
  )
}
