import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Session } from '../../access/accounts/session.ts'
import { accountActor } from '../../access/audit/actor.ts'
import type { Client } from '../../access/clients/client.ts'
import type { Consents } from '../../access/consents/consent.ts'
import type { AuthorizationCodes } from '../../access/grants/authorization-codes.ts'
import type {
  AuthorizationRequest,
  Interaction,
  Interactions,
} from '../../access/interactions/interaction.ts'
import { nextStep, stillConsents } from '../../access/interactions/next-step.ts'
import type { PushedRequests } from '../../access/interactions/pushed-requests.ts'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { errorPage } from '../../pages/errors.ts'
import { messagesOf, type Visitor } from '../../pages/visitor.ts'
import { OAuthError } from '../../protocol/oauth-error.ts'
import { type AnswerParameters, sendAnswer, sendTo } from './answer.ts'
import type { AuthorizationProfile } from './profile.ts'
import type { Destination } from './target.ts'

/**
 * What happens to an interaction after each step: the browser goes to the next page, or to the client
 * with an answer. Needed are the browser that began it and, once someone signed in for it, a session
 * of that person: with one of another, whoever started it could get what the other allowed, or leave
 * the other at work in their own account.
 */
export interface Continuation {
  proceed(
    request: FastifyRequest,
    reply: FastifyReply,
    visitor: Visitor,
    interaction: Interaction,
    client: Client,
  ): Promise<void>
  /** What `prompt=none` lacks (OpenID Connect Core §3.1.2.6); null: nothing. */
  missing(
    request: AuthorizationRequest,
    visitor: Visitor,
    client: Client,
  ): Promise<OAuthError | null>
  /** The page of a browser that must not go on. */
  refuse(request: FastifyRequest, reply: FastifyReply): void
}

export interface ContinuationOptions {
  profile: AuthorizationProfile
  database: Database
  interactions: Interactions
  consents: Pick<Consents, 'find' | 'holdIn'>
  authorizationCodes: Pick<AuthorizationCodes, 'issueIn'>
  pushedRequests: Pick<PushedRequests, 'useIn'>
  clock: Clock
}

/** `gone`: another call finished it, its pushed request was used, or the consent was withdrawn meanwhile. */
type Finish = { kind: 'issued'; code: string } | { kind: 'denied' } | { kind: 'gone' }

export function createContinuation(options: ContinuationOptions): Continuation {
  const { profile, database, interactions, consents, clock } = options

  const consentOf = (session: Session | null, client: Client) =>
    session && consents.find(session.account.id, client.id)

  /** One transaction: an interaction that is over without its answer would be lost to the client. */
  const finish = (
    request: FastifyRequest,
    browser: string,
    interaction: Interaction,
    session: Session,
  ): Promise<Finish> =>
    database.write(async (write) => {
      const { id } = interaction
      const held = await consents.holdIn(write, session.account.id, interaction.clientId)
      if (!stillConsents(interaction, held)) return { kind: 'gone' }
      const finished = await interactions.finishIn(write, id, browser)
      if (!finished || finished.accountId !== session.account.id) return { kind: 'gone' }
      const { pushedRequest } = finished.request
      if (pushedRequest !== null) {
        const outcome = await options.pushedRequests.useIn(write, pushedRequest)
        if (outcome === 'used') return { kind: 'gone' }
      }
      if (finished.decision === 'denied') return { kind: 'denied' }
      const actor = accountActor(session.account.id, request)
      const issued = { request: finished.request, session }
      return {
        kind: 'issued',
        code: await options.authorizationCodes.issueIn(write, actor, issued),
      }
    })

  function answer(
    reply: FastifyReply,
    { redirectUri, responseMode, state }: AuthorizationRequest,
    parameters: AnswerParameters,
  ): void {
    const destination: Destination = { redirectUri: redirectUri!, responseMode, state }
    // RFC 9207 §2: a client of several servers sees whose answer it is.
    sendAnswer(reply, destination, { ...parameters, iss: profile.sendIss ? profile.issuer : null })
  }

  async function end(
    request: FastifyRequest,
    reply: FastifyReply,
    browser: string,
    interaction: Interaction,
    session: Session,
  ): Promise<void> {
    const outcome = await finish(request, browser, interaction, session)
    switch (outcome.kind) {
      case 'issued':
        return answer(reply, interaction.request, { code: outcome.code })
      case 'denied':
        return answer(reply, interaction.request, {
          error: profile.deniedError,
          error_description: 'The person did not allow it.',
        })
      case 'gone':
        return refuse(request, reply)
    }
  }

  return {
    refuse,

    async missing(request, { session }, client) {
      const consent = await consentOf(session, client)
      switch (
        nextStep(asBegun(request, session, clock.now()), session, consent, client, clock.now())
      ) {
        case 'sign-in':
          return new OAuthError('login_required', 'The person has to sign in.')
        case 'consent':
          return new OAuthError('consent_required', 'The person has to be asked.')
        case 'finish':
          return null
      }
    },

    async proceed(request, reply, { browser, session }, interaction, client) {
      const { id, accountId } = interaction
      const { hintedAccountId } = interaction.request
      if (session && accountId !== null && accountId !== session.account.id) {
        return refuse(request, reply)
      }
      if (
        session &&
        accountId !== null &&
        hintedAccountId !== null &&
        hintedAccountId !== accountId
      ) {
        // OpenID Connect Core §3.1.2.1: someone signed in, but not the one who was asked for.
        await interactions.finish(id, browser)
        const description = 'Another person has signed in.'
        return answer(reply, interaction.request, {
          error: 'login_required',
          error_description: description,
        })
      }
      const consent = await consentOf(session, client)
      const step = nextStep(interaction, session, consent, client, clock.now())
      if (!session || step === 'sign-in') return sendTo(reply, `/sign-in?interaction=${id}`)
      if (interaction.sessionId !== session.id) {
        const taken = { id: session.id, accountId: session.account.id }
        const outcome = await interactions.take(id, browser, taken)
        if (outcome !== 'taken-up') return refuse(request, reply)
      }
      if (step === 'consent') return sendTo(reply, `/consent?interaction=${id}`)
      return end(request, reply, browser, interaction, session)
    },
  }
}

/** An interaction as it would be without any page. */
function asBegun(request: AuthorizationRequest, session: Session | null, now: number): Interaction {
  return {
    id: '',
    clientId: request.clientId,
    request,
    resumePath: '',
    sessionId: session?.id ?? null,
    accountId: session?.account.id ?? null,
    decision: null,
    finished: false,
    createdAt: now,
    expiresAt: now,
  }
}

function refuse(request: FastifyRequest, reply: FastifyReply): void {
  const { startOver } = messagesOf(request).errors
  errorPage(reply, { status: 400, ...startOver, requestId: request.id })
}
