import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import type { Account } from '../access/accounts/account.ts'
import type { Session } from '../access/accounts/session.ts'
import { type Actor, accountActor } from '../access/audit/actor.ts'
import type { LimitCall } from '../http/route.ts'
import type { Clock } from '../lib/clock.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import type { Html } from '../pages/html.ts'
import { type Page, sendPage } from '../pages/page.ts'
import { messagesOf, type Visitor, visitorOf } from '../pages/visitor.ts'
import type { Form } from '../protocol/form.ts'
import { type Texts, textsOf } from './texts.ts'

/** The signed-in person behind a request, with what each page needs. */
export interface Person {
  request: FastifyRequest
  visitor: Visitor
  session: Session
  account: Account
  actor: Actor
  texts: Texts
  /** The hidden field of each form. */
  token: Html
  /** Whether the person proved who they are some minutes ago: asked for before sensitive changes. */
  recent: boolean
  /** Sends a page with the navigation of the person. */
  send(page: Omit<Page, 'visitor' | 'messages'>): FastifyReply
}

/** How these pages find out who asks. */
export interface AsPerson {
  /** For GET: whoever is not signed in is sent to do so, and comes back. */
  shown(
    handler: (person: Person, request: FastifyRequest, reply: FastifyReply) => unknown,
  ): RouteHandlerMethod
  /**
   * For POST: also proves that the form is one of ours, and counts against the route's limit.
   * @param page where a person who must sign in first comes back to: the page with the form
   * @param options.recent the change is sensitive: the sign-in must be recent
   */
  sent(
    page: string | ((request: FastifyRequest) => string),
    handler: (person: Person, form: Form, request: FastifyRequest, reply: FastifyReply) => unknown,
    options?: { recent?: boolean; read?: (request: FastifyRequest) => Promise<void> },
  ): RouteHandlerMethod
}

/** How long after a sign-in sensitive changes need no further one. */
const RECENT_MILLISECONDS = 15 * 60_000

export function createAsPerson(options: { clock: Clock; limitCall: LimitCall }): AsPerson {
  const { clock, limitCall } = options

  async function personOf(request: FastifyRequest, reply: FastifyReply): Promise<Person | null> {
    const visitor = await visitorOf(request, reply)
    const { session } = visitor
    if (!session) return null
    const { account } = session
    return {
      request,
      visitor,
      session,
      account,
      actor: accountActor(account.id, request),
      texts: textsOf(request),
      token: formTokenField(request.server, visitor),
      recent:
        session.authenticatedAt !== null &&
        clock.now() - session.authenticatedAt < RECENT_MILLISECONDS,
      send(page) {
        sendPage(reply, { visitor, messages: messagesOf(request), width: 'wide', ...page })
        return reply
      },
    }
  }

  return {
    shown: (handler) =>
      async function show(request, reply) {
        const person = await personOf(request, reply)
        if (!person) return reply.redirect(signInUrl(request.url), 303)
        return handler(person, request, reply)
      },

    sent: (page, handler, { recent = false, read } = {}) =>
      async function send(request, reply) {
        const person = await personOf(request, reply)
        const back = typeof page === 'string' ? page : page(request)
        if (!person) return reply.redirect(signInUrl(back), 303)
        await limitCall(request, reply, `account:${person.account.id}`)
        await read?.(request)
        const form = requireOwnForm(request, person.visitor)
        if (recent && !person.recent) return reply.redirect(reauthenticationUrl(back), 303)
        return handler(person, form, request, reply)
      },
  }
}

const signInUrl = (page: string) => `/sign-in?continue=${encodeURIComponent(page)}`

/** Where a signed-in person proves again who they are. */
export const reauthenticationUrl = (page: string) => `${signInUrl(page)}&reauth=1`
