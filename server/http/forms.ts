import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Form, parseForm } from '../protocol/form.ts'
import { invalidRequest } from '../protocol/oauth-error.ts'

/** Longer OAuth requests than this are nobody's. */
const MAXIMUM_FORM_BYTES = 64 * 1_024

declare module 'fastify' {
  interface FastifyRequest {
    /** The parsed form of an OAuth request; set by `acceptForms`. */
    form: Form | null
  }
}

/** Makes the routes of `app` take `application/x-www-form-urlencoded`, and nothing else. */
export function acceptForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer', bodyLimit: MAXIMUM_FORM_BYTES },
    (request, body, done) => {
      try {
        request.form = parseForm(body as Buffer)
        done(null, null)
      } catch (error) {
        done(error as Error)
      }
    },
  )
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: MAXIMUM_FORM_BYTES },
    (_request, _body, done) =>
      done(invalidRequest('The content type must be application/x-www-form-urlencoded.')),
  )
}

/**
 * The form of an OAuth request.
 * @throws OAuthError invalid_request when there is none, or credentials stand in the URL
 */
export function requireForm(request: FastifyRequest): Form {
  for (const name of NEVER_IN_URL) {
    // OAuth 2.1 §2.4.1: URLs end up in logs and histories.
    if (Object.hasOwn(request.query as object, name)) {
      throw invalidRequest(`The parameter ${name} must not be in the URL.`)
    }
  }
  if (!request.form) {
    throw invalidRequest(
      'The parameters must be in a form body (application/x-www-form-urlencoded).',
    )
  }
  return request.form
}

const NEVER_IN_URL = [
  'client_secret',
  'client_assertion',
  'password',
  'code',
  'refresh_token',
  'token',
]
