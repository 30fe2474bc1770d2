/**
 * Reads one connection's answers, one at a time, from the bytes as they come: framing by
 * Content-Length or chunks (RFC 9112 §6.3), nothing of the content kept.
 */
export class ResponseReader {
  #text = ''

  /**
   * @returns the status of the answer that `bytes` complete, or null while more of it is to come
   * @throws Error when the bytes are no answer that leaves the connection open, or more than one
   */
  read(bytes: Buffer): number | null {
    const text = this.#text + bytes.toString('latin1')
    const length = responseLength(text)
    if (length === null || text.length < length) {
      if (text.length > MAXIMUM_LENGTH) throw new Error('the answer is too long')
      this.#text = text
      return null
    }
    if (text.length > length) throw new Error('more bytes came than the answer has')
    this.#text = ''
    return Number(text.slice(9, 12))
  }
}

/** Answers that are measured are small; what is longer is a mistake. */
const MAXIMUM_LENGTH = 4_000_000

const STATUS_LINE = /^HTTP\/1\.1 \d{3} /
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i
const CHUNKED = /\r\ntransfer-encoding: *chunked/i

/** The length of the answer that `text` begins with; null: not known yet. */
function responseLength(text: string): number | null {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const head = text.slice(0, headEnd)
  if (!STATUS_LINE.test(head)) throw new Error('the answer does not begin with an HTTP/1.1 status')
  const bodyStart = headEnd + 4
  const contentLength = CONTENT_LENGTH.exec(head)
  if (contentLength) return bodyStart + Number(contentLength[1])
  if (CHUNKED.test(head)) return chunkedEnd(text, bodyStart)
  if (head.startsWith('204', 9)) return bodyStart
  throw new Error('the answer tells its length neither by Content-Length nor in chunks')
}

/** RFC 9112 §7.1, trailers excepted. */
function chunkedEnd(text: string, start: number): number | null {
  let position = start
  for (;;) {
    const lineEnd = text.indexOf('\r\n', position)
    if (lineEnd === -1) return null
    const size = Number.parseInt(text.slice(position, lineEnd), 16)
    if (Number.isNaN(size)) throw new Error('a chunk has no size')
    position = lineEnd + 2 + size + 2
    if (size === 0) return position
    if (position > text.length) return null
  }
}
