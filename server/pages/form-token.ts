import { timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createHmacSha256 } from '../lib/hmac.ts'
import type { Form } from '../protocol/form.ts'
import { PageError } from './page-error.ts'
import { type Html, html } from './html.ts'
import { messagesOf, type Visitor } from './visitor.ts'

/**
 * Proof that a form was sent from a page that this visitor got from us: a token over the browser's
 * cookie and the session, so that a form of another site, another browser, or from before a sign-in
 * is refused. Beside it, browsers tell where a form comes from (`Origin`, `Sec-Fetch-Site`).
 */
declare module 'fastify' {
  interface FastifyInstance {
    formTokenOf: (visitor: Visitor) => string
    ownOrigin: string
  }
}

export function installFormTokens(
  app: FastifyInstance,
  options: { key: Buffer; publicUrl: string },
): void {
  const hmac = createHmacSha256(options.key)
  app.decorate('ownOrigin', options.publicUrl)
  app.decorate('formTokenOf', ({ browser, session }: Visitor) =>
    hmac(`${browser} ${session?.id ?? ''}`).toString('base64url'),
  )
}

/** The hidden field that every form of a page begins with. */
export function formTokenField(app: FastifyInstance, visitor: Visitor): Html {
  return html`<input type="hidden" name="form_token" value="${app.formTokenOf(visitor)}" />`
}

/**
 * The form of a POST, once it is known to come from a page of ours.
 * @throws PageError 403 otherwise; nothing was changed
 */
export function requireOwnForm(request: FastifyRequest, visitor: Visitor): Form {
  const { form } = request
  if (!form || !isOwnForm(request, visitor, form.get('form_token'))) {
    const { title, advice } = messagesOf(request).errors.expiredForm
    throw new PageError(403, title, advice)
  }
  return form
}

/** @param given the form's `form_token` */
function isOwnForm(request: FastifyRequest, visitor: Visitor, given: string | null): boolean {
  const { origin } = request.headers
  const site = request.headers['sec-fetch-site']
  // `null` is what browsers send where a page asks for no referrer.
  if (origin !== undefined && origin !== 'null' && origin !== request.server.ownOrigin) return false
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  if (given === null) return false
  const expected = Buffer.from(request.server.formTokenOf(visitor))
  const bytes = Buffer.from(given)
  return bytes.length === expected.length && timingSafeEqual(bytes, expected)
}
