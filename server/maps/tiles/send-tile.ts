import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Collection } from '../../access/collections/collection.ts'
import { isFresh } from '../features/caching.ts'
import type { DrawnTile } from './tile-cache.ts'
import { VECTOR_TILE } from './tilesets.ts'

/**
 * Sends a tile, compressed for those who take that. Only what anybody sees without a token may be
 * kept by shared caches; what a token saw is its own, and asked for again each time.
 */
export function sendTile(
  request: FastifyRequest,
  reply: FastifyReply,
  collection: Collection,
  { bytes, gzip, etag, thinned }: DrawnTile,
): FastifyReply {
  const shared = request.caller === null && collection.visibility === 'open'
  void reply.header('cache-control', shared ? 'public, max-age=60' : 'private, no-cache')
  void reply.header('vary', 'Authorization, Accept-Encoding')
  if (!bytes) return reply.code(204).send()
  if (thinned) void reply.header('mapgate-thinned', thinned)
  if (isFresh(request, reply, etag)) return reply
  void reply.header('content-type', VECTOR_TILE)
  if (!gzip || !takesGzip(request.headers['accept-encoding'])) return sendBytes(reply, bytes)
  return sendBytes(reply.header('content-encoding', 'gzip'), gzip)
}

/** Longer ones take their time anyhow. */
const SMALL = 16_384

/**
 * Node writes a head and a text at once, but a head and bytes one after the other, which for small
 * answers is most of the work: so these go as text of one byte a character.
 */
function sendBytes(reply: FastifyReply, bytes: Buffer): FastifyReply {
  if (bytes.length > SMALL) return reply.send(bytes)
  reply.hijack()
  const headers = reply.getHeaders() as OutgoingHttpHeaders
  reply.raw.writeHead(200, { ...headers, 'content-length': bytes.length })
  reply.raw.end(bytes.toString('latin1'), 'latin1')
  return reply
}

/** RFC 9110 §12.5.3: a weight of 0 refuses a coding. */
export function takesGzip(header: string | string[] | undefined): boolean {
  if (header === undefined) return false
  let any = false
  for (const part of String(header).split(',')) {
    const [coding, ...parameters] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/)
    const refused = parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter))
    if (coding === 'gzip' || coding === 'x-gzip') return !refused
    if (coding === '*') any = !refused
  }
  return any
}
