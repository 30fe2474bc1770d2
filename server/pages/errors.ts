import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerProblem, toProblem } from '../http/errors.ts'
import { OAuthError } from '../protocol/oauth-error.ts'
import { Problem } from '../protocol/problem.ts'
import { type Html, html, type HtmlValue } from './html.ts'
import { linkButton } from './parts.ts'
import { PageError } from './page-error.ts'
import { sendPage } from './page.ts'
import { messagesOf } from './visitor.ts'

/**
 * Refusals as pages: what happened, what the person can do now, and the id under which the log has
 * it. Whoever does not take HTML gets RFC 9457 problems.
 */

/** A page that says that something cannot be done, such as an OAuth error that must not be redirected. */
export function errorPage(
  reply: FastifyReply,
  options: {
    status: number
    title: string
    advice: HtmlValue
    /** What developers want to know: the protocol's error and its description. */
    details?: string | null
    link?: { href: string; label: string } | null
    wayOut?: WayOut | null
    requestId: string
  },
): void {
  const { status, title, advice, details = null, link = null, wayOut = null, requestId } = options
  const messages = messagesOf(reply.request)
  sendPage(reply, {
    status,
    title,
    messages,
    formsLeave: wayOut?.formsLeave ?? false,
    body: html`<p>${advice}</p>
      ${details !== null && html`<pre tabindex="0"><code>${details}</code></pre>`}
      ${link && linkButton({ ...link, id: 'go-on' })} ${wayOut?.body}
      ${requestIdLine(messages.errors.requestId, requestId)}`,
  })
}

/** A way out that is not a page of ours; `formsLeave` as in `Page`. */
export interface WayOut {
  body: Html
  formsLeave: boolean
}

/** The error handler of pages. */
export function answerPageError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (!acceptsHtml(request)) {
    answerProblem(error instanceof PageError ? toProblemOf(error) : error, request, reply)
    return
  }
  if (error instanceof PageError) {
    const { status, title, message, link } = error
    errorPage(reply, { status, title, advice: message, link, requestId: request.id })
    return
  }
  const problem = toProblem(error, request)
  void reply.headers(problem.headers)
  const { errors } = messagesOf(request)
  const known = errors.byStatus[problem.status]
  errorPage(reply, {
    status: problem.status,
    title: known?.title ?? errors.refused,
    advice: known?.advice ?? problem.message,
    details: detailsOf(error, problem.status, problem.message),
    requestId: request.id,
  })
}

/** RFC 9110 §12.5.1: a browser's `Accept` names HTML; without one, a page is what the route has. */
function acceptsHtml(request: FastifyRequest): boolean {
  const { accept } = request.headers
  return accept === undefined || /\btext\/html\b|\*\/\*/i.test(accept)
}

function toProblemOf({ status, title, message }: PageError) {
  return new Problem(status, title, message)
}

function detailsOf(error: unknown, status: number, message: string): string | null {
  if (error instanceof OAuthError) return `${error.code}: ${message}`
  return status === 400 ? message : null
}

function requestIdLine(label: string, id: string): Html {
  return html`<p class="request-id">${label} <code id="request-id">${id}</code></p>`
}
