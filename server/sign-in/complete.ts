import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Account } from '../access/accounts/account.ts'
import type { AuthenticationMethod, Sessions } from '../access/accounts/session.ts'
import type { IdentityProviders } from '../access/identity-providers/identity-providers.ts'
import { type Interactions, resumeUrl } from '../access/interactions/interaction.ts'
import { readCookie, setCookie } from '../http/cookies.ts'
import { PageError } from '../pages/page-error.ts'
import { along, type Journey, startOver } from './journey.ts'
import { sendToOrganisation } from './organisation.ts'

export interface SignedIn {
  journey: Pick<Journey, 'visitor' | 'messages' | 'interaction' | 'continueTo' | 'fields'>
  account: Account
  methods: readonly AuthenticationMethod[]
  /** By default now; null: the provider does not say. */
  authenticatedAt?: number | null
  /** The identity provider that vouched for the person. */
  providerId?: string
}

/**
 * Ends every sign-in. Whoever must sign in at their organisation's provider gets no session in any
 * other way, by another provider that knows them neither.
 * @throws as `beginSession`
 */
export async function completeSignIn(
  request: FastifyRequest,
  reply: FastifyReply,
  options: {
    sessions: Sessions
    interactions: Interactions
    identityProviders: Pick<IdentityProviders, 'requiredProviderFor'>
  },
  signedIn: SignedIn,
): Promise<FastifyReply> {
  const { journey, account, providerId } = signedIn
  const required = await options.identityProviders.requiredProviderFor(account.email)
  if (required && required.id !== providerId) {
    return sendToOrganisation(reply, journey, required.id, account.email)
  }
  return beginSession(request, reply, options, signedIn)
}

/**
 * Begins a session under a new cookie, ties the interaction to it, and sends the browser on.
 * @throws PageError 400 when the interaction belongs to another person: else an attacker could begin
 *   a request, have it consented to by somebody else, and receive what comes of it
 */
async function beginSession(
  request: FastifyRequest,
  reply: FastifyReply,
  options: { sessions: Sessions; interactions: Interactions },
  { journey, account, methods, authenticatedAt, providerId }: SignedIn,
): Promise<FastifyReply> {
  const hinted = journey.interaction?.request.hintedAccountId ?? null
  if (hinted !== null && hinted !== account.id) {
    // Taking it up would leave it to somebody whom it is not for.
    const { title, advice } = journey.messages.errors.otherAccount
    const link = { href: along(journey, '/sign-in'), label: journey.messages.signIn.title }
    throw new PageError(400, title, advice, link)
  }
  const { session, cookie } = await options.sessions.begin({
    accountId: account.id,
    methods,
    ...(authenticatedAt !== undefined && { authenticatedAt }),
    providerId: providerId ?? null,
    address: request.ip,
    userAgent: request.headers['user-agent'] ?? '',
    replaced: readCookie(request, 'mapgate-session'),
  })
  setCookie(reply, 'mapgate-session', cookie, null)
  const { interaction, continueTo, visitor, messages } = journey
  if (!interaction) return seeOther(reply, continueTo)
  const taken = await options.interactions.take(interaction.id, visitor.browser, {
    id: session.id,
    accountId: account.id,
  })
  if (taken !== 'taken-up') throw startOver(messages)
  return seeOther(reply, resumeUrl(interaction))
}

/** RFC 9700 §4.12: 303, so that no form is sent along. */
export function seeOther(reply: FastifyReply, path: string): FastifyReply {
  return reply.header('cache-control', 'no-store').redirect(path, 303)
}
