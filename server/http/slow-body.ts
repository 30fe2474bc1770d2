import type { Duplex } from 'node:stream'
import type { ConnectionError, FastifyReply, FastifyRequest } from 'fastify'

/** Connections whose request may take longer to send than the server's `requestTimeout`. */
const slow = new WeakSet<object>()

/**
 * For routes that take files: the request may take as long as it likes to send, so that the route must
 * see to it that it goes on. Holds until the answer is out.
 */
export function allowSlowBody(request: FastifyRequest, reply: FastifyReply): void {
  const { socket } = request.raw
  slow.add(socket)
  reply.raw.once('close', () => slow.delete(socket))
}

/** Answers what is no HTTP, is too long in its head or came too slowly, and ends the connection. */
export function answerClientError(error: ConnectionError, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && slow.has(socket)) return
  if (socket.writable) {
    const status = STATUSES[error.code] ?? '400 Bad Request'
    socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
  }
  socket.destroy(error)
}

const STATUSES: Record<string, string | undefined> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}
