import { describe, expect, it } from 'vitest'
import { ResponseReader } from './http-response.ts'

const sized = 'HTTP/1.1 200 OK\r\nDate: x\r\ncontent-Length: 5\r\n\r\nhello'
const chunked =
  'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n'

describe('RFC 9112 §6.3', () => {
  it.each([
    ['Content-Length', sized, 200],
    ['chunks', chunked, 201],
    ['an empty body', 'HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n', 429],
    ['no body at all', 'HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n', 204],
  ])('reads an answer with %s wherever it is cut', (_, text, status) => {
    for (let cut = 1; cut < text.length; cut++) {
      const reader = new ResponseReader()
      expect(reader.read(Buffer.from(text.slice(0, cut)))).toBeNull()
      expect(reader.read(Buffer.from(text.slice(cut)))).toBe(status)
      expect(reader.read(Buffer.from(text))).toBe(status)
    }
  })

  it.each([
    ['is not HTTP/1.1', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['ends with the connection', 'HTTP/1.1 200 OK\r\nDate: x\r\n\r\n'],
    ['is followed by another', sized + sized],
    ['has a chunk without a size', chunked.replace('5\r\n', 'x\r\n')],
  ])('refuses an answer that %s', (_, text) => {
    expect(() => new ResponseReader().read(Buffer.from(text))).toThrow()
  })
})
