import type { FastifyInstance } from 'fastify'
import { acceptForms } from '../http/forms.ts'
import type { PublicAccess, Quota } from '../http/route.ts'
import { answerPageError } from './errors.ts'

/** The options of a page's route; pages are no part of the API reference. */
export function pageRoute(endpoint: string, limit?: Quota) {
  const access: PublicAccess = { public: true, page: true, ...(limit && { limit }) }
  return { config: { endpoint, access }, schema: { hide: true } }
}

/** Makes the routes of `app` pages: they take forms, and what they throw is answered by a page. */
export function preparePages(app: FastifyInstance): void {
  acceptForms(app)
  app.setErrorHandler(answerPageError)
}
