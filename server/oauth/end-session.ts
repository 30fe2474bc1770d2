import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Session, Sessions } from '../access/accounts/session.ts'
import type { Client } from '../access/clients/client.ts'
import type { ResolveClient } from '../access/clients/client-resolver.ts'
import type { SigningKeys } from '../access/keys/signing-keys.ts'
import type { ChangeFeed } from '../database/change-feed.ts'
import { clearCookie } from '../http/cookies.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import { postForm, submitButton } from '../pages/form.ts'
import { html } from '../pages/html.ts'
import { sendPage } from '../pages/page.ts'
import { linkButton } from '../pages/parts.ts'
import { messagesOf, type Visitor, visitorOf } from '../pages/visitor.ts'
import { type Form, parseForm } from '../protocol/form.ts'
import { invalidRequest } from '../protocol/oauth-error.ts'
import { type VerifiedIdToken, verifiedIdToken } from './verified-id-token.ts'

/**
 * Sign-out that a client begins (OpenID Connect RP-Initiated Logout 1.0 §2). An ID token of this very
 * session proves that the client knows it: then it ends at once. Anybody else could send a browser
 * here too, so the person is asked. The browser goes back to a registered URI only, to the letter.
 */
export interface EndSessionEndpoint {
  /** GET and POST. */
  begin(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** The person said yes. */
  confirm(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

/** Characters: browsers and proxies take a `Location` so long. */
const MAXIMUM_LOCATION = 8_000

/** Where the browser goes afterwards. */
interface Destination {
  client: Client | null
  /** With `state`; null: nowhere. */
  location: string | null
}

export function createEndSessionEndpoint(options: {
  /** Whose ID tokens count: the core's, and those of dialects. */
  issuers: readonly string[]
  /** Of the confirmation's form. */
  confirmPath: string
  resolveClient: ResolveClient
  sessions: Pick<Sessions, 'end'>
  signingKeys: Pick<SigningKeys, 'find'>
  feed: ChangeFeed
}): EndSessionEndpoint {
  const { issuers, confirmPath, resolveClient, sessions, signingKeys, feed } = options

  /** @throws OAuthError, shown as a page: it must not be sent to an unproven URI */
  async function destinationOf(form: Form, hint: VerifiedIdToken | null): Promise<Destination> {
    const named = form.get('client_id')
    if (hint && named !== null && named !== hint.clientId) {
      throw invalidRequest('The client_id is not that of the id_token_hint.')
    }
    const clientId = hint?.clientId ?? named
    await feed.ensureFresh()
    const client = clientId === null ? null : await resolveClient(clientId)
    const uri = form.get('post_logout_redirect_uri')
    if (uri === null) return { client, location: null }
    const isSuspended = client?.suspended || client?.customerSuspended
    if (!client?.postLogoutRedirectUris.includes(uri) || isSuspended) {
      throw invalidRequest(
        'The post_logout_redirect_uri is not one that is registered for the client.',
      )
    }
    const state = form.get('state')
    const location = state === null ? uri : withState(uri, state)
    if (location.length > MAXIMUM_LOCATION) throw invalidRequest('The state is too long.')
    return { client, location }
  }

  async function end(session: Session, reply: FastifyReply): Promise<void> {
    await sessions.end(session.account.id, session.id)
    clearCookie(reply, 'mapgate-session')
  }

  function leave(request: FastifyRequest, reply: FastifyReply, { location }: Destination): void {
    if (location === null) {
      showDone(request, reply, null)
      return
    }
    void reply
      .code(303)
      .headers({ location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
      .send()
  }

  return {
    async begin(request, reply) {
      if (request.form) {
        // A browser sends the session's cookie (SameSite=Lax) along with another site's GET alone.
        void reply
          .code(303)
          .headers({ location: asQuery(request.form), 'cache-control': 'no-store' })
        void reply.send()
        return
      }
      const form = parametersOf(request)
      const text = form.get('id_token_hint')
      const verified = text === null ? null : await verifiedIdToken(text, signingKeys)
      const hint = verified && issuers.includes(verified.issuer) ? verified : null
      const destination = await destinationOf(form, hint)
      const visitor = await visitorOf(request, reply)
      const { session } = visitor
      if (!session) {
        // Nothing is left to end. Only who holds an ID token is sent on without a question.
        if (hint) leave(request, reply, destination)
        else showDone(request, reply, destination)
        return
      }
      if (hint && isOf(hint, session)) {
        await end(session, reply)
        leave(request, reply, destination)
        return
      }
      askFirst(request, reply, visitor, { form, destination, confirmPath })
    },

    async confirm(request, reply) {
      const visitor = await visitorOf(request, reply)
      const form = requireOwnForm(request, visitor)
      const destination = await destinationOf(form, null)
      if (visitor.session) await end(visitor.session, reply)
      leave(request, reply, destination)
    },
  }
}

function isOf(hint: VerifiedIdToken, session: Session): boolean {
  const sameSession = hint.sessionId === null || hint.sessionId === session.id
  return hint.accountId === session.account.id && sameSession
}

function askFirst(
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: Visitor,
  options: { form: Form; destination: Destination; confirmPath: string },
): void {
  const { form, destination, confirmPath } = options
  const messages = messagesOf(request, form.get('ui_locales')?.split(' ') ?? [])
  const { signOut } = messages
  sendPage(reply, {
    title: signOut.title,
    messages,
    formsLeave: destination.location !== null,
    body: html`<p>${signOut.text(visitor.session!.account.name)}</p>
      ${postForm({
        id: 'end-session-form',
        action: confirmPath,
        token: formTokenField(reply.server, visitor),
        hidden: {
          client_id: destination.client?.id,
          post_logout_redirect_uri: form.get('post_logout_redirect_uri'),
          state: form.get('state'),
        },
        body: submitButton({ id: 'sign-out-submit', label: signOut.submit }),
      })}`,
  })
}

/** @param destination where a link leads */
function showDone(
  request: FastifyRequest,
  reply: FastifyReply,
  destination: Destination | null,
): void {
  const messages = messagesOf(request)
  const { client, location } = destination ?? { client: null, location: null }
  sendPage(reply, {
    title: messages.signOut.doneTitle,
    messages,
    body: html`<p>${messages.signOut.done}</p>
      ${
        client && location !== null
          ? linkButton({ href: location, label: client.displayName, id: 'go-on' })
          : linkButton({ href: '/sign-in', label: messages.signIn.title, id: 'sign-in' })
      }`,
  })
}

/** OpenID Connect RP-Initiated Logout 1.0 §2 */
const PARAMETERS = [
  'id_token_hint',
  'logout_hint',
  'client_id',
  'post_logout_redirect_uri',
  'state',
  'ui_locales',
]

/**
 * A relative reference (RFC 3986 §5.2.2) to this very path.
 * @throws OAuthError invalid_request, naming the longest parameter
 */
function asQuery(form: Form): string {
  const given = PARAMETERS.flatMap((name) => {
    const value = form.get(name)
    return value === null ? [] : [{ name, value }]
  })
  const query = `?${new URLSearchParams(given.map(({ name, value }) => [name, value])).toString()}`
  if (query.length <= MAXIMUM_LOCATION) return query
  const [longest] = given.toSorted((one, other) => other.value.length - one.value.length)
  throw invalidRequest(`The ${longest!.name} is too long.`)
}

function parametersOf(request: FastifyRequest): Form {
  const start = request.url.indexOf('?')
  return parseForm(Buffer.from(start < 0 ? '' : request.url.slice(start + 1)))
}

/** To the letter: what the client registered is not written anew by a URL parser. */
function withState(uri: string, state: string): string {
  const [base, fragment] = uri.split('#', 2)
  const pair = `state=${encodeURIComponent(state)}`
  const joined = `${base}${base!.includes('?') ? '&' : '?'}${pair}`
  return fragment === undefined ? joined : `${joined}#${fragment}`
}
