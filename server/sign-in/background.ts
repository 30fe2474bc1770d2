import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Does work after the answer; see `createBackground`. */
export type Background = (request: FastifyRequest, work: () => Promise<void>) => void

/**
 * For what depends on whether an e-mail is known: done after the answer, so that the time of an answer
 * does not tell. Failures stand in the log; the person asks again. A server that stops waits for it.
 */
export function createBackground(app: FastifyInstance): Background {
  const running = new Set<Promise<void>>()
  app.addHook('onClose', async () => {
    await Promise.all(running)
  })
  return (request, work) => {
    const done = work()
      .catch((error: unknown) => {
        request.log.error({ err: error, requestId: request.id }, 'done after the answer')
      })
      .finally(() => running.delete(done))
    running.add(done)
  }
}
