import { NEWLINE } from './json-scanner.ts'
import { UnreadableError } from './reading.ts'

/** UTF-16 says so with its first two bytes. */
export function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}

export const IS_UTF16 = 'is UTF-16; it must be UTF-8'

/**
 * The same bytes, as long as they are UTF-8: other encodings would come out as other letters.
 * @throws UnreadableError at the line that is not
 */
export async function* checkedUtf8(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  /** A character may be split between two chunks. */
  let end = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const both = Buffer.concat([end, chunk])
    try {
      decoder.decode(chunk, { stream: true })
    } catch {
      if (line === 1 && isUtf16(both)) throw new UnreadableError(1, IS_UTF16)
      throw new UnreadableError(line + linesBeforeFault(both, end.length), 'is not UTF-8')
    }
    const start = Math.max(0, both.length - LONGEST_CHARACTER_BYTES)
    line += newlinesIn(both.subarray(0, start))
    end = both.subarray(start)
    yield chunk
  }
  try {
    decoder.decode()
  } catch {
    throw new UnreadableError(line + newlinesIn(end), 'is not UTF-8')
  }
}

const LONGEST_CHARACTER_BYTES = 4

/**
 * How many lines are whole before the one that is not UTF-8.
 * @param good how many bytes of the start are, perhaps without that of their first character
 */
function linesBeforeFault(bytes: Buffer, good: number): number {
  let from = 0
  while (from < good && isContinuation(bytes[from]!)) from++
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let lines = 0
  for (;;) {
    const newline = bytes.indexOf(NEWLINE, from)
    const to = newline === -1 ? bytes.length : newline + 1
    try {
      decoder.decode(bytes.subarray(from, to), { stream: true })
    } catch {
      return lines
    }
    if (newline === -1) return lines
    lines++
    from = to
  }
}

const isContinuation = (byte: number) => (byte & 0xc0) === 0x80

function newlinesIn(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++
  return count
}
