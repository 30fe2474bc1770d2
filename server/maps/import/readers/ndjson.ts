import { IS_UTF16, isUtf16 } from './checked-utf8.ts'
import { JsonScanner, NEWLINE } from './json-scanner.ts'
import { KeptBytes } from './kept-bytes.ts'
import {
  featureOf,
  LARGEST_RECORD_BYTES,
  type Reading,
  TOO_DEEP,
  TOO_LARGE,
  UnreadableError,
} from './reading.ts'

/**
 * Reads GeoJSON features that stand in lines of their own, or each behind a record separator
 * (RFC 8142). A bad line is one fault; the lines behind it are read.
 * @throws UnreadableError when there is none: a file that was never written looks the same; and when it
 * is UTF-16
 */
export async function* readNdjson(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Reading> {
  const scanner = new JsonScanner()
  const kept = new KeptBytes(LARGEST_RECORD_BYTES)
  let line = 1
  let isEmpty = true
  for await (const chunk of chunks) {
    let from = 0
    for (let end = endOfLine(chunk, 0); end !== -1; end = endOfLine(chunk, from)) {
      kept.add(chunk, from, end)
      const reading = readLine(kept.take(), line, scanner)
      if (reading) {
        isEmpty = false
        yield reading
      }
      line++
      from = end + 1
    }
    kept.add(chunk, from, chunk.length)
  }
  const reading = readLine(kept.take(), line, scanner)
  if (reading) yield reading
  else if (isEmpty) throw new UnreadableError(1, 'is empty')
}

function endOfLine(chunk: Uint8Array, from: number): number {
  return chunk.indexOf(NEWLINE, from)
}

/** Null: an empty line. */
function readLine(bytes: Buffer | null, line: number, scanner: JsonScanner): Reading | null {
  if (bytes === null) return { line, fault: TOO_LARGE }
  if (line === 1 && isUtf16(bytes)) throw new UnreadableError(1, IS_UTF16)
  const text = withoutMarks(bytes, line)
  scanner.reset()
  const start = scanner.skipSpace(text, 0)
  if (start === text.length) return null
  try {
    scanner.scan(text, start)
  } catch (error) {
    if (error instanceof UnreadableError) return { line, fault: `is not JSON: ${error.message}` }
    throw error
  }
  return scanner.tooDeep ? { line, fault: TOO_DEEP } : featureOf(text, line)
}

/** Without the record separator, and the byte order mark of a file. */
function withoutMarks(bytes: Buffer, line: number): Buffer {
  let from = 0
  if (line === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) from = 3
  while (bytes[from] === RECORD_SEPARATOR) from++
  return bytes.subarray(from)
}

const RECORD_SEPARATOR = 0x1e
