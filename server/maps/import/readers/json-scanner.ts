import { DEEPEST_NESTING, UnreadableError } from './reading.ts'

/**
 * Finds where JSON values end without parsing them. It works on bytes that come in pieces, so a
 * character may be split between two: all that has a meaning here is ASCII. What stands between is left
 * to `JSON.parse`, value by value, which together is several times faster than a parser that streams.
 */
export class JsonScanner {
  /** Of the next byte, from 1. */
  line = 1
  /** Whether the value that is being scanned went deeper than allowed. */
  tooDeep = false
  /** About how many values it holds: parsing takes time by these, more than by bytes. */
  values = 1
  #depth = 0
  #inString = false
  #escaped = false
  /** The bracket that closes each level. Beyond the deepest one, levels are only counted. */
  readonly #closing: Uint8Array

  constructor(deepest: number = DEEPEST_NESTING) {
    this.#closing = new Uint8Array(deepest)
  }

  /** Before another value. */
  reset(): void {
    this.tooDeep = false
    this.values = 1
    this.#depth = 0
    this.#inString = false
    this.#escaped = false
  }

  get isWithin(): boolean {
    return this.#depth > 0 || this.#inString
  }

  /** @returns the index of the first byte that is no white space, or the length */
  skipSpace(bytes: Uint8Array, from: number): number {
    for (let index = from; index < bytes.length; index++) {
      const byte = bytes[index]!
      if (byte === NEWLINE) this.line++
      else if (byte !== SPACE && byte !== TAB && byte !== RETURN) return index
    }
    return bytes.length
  }

  /**
   * Goes on to the end of the value: the index of the `,`, `:`, `]` or `}` that follows it, or the length
   * of the bytes when it goes on behind them.
   * @throws UnreadableError where brackets do not match or a string has no end
   */
  scan(bytes: Uint8Array, from: number): number {
    for (let index = from; index < bytes.length; index++) {
      const byte = bytes[index]!
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (byte === BACKSLASH) this.#escaped = true
        else if (byte === QUOTE) this.#inString = false
        if (byte === NEWLINE) throw new UnreadableError(this.line, 'a string has no end')
        continue
      }
      switch (byte) {
        case QUOTE:
          this.#inString = true
          break
        case NEWLINE:
          this.line++
          break
        case OPENING_BRACE:
          this.#open(CLOSING_BRACE)
          break
        case OPENING_BRACKET:
          this.#open(CLOSING_BRACKET)
          break
        case CLOSING_BRACE:
        case CLOSING_BRACKET:
          if (this.#depth === 0) return index
          this.#close(byte)
          break
        case COMMA:
        case COLON:
          if (this.#depth === 0) return index
          this.values++
          break
        default:
      }
    }
    return bytes.length
  }

  #open(closing: number): void {
    if (this.#depth < this.#closing.length) this.#closing[this.#depth] = closing
    else this.tooDeep = true
    this.values++
    this.#depth++
  }

  #close(byte: number): void {
    this.#depth--
    if (this.#depth < this.#closing.length && this.#closing[this.#depth] !== byte) {
      const [found, wanted] = [byte, this.#closing[this.#depth]!].map((code) =>
        String.fromCharCode(code),
      )
      throw new UnreadableError(this.line, `there is a ${found} where a ${wanted} is missing`)
    }
  }
}

const TAB = 0x09
export const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const BACKSLASH = 0x5c
export const COMMA = 0x2c
export const COLON = 0x3a
export const OPENING_BRACKET = 0x5b
export const CLOSING_BRACKET = 0x5d
export const OPENING_BRACE = 0x7b
export const CLOSING_BRACE = 0x7d
