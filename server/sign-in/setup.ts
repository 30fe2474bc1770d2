import type { FastifyInstance, FastifyReply } from 'fastify'
import type { EmailLink } from '../access/accounts/email-links.ts'
import { anonymousActor } from '../access/audit/actor.ts'
import { errorSummary, type FieldErrors, postForm, submitButton } from '../pages/form.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import { html } from '../pages/html.ts'
import { sendPage } from '../pages/page.ts'
import { pageRoute } from '../pages/route.ts'
import { completeSignIn } from './complete.ts'
import { deadLink } from './confirm.ts'
import { type Journey, journeyOf, parameter } from './journey.ts'
import { ATTEMPTS } from './limits.ts'
import type { SignInOptions } from './options.ts'
import { newPersonFields, readPerson } from './person-fields.ts'

/**
 * `/setup`: behind the one-time link that a first start prints; makes the first operator. The link
 * stands in a log, so it is dead as soon as there is an operator, however they came to be one.
 */
export function setupRoutes(app: FastifyInstance, options: SignInOptions): void {
  const { accounts, emailLinks, passwords } = options

  app.get('/setup', pageRoute('setup.page'), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const token = parameter(request, 'token') ?? ''
    const link = await linkOf(token, journey)
    return sendSetup(reply, options, journey, {
      token,
      given: { name: '', email: link.email },
      errors: {},
    })
  })

  app.post('/setup', pageRoute('setup', ATTEMPTS), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const { messages } = journey
    const form = requireOwnForm(request, journey.visitor)
    const token = form.get('token') ?? ''
    await linkOf(token, journey)
    const { person, given, errors } = readPerson(form, { messages, passwords })
    const { name, email, password } = person
    // Whoever has the link has the machine, and may be told.
    const known = email !== '' && (await accounts.findByEmail(email)) !== null
    const faults: FieldErrors = { ...errors, ...(known && { email: messages.setup.known }) }
    if (Object.keys(faults).length > 0) {
      return sendSetup(reply, options, journey, { token, given, errors: faults })
    }
    const passwordHash = await passwords.hash(password)
    if (!(await emailLinks.use(token, 'setup'))) throw deadLink(messages)
    const { kind, account } = await accounts.create(anonymousActor(request), {
      email,
      name,
      passwordHash,
      emailConfirmed: true,
      operator: true,
    })
    // Somebody signed up with it in between.
    if (kind === 'known') throw deadLink(messages)
    return completeSignIn(request, reply, options, { journey, account, methods: ['pwd'] })
  })

  /** @throws PageError 410 */
  async function linkOf(token: string, { messages }: Journey): Promise<EmailLink> {
    const link = await emailLinks.find(token, 'setup')
    if (!link || (await accounts.hasOperator())) throw deadLink(messages)
    return link
  }
}

function sendSetup(
  reply: FastifyReply,
  { passwords }: SignInOptions,
  { visitor, messages }: Journey,
  shown: { token: string; given: { name: string; email: string }; errors: FieldErrors },
): FastifyReply {
  const { setup, faults } = messages
  sendPage(reply, {
    status: Object.keys(shown.errors).length > 0 ? 400 : 200,
    title: setup.title,
    messages,
    body: html`${errorSummary(faults.title, shown.errors)}
      <p class="lead">${setup.text}</p>
      ${postForm({
        id: 'setup-form',
        action: '/setup',
        token: formTokenField(reply.server, visitor),
        hidden: { token: shown.token },
        body: html`${newPersonFields(messages, passwords, shown)}
        ${submitButton({ id: 'submit', label: setup.submit })}`,
      })}`,
  })
  return reply
}
