import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/**
 * Cross-origin access for browsers (https://fetch.spec.whatwg.org/#http-cors-protocol). No cookies
 * are involved, so any page may call with a token that it was given; pages for people, which go by
 * cookies, are read by their own origin alone. Preflights end here: they are neither authenticated
 * nor limited.
 */
export function allowCrossOrigin(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { access } = request.routeOptions.config
    if (access?.public && access.page) {
      done()
      return
    }
    if (isPreflight(request)) {
      void reply.code(204).header('access-control-allow-origin', '*').headers(PREFLIGHT).send()
      return
    }
    const headers = crossOriginHeaders(request.headers)
    for (let index = 0; index < headers.length; index += 2) {
      void reply.header(headers[index]!, headers[index + 1])
    }
    done()
  })
}

/** Of answers to anything but a preflight: names and values in turn. */
export function crossOriginHeaders({
  origin,
}: Pick<IncomingHttpHeaders, 'origin'>): readonly string[] {
  // Only browsers send it, and only they ask for the rest.
  return origin === undefined ? TO_ALL : TO_BROWSERS
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  )
}

const EXPOSED =
  'RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, DPoP-Nonce, Link, ETag, Location'

const TO_ALL = ['access-control-allow-origin', '*']
const TO_BROWSERS = [...TO_ALL, 'access-control-expose-headers', EXPOSED]

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  // `*` would not cover Authorization.
  'access-control-allow-headers': 'Authorization, Content-Type, DPoP, If-Match, If-None-Match',
  'access-control-max-age': '7200',
  vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
}
