import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'

/**
 * Ends the body of requests that name a type for one and send none. Their stream has ended before
 * anybody reads it (`optimizeEmptyRequests` of `server.ts`), so that parsers would wait for ever.
 */
export function endEmptyBodies(app: FastifyInstance): void {
  app.addHook('preParsing', ({ method, raw }, _reply, payload, done) => {
    const type = method === 'GET' || !raw.readableEnded ? undefined : raw.headers['content-type']
    if (type === undefined) {
      done(null, payload)
      return
    }
    // A DELETE needs no body, and the parser of forms with files reads the request itself.
    if (method === 'DELETE' || MULTIPART.test(type)) delete raw.headers['content-type']
    done(null, Readable.from([]))
  })
}

const MULTIPART = /^\s*multipart\//i
