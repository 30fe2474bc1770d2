import type { FastifyInstance } from 'fastify'

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
    void reply.header('access-control-allow-origin', '*')
    // Only browsers send it, and only they ask for the rest.
    if (request.headers.origin === undefined) {
      done()
    } else if (
      request.method === 'OPTIONS' &&
      request.headers['access-control-request-method'] !== undefined
    ) {
      void reply.code(204).headers(PREFLIGHT).send()
    } else {
      void reply.header('access-control-expose-headers', EXPOSED)
      done()
    }
  })
}

const EXPOSED =
  'RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, DPoP-Nonce, Link, ETag, Location'

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  // `*` would not cover Authorization.
  'access-control-allow-headers': 'Authorization, Content-Type, DPoP, If-Match, If-None-Match',
  'access-control-max-age': '7200',
  vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
}
