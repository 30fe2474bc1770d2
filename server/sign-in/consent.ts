import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Session } from '../access/accounts/session.ts'
import { accountActor } from '../access/audit/actor.ts'
import { type Interaction, resumeUrl } from '../access/interactions/interaction.ts'
import { nextStep } from '../access/interactions/next-step.ts'
import { PageError } from '../pages/page-error.ts'
import { requireOwnForm } from '../pages/form-token.ts'
import { sendPage } from '../pages/page.ts'
import { pageRoute } from '../pages/route.ts'
import { seeOther } from './complete.ts'
import { consentBody } from './consent-page.ts'
import { along, type Journey, journeyOf, startOver } from './journey.ts'
import { ATTEMPTS } from './limits.ts'
import type { SignInOptions } from './options.ts'
import { findClient } from './sign-in.ts'

/**
 * `/consent`: shows a person who asks for what, and stores what they say. Only the session that took
 * the interaction up decides, in the browser that began it: a request that one person began cannot
 * be allowed by another (login swap). What comes of the decision is for `oauth/`, where it goes on.
 */
export function consentRoutes(app: FastifyInstance, options: SignInOptions): void {
  const { interactions, consents, customers, areas, clock } = options

  app.get('/consent', pageRoute('consent.page'), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const taken = await takenUp(journey)
    if (!taken) return seeOther(reply, along(journey, '/sign-in'))
    const { interaction, session } = taken
    // The answer was given, in another tab perhaps.
    if (interaction.decision !== null) return seeOther(reply, resumeUrl(interaction))
    const { clientId, request: asked } = interaction
    const client = await findClient(options, clientId)
    if (!client || client.suspended || client.customerSuspended) throw startOver(journey.messages)
    const owner = await customers.find(client.customerId)
    const before = await consents.find(session.account.id, clientId)
    const ids = asked.details.flatMap(({ area }) => area ?? [])
    const found = await Promise.all(ids.map((id) => areas.find(id)))
    sendPage(reply, {
      title: journey.messages.consent.title(client.displayName),
      width: 'medium',
      heading: null,
      messages: journey.messages,
      formsLeave: journey.formsLeave,
      body: consentBody(reply, {
        journey,
        interaction,
        session,
        client,
        ownerName: client.registration === 'metadata-document' ? null : (owner?.name ?? null),
        before,
        areas: new Map(found.flatMap((area) => (area ? [[area.id, area]] : []))),
        apis: options.apis,
      }),
    })
    return reply
  })

  app.post('/consent', pageRoute('consent', ATTEMPTS), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const form = requireOwnForm(request, journey.visitor)
    const taken = await takenUp(journey)
    if (!taken) return seeOther(reply, along(journey, '/sign-in'))
    const { interaction, session } = taken
    const said = form.get('decision')
    if (said !== 'allow' && said !== 'deny') {
      const { title, advice } = journey.messages.errors.byStatus[400]!
      throw new PageError(400, title, advice)
    }
    // The sign-in may have become too old for the request while the page was open.
    if (nextStep(interaction, session, null, { type: 'confidential' }, clock.now()) === 'sign-in') {
      return seeOther(reply, along(journey, '/sign-in'))
    }
    const decision = said === 'allow' ? 'allowed' : 'denied'
    const { browser } = journey.visitor
    const decided = await interactions.decide(interaction.id, browser, session.id, decision)
    if (decided === 'unknown') throw startOver(journey.messages)
    if (decision === 'allowed') await remember(request, interaction, session)
    return seeOther(reply, resumeUrl(interaction))
  })

  /** null: nobody is signed in. @throws PageError 400 when another person has taken it up */
  async function takenUp({
    interaction,
    visitor,
    messages,
  }: Journey): Promise<{ interaction: Interaction; session: Session } | null> {
    if (!interaction) throw startOver(messages)
    const { session, browser } = visitor
    if (!session) return null
    if (interaction.sessionId === session.id) return { interaction, session }
    const taken = await interactions.take(interaction.id, browser, {
      id: session.id,
      accountId: session.account.id,
    })
    if (taken !== 'taken-up') throw startOver(messages)
    return { interaction, session }
  }

  async function remember(
    request: FastifyRequest,
    { clientId, request: asked }: Interaction,
    { account }: Session,
  ): Promise<void> {
    const { scopes, details } = asked
    const granted = { accountId: account.id, clientId, scopes, details }
    await consents.grant(accountActor(account.id, request), granted)
  }
}
