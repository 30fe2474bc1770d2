import { createHash, hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Collection } from '../../access/collections/collection.ts'
import { createTurn } from '../store/turns.ts'

/**
 * Who may keep an answer, and whether it has to be sent at all (RFC 9110 §13.1.2). What depends on a
 * token is nobody else's; what anybody sees without one may be kept by all.
 */

/** Of a text that is sent as it is: 22 characters. */
export function tagOf(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22)
}

/** As `tagOf` of all of them together, which may be long: others have their turn meanwhile. */
export async function tagOfParts(parts: Iterable<string>): Promise<string> {
  const sum = createHash('sha256')
  const turn = createTurn()
  for (const part of parts) {
    if (turn.isOver()) await turn.yield()
    sum.update(part)
  }
  return sum.digest('base64url').slice(0, 22)
}

/** @param collections what the answer is about: shared caches keep it when all are open */
export function allowCaching(
  request: FastifyRequest,
  reply: FastifyReply,
  collections: readonly Collection[],
): void {
  const shared = !request.caller && collections.every(({ visibility }) => visibility === 'open')
  void reply
    .header('cache-control', shared ? 'public, max-age=60' : 'private, no-cache')
    .header('vary', 'Accept, Authorization')
}

/**
 * Sets the entity tag.
 * @param etag with its quotes
 * @returns true: the caller has this already, and the reply is sent
 */
export function isFresh(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  void reply.header('etag', etag)
  const asked = request.headers['if-none-match']
  if (asked === undefined || !matchesWeakly(asked, etag)) return false
  void reply.code(304).send()
  return true
}

/** RFC 9110 §8.8.3.2: whether they are weak does not count here. */
export function matchesWeakly(list: string, etag: string): boolean {
  if (list.trim() === '*') return true
  const opaque = etag.replace(/^W\//, '')
  return list.split(',').some((part) => part.trim().replace(/^W\//, '') === opaque)
}
