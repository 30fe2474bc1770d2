import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { EmailLink } from '../access/accounts/email-links.ts'
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

/** What an invitation leads to, with the customer's name. */
interface Invitation {
  link: EmailLink
  token: string
  customerId: string
  customerName: string
  role: NonNullable<EmailLink['role']>
}

/**
 * `/invitation`: behind the link of an invitation to a customer. Whoever has an account signs in with
 * it and accepts; who has none sets a name and a password. The mailbox is proved by the link.
 */
export function invitationRoutes(app: FastifyInstance, options: SignInOptions): void {
  const { accounts, emailLinks, memberships, passwords, customers, identityProviders } = options

  app.get('/invitation', pageRoute('invitation.page'), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const invitation = await invitationOf(request, journey)
    return sendInvitation(reply, journey, invitation, { given: { name: '' }, errors: {} })
  })

  app.post('/invitation', pageRoute('invitation', ATTEMPTS), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const form = requireOwnForm(request, journey.visitor)
    const invitation = await invitationOf(request, journey)
    const { link } = invitation
    const { session } = journey.visitor
    if (session) {
      if (!isInvited(session.account.email, link)) {
        return sendInvitation(reply, journey, invitation, { given: { name: '' }, errors: {} })
      }
      await join(request, journey, invitation, session.account.id)
      return seeOther(reply, '/account')
    }
    const email = link.email
    const known = await accounts.findByEmail(email)
    if (known || (await identityProviders.requiredProviderFor(email))) {
      return seeOther(reply, signInPath(invitation))
    }
    const { person, given, errors } = readPerson(form, { ...journey, passwords, email })
    if (Object.keys(errors).length > 0) {
      return sendInvitation(reply, journey, invitation, { given, errors })
    }
    const passwordHash = await passwords.hash(person.password)
    const created = await accounts.create(anonymousActor(request), {
      email,
      name: person.name,
      passwordHash,
      emailConfirmed: true,
    })
    if (created.kind === 'known') return seeOther(reply, signInPath(invitation))
    const { account } = created
    await join(request, journey, invitation, account.id)
    return completeSignIn(request, reply, options, { journey, account, methods: ['pwd'] })
  })

  /** @throws PageError 410 when it is used, withdrawn or expired */
  async function invitationOf(request: FastifyRequest, { messages }: Journey): Promise<Invitation> {
    const token = parameter(request, 'token') ?? ''
    const link = await emailLinks.find(token, 'invite')
    const customer = link?.customerId ? await customers.find(link.customerId) : null
    if (!link || !link.role || !customer) throw deadLink(messages)
    return { link, token, customerId: customer.id, customerName: customer.name, role: link.role }
  }

  /** Uses the link up. @throws PageError 410 when somebody was faster */
  async function join(
    request: FastifyRequest,
    { messages }: Journey,
    { token, customerId, role }: Invitation,
    accountId: string,
  ): Promise<void> {
    if (!(await emailLinks.use(token, 'invite'))) throw deadLink(messages)
    await memberships.set(accountActor(accountId, request), { accountId, customerId, role })
  }

  async function sendInvitation(
    reply: FastifyReply,
    journey: Journey,
    invited: Invitation,
    shown: { given: { name: string }; errors: FieldErrors },
  ): Promise<FastifyReply> {
    const { messages } = journey
    const { invitation, faults } = messages
    const { link, customerName, role } = invited
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
      { token }: Invitation,
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
        return isInvited(session.account.email, link)
          ? form('accept-form', submitButton({ id: 'submit', label: invitation.accept }))
          : html`<p>${invitation.otherAccount(link.email, session.account.email)}</p>
              ${linkButton({ id: 'sign-out', href: '/sign-out', label: messages.signOut.title })}`
      }
      const known = await accounts.findByEmail(link.email)
      if (known || (await identityProviders.requiredProviderFor(link.email))) {
        return html`<p>${invitation.existing(link.email)}</p>
          ${linkButton({
            id: 'sign-in',
            href: signInPath(invited),
            label: invitation.signIn,
            kind: 'primary',
          })}`
      }
      return html`<p>${invitation.newAccount(link.email)}</p>
        ${form(
          'invitation-form',
          html`${newPersonFields(messages, passwords, { given: { ...given, email: null }, errors })}
          ${submitButton({ id: 'submit', label: invitation.create })}`,
        )}`
    }
  }
}

/** By way of the sign-in page back to the invitation. */
function signInPath({ token }: Invitation): string {
  return along({ fields: { continue: `/invitation?token=${token}` } }, '/sign-in')
}

/** It was sent to a mailbox: whose account has another one must not take it. */
function isInvited(email: string, link: EmailLink): boolean {
  return emailKey(email) === emailKey(link.email)
}
