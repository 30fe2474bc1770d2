import type { FastifyInstance } from 'fastify'
import type { Usage } from '../access/usage/usage.ts'

/** Counts every answer for its client, secret and endpoint, when it is out. */
export function countUsage(app: FastifyInstance, usage: Usage): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { endpoint } = request.routeOptions.config
    // Nobody's calls are counted too, so that guessing and scanning show.
    if (endpoint) {
      usage.count(
        request.principal?.clientId ?? '',
        request.principal?.secretId ?? '',
        endpoint,
        reply.statusCode,
        reply.elapsedTime,
      )
    }
    done()
  })
}
