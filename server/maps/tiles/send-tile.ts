import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Collection } from '../../access/collections/collection.ts'
import { answerOf } from './tile-answer.ts'
import type { DrawnTile } from './tile-cache.ts'

export function sendTile(
  request: FastifyRequest,
  reply: FastifyReply,
  collection: Collection,
  tile: DrawnTile,
): FastifyReply {
  const { status, headers, body } = answerOf(tile, collection, request.caller, request.headers)
  void reply.code(status)
  for (let index = 0; index < headers.length; index += 2) {
    void reply.header(headers[index]!, headers[index + 1])
  }
  return typeof body === 'string' ? sendText(reply, body) : reply.send(body ?? undefined)
}

/** Fastify sends text as UTF-8 only. */
function sendText(reply: FastifyReply, text: string): FastifyReply {
  reply.hijack()
  const headers = reply.getHeaders() as OutgoingHttpHeaders
  headers['content-length'] = text.length
  reply.raw.writeHead(reply.statusCode, headers)
  reply.raw.end(text, 'latin1')
  return reply
}
