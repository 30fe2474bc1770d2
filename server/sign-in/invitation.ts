import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Invitation } from '../access/accounts/invitations.ts'
import { emailKey } from '../access/accounts/email.ts'
import { accountActor, anonymousActor } from '../access/audit/actor.ts'
import { errorSummary, type FieldErrors, postForm, submitButton } from '../pages/form.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import { type Html, html } from '../pages/html.ts'
import { sendPage } from '../pages/page.ts'
import { linkButton } from '../pages/parts.ts'
import { pageRoute } from '../pages/route.ts'
import { completeSignIn, seeOther } from './complete.ts'
import { deadLink } from './confirm.ts'
import { along, type Journey, journeyOf, parameter } from './journey.ts'
import { ATTEMPTS } from './limits.ts'
import type { SignInOptions } from './options.ts'
import { newPersonFields, readPerson } from './person-fields.ts'

interface Invited extends Invitation {
  token: string
}

/**
 * `/invitation`: behind the link of an invitation to a customer. Whoever has an account signs in with
 * it and accepts; who has none sets a name and a password. The mailbox is proved by the link.
 */
export function invitationRoutes(app: FastifyInstance, options: SignInOptions): void {
  const { accounts, invitations, passwords, identityProviders } = options

  app.get('/invitation', pageRoute('invitation.page'), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const invitation = await invitationOf(request, journey)
    return sendInvitation(reply, journey, invitation, { given: { name: '' }, errors: {} })
  })

  app.post('/invitation', pageRoute('invitation', ATTEMPTS), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const form = requireOwnForm(request, journey.visitor)
    const invited = await invitationOf(request, journey)
    const { token, email } = invited
    const { session } = journey.visitor
    if (session) {
      const { account } = session
      if (!isInvited(account.email, invited)) {
        return sendInvitation(reply, journey, invited, { given: { name: '' }, errors: {} })
      }
      const actor = accountActor(account.id, request)
      const outcome = await invitations.accept(actor, token, { accountId: account.id })
      if (outcome.kind !== 'accepted') throw deadLink(journey.messages)
      return seeOther(reply, '/account')
    }
    const known = await accounts.findByEmail(email)
    if (known || (await identityProviders.requiredProviderFor(email))) {
      return seeOther(reply, signInPath(invited))
    }
    const { person, given, errors } = readPerson(form, { ...journey, passwords, email })
    if (Object.keys(errors).length > 0) {
      return sendInvitation(reply, journey, invited, { given, errors })
    }
    const passwordHash = await passwords.hash(person.password)
    const outcome = await invitations.accept(anonymousActor(request), token, {
      name: person.name,
      passwordHash,
    })
    switch (outcome.kind) {
      case 'known':
        return seeOther(reply, signInPath(invited))
      case 'dead':
        throw deadLink(journey.messages)
      case 'accepted': {
        const { account } = outcome
        return completeSignIn(request, reply, options, { journey, account, methods: ['pwd'] })
      }
    }
  })

  /** @throws PageError 410 when it is used, withdrawn or expired */
  async function invitationOf(request: FastifyRequest, { messages }: Journey): Promise<Invited> {
    const token = parameter(request, 'token') ?? ''
    const invitation = await invitations.find(token)
    if (!invitation) throw deadLink(messages)
    return { ...invitation, token }
  }

  async function sendInvitation(
    reply: FastifyReply,
    journey: Journey,
    invited: Invited,
    shown: { given: { name: string }; errors: FieldErrors },
  ): Promise<FastifyReply> {
    const { messages } = journey
    const { invitation, faults } = messages
    const { email, customerName, role } = invited
    sendPage(reply, {
      status: Object.keys(shown.errors).length > 0 ? 400 : 200,
      title: invitation.title(customerName),
      messages,
      body: html`${errorSummary(faults.title, shown.errors)}
        <p class="lead">${invitation.text(customerName, invitation.roles[role])}</p>
        ${await wayIn(journey, invited, shown)}`,
    })
    return reply

    async function wayIn(
      { visitor }: Journey,
      { token }: Invited,
      { given, errors }: typeof shown,
    ): Promise<Html> {
      const form = (id: string, body: Html) =>
        postForm({
          id,
          action: '/invitation',
          token: formTokenField(app, visitor),
          hidden: { token },
          body,
        })
      const { session } = visitor
      if (session) {
        return isInvited(session.account.email, invited)
          ? form('accept-form', submitButton({ id: 'submit', label: invitation.accept }))
          : html`<p>${invitation.otherAccount(email, session.account.email)}</p>
              ${linkButton({ id: 'sign-out', href: '/sign-out', label: messages.signOut.title })}`
      }
      const known = await accounts.findByEmail(email)
      if (known || (await identityProviders.requiredProviderFor(email))) {
        return html`<p>${invitation.existing(email)}</p>
          ${linkButton({
            id: 'sign-in',
            href: signInPath(invited),
            label: invitation.signIn,
            kind: 'primary',
          })}`
      }
      return html`<p>${invitation.newAccount(email)}</p>
        ${form(
          'invitation-form',
          html`${newPersonFields(messages, passwords, { given: { ...given, email: null }, errors })}
          ${submitButton({ id: 'submit', label: invitation.create })}`,
        )}`
    }
  }
}

/** By way of the sign-in page back to the invitation. */
function signInPath({ token }: Invited): string {
  return along({ fields: { continue: `/invitation?token=${token}` } }, '/sign-in')
}

/** It was sent to a mailbox: whose account has another one must not take it. */
function isInvited(accountEmail: string, { email }: Invited): boolean {
  return emailKey(accountEmail) === emailKey(email)
}
