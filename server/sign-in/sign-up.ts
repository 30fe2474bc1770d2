import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { anonymousActor } from '../access/audit/actor.ts'
import { errorSummary, type FieldErrors, postForm, submitButton } from '../pages/form.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import { html } from '../pages/html.ts'
import type { Messages } from '../pages/messages.ts'
import { sendPage } from '../pages/page.ts'
import { pageRoute } from '../pages/route.ts'
import { along, type Journey, journeyOf } from './journey.ts'
import { MAILS, type MailingOptions } from './limits.ts'
import { sendToOrganisation } from './organisation.ts'
import { newPersonFields, readPerson } from './person-fields.ts'
import { findClient, mailConfirmation } from './sign-in.ts'

/**
 * `/sign-up`: whoever signs up gets a mail, and the same page whether the e-mail was known or not:
 * what was found out stands in the mail alone.
 */
export function signUpRoutes(app: FastifyInstance, options: MailingOptions): void {
  app.get('/sign-up', pageRoute('sign-up.page'), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const email = journey.interaction?.request.loginHint ?? ''
    return sendSignUp(reply, options, journey, { given: { name: '', email }, errors: {} })
  })

  app.post('/sign-up', pageRoute('sign-up', MAILS), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const form = requireOwnForm(request, journey.visitor)
    const { person, given, errors } = readPerson(form, { ...options, ...journey })
    if (Object.keys(errors).length > 0) {
      return sendSignUp(reply, options, journey, { given, errors })
    }
    const required = await options.identityProviders.requiredProviderFor(person.email)
    if (required) return sendToOrganisation(reply, journey, required.id, person.email)
    // In any case, so that its time tells nothing.
    const passwordHash = await options.passwords.hash(person.password)
    const { name, email } = person
    if (options.mayMail('sign-up', email)) {
      options.background.later(request.id, () =>
        signUp(request, options, journey, { name, email, passwordHash }),
      )
    }
    return sendCheckYourMail(reply, journey, journey.messages.signUp.sent(email))
  })
}

async function signUp(
  request: FastifyRequest,
  options: MailingOptions,
  journey: Journey,
  person: { name: string; email: string; passwordHash: string },
): Promise<void> {
  const { accounts, challenges, emailLinks, mail, mailMessages, publicUrl } = options
  const { kind, account } = await accounts.create(anonymousActor(request), person)
  if (kind === 'created') {
    await mailConfirmation(options, journey, account)
    return
  }
  const { email, name } = account
  // What a new account costs beside its mail: itself, a link and a challenge.
  await emailLinks.pretend()
  await challenges.create('sign-up', journey.visitor.browser, null, {}, 0)
  if (account.emailConfirmed) {
    await emailLinks.pretend()
    mail.send(mailMessages.knownEmail(email, { name, link: `${publicUrl}/forgot-password` }))
    return
  }
  // Whoever signed up first may be somebody else: their password must not be confirmed by this person.
  const text = await emailLinks.create({
    purpose: 'reset',
    accountId: account.id,
    email,
    continueTo: along(journey, '/sign-in'),
  })
  const link = `${publicUrl}/reset-password?token=${text}`
  mail.send(mailMessages.resetPassword(email, { name, link }))
}

/** What follows each form that sends mail. */
export function sendCheckYourMail(
  reply: FastifyReply,
  journey: Journey,
  text: string,
): FastifyReply {
  const { signUp } = journey.messages
  sendPage(reply, {
    title: signUp.sentTitle,
    messages: journey.messages,
    body: html`<p id="sent">${text}</p>
      <div class="after">
        <p><a id="back" href="${along(journey, '/sign-in')}">${signUp.back}</a></p>
      </div>`,
  })
  return reply
}

async function sendSignUp(
  reply: FastifyReply,
  options: MailingOptions,
  journey: Journey,
  shown: { given: { name: string; email: string }; errors: FieldErrors },
): Promise<FastifyReply> {
  const { visitor, interaction, fields } = journey
  const messages: Messages = journey.messages
  const client = interaction && (await findClient(options, interaction.clientId))
  sendPage(reply, {
    status: Object.keys(shown.errors).length > 0 ? 400 : 200,
    title: messages.signUp.title,
    messages,
    body: html`${client && html`<p class="lead">${messages.signIn.toContinue(client.displayName)}</p>`}
      ${errorSummary(messages.faults.title, shown.errors)}
      ${postForm({
        id: 'sign-up-form',
        action: '/sign-up',
        token: formTokenField(reply.server, visitor),
        hidden: fields,
        body: html`${newPersonFields(messages, options.passwords, shown)}
        ${submitButton({ id: 'submit', label: messages.signUp.submit })}`,
      })}
      <div class="after">
        <p>
          ${messages.signUp.haveAccount}
          <a id="sign-in" href="${along(journey, '/sign-in')}">${messages.signIn.title}</a>
        </p>
      </div>`,
  })
  return reply
}
