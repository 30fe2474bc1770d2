import type { FastifyInstance } from 'fastify'
import { badParameter } from '../protocol/problem.ts'

/**
 * Refuses NUL (U+0000) in the path and the query: no name and no id has one, and Postgres takes it in no
 * text. After the caller is known, as any other fault of a parameter. Forms are judged where they are
 * parsed (`protocol/form.ts`), JSON by its schemas.
 * @throws Problem 400 that names the parameter
 */
export function refuseNul(app: FastifyInstance): void {
  app.addHook('preValidation', (request, _reply, done) => {
    // A URL can hold it in this form alone.
    if (!request.url.includes('%00') || request.is404) return done()
    for (const parameters of [request.params, request.query]) {
      for (const [name, value] of Object.entries(parameters as Record<string, unknown>)) {
        if (`${name}${String(value)}`.includes('\0')) {
          return done(badParameter(name.replaceAll('\0', ''), 'contains a NUL'))
        }
      }
    }
    done()
  })
}
