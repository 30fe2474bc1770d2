import type { FastifyInstance, FastifyReply } from 'fastify'
import { parseEmail } from '../access/accounts/email.ts'
import { emailField, errorSummary, postForm, submitButton } from '../pages/form.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import { html } from '../pages/html.ts'
import { sendPage } from '../pages/page.ts'
import { linkButton } from '../pages/parts.ts'
import { pageRoute } from '../pages/route.ts'
import { along, type Journey, journeyOf } from './journey.ts'
import { ATTEMPTS } from './limits.ts'
import type { SignInOptions } from './options.ts'

/** `/sign-in/organisation`: finds the provider of a person's organisation by their e-mail's domain. */
export function organisationRoutes(app: FastifyInstance, options: SignInOptions): void {
  const path = '/sign-in/organisation'

  app.get(path, pageRoute('sign-in.organisation-page'), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const email = journey.interaction?.request.loginHint ?? ''
    return sendForm(reply, journey, { email, fault: null })
  })

  app.post(path, pageRoute('sign-in.organisation', ATTEMPTS), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const form = requireOwnForm(request, journey.visitor)
    const { faults, organisation } = journey.messages
    const given = form.get('email') ?? ''
    const email = parseEmail(given)
    if (email === null) return sendForm(reply, journey, { email: given, fault: faults.email })
    const provider = await options.identityProviders.findByEmail(email)
    return provider
      ? sendToOrganisation(reply, journey, provider.id, email)
      : sendForm(reply, journey, { email, fault: organisation.unknown })
  })
}

/**
 * Leads to the provider by a page that goes on by itself, not by a redirect: browsers apply
 * `form-action` to redirects too, and which provider comes is not known where the form is sent.
 */
export function sendToOrganisation(
  reply: FastifyReply,
  journey: Pick<Journey, 'messages' | 'fields'>,
  providerId: string,
  email: string,
): FastifyReply {
  const { organisation } = journey.messages
  const href = along(journey, '/sign-in/upstream', { provider: providerId, login_hint: email })
  sendPage(reply, {
    title: organisation.leading,
    messages: journey.messages,
    continueTo: href,
    body: html`<p>${organisation.leadingText}</p>
      ${linkButton({ id: 'go-on', href, label: organisation.goOn, kind: 'primary' })}`,
  })
  return reply
}

function sendForm(
  reply: FastifyReply,
  journey: Journey,
  { email, fault }: { email: string; fault: string | null },
): FastifyReply {
  const { visitor, messages, fields } = journey
  const { organisation, faults } = messages
  sendPage(reply, {
    status: fault === null ? 200 : 400,
    title: organisation.title,
    messages,
    body: html`${fault !== null && errorSummary(faults.title, { email: fault })}
      <p class="lead">${organisation.text}</p>
      ${postForm({
        id: 'organisation-form',
        action: '/sign-in/organisation',
        token: formTokenField(reply.server, visitor),
        hidden: fields,
        body: html`${emailField({
          name: 'email',
          label: messages.fields.email,
          value: email.slice(0, 254),
          required: true,
          error: fault,
        })}
        ${submitButton({ id: 'submit', label: organisation.submit })}`,
      })}
      <div class="after">
        <p><a id="back" href="${along(journey, '/sign-in')}">${organisation.back}</a></p>
      </div>`,
  })
  return reply
}
