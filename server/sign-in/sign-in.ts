import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Account } from '../access/accounts/account.ts'
import { parseEmail } from '../access/accounts/email.ts'
import { resumeUrl } from '../access/interactions/interaction.ts'
import { nextStep } from '../access/interactions/next-step.ts'
import {
  emailField,
  errorSummary,
  type FieldErrors,
  passwordField,
  postForm,
  submitButton,
} from '../pages/form.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import { html } from '../pages/html.ts'
import { sendPage } from '../pages/page.ts'
import { PASSKEY_SCRIPT_PATH, passkeyForm } from '../pages/passkey.ts'
import { notice } from '../pages/parts.ts'
import { pageRoute } from '../pages/route.ts'
import { completeSignIn, seeOther } from './complete.ts'
import { along, type Journey, journeyOf, parameter } from './journey.ts'
import { ATTEMPTS, type MailingOptions, tooManyAttempts } from './limits.ts'
import type { SignInOptions } from './options.ts'
import { sendToOrganisation } from './organisation.ts'
import { beginSecondFactor } from './second-factor.ts'

/** `/sign-in`: e-mail and password, and the ways to all other ways. */
export function signInRoutes(app: FastifyInstance, options: MailingOptions): void {
  const { passwords, identityProviders, clock } = options

  app.get('/sign-in', pageRoute('sign-in.page'), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const { visitor, interaction, continueTo } = journey
    const again = parameter(request, 'reauth') !== null
    if (visitor.session && !interaction && !again) return seeOther(reply, continueTo)
    if (interaction && !needsSignIn(journey, clock.now())) {
      return seeOther(reply, resumeUrl(interaction))
    }
    const providerId = interaction?.request.providerId ?? null
    if (providerId !== null && (await identityProviders.find(providerId))) {
      return seeOther(reply, along(journey, '/sign-in/upstream', { provider: providerId }))
    }
    const email = interaction?.request.loginHint ?? visitor.session?.account.email ?? ''
    return sendSignIn(request, reply, options, journey, { email })
  })

  app.post('/sign-in', pageRoute('sign-in', ATTEMPTS), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const form = requireOwnForm(request, journey.visitor)
    const { faults, signIn } = journey.messages
    const email = form.get('email')?.trim() ?? ''
    const password = form.get('password') ?? ''
    const errors = {
      ...(email === '' && { email: faults.email }),
      ...(password === '' && { password: faults.password }),
    }
    if (Object.keys(errors).length > 0) {
      return sendSignIn(request, reply, options, journey, { email, errors })
    }
    const required = await identityProviders.requiredProviderFor(email)
    if (required) return sendToOrganisation(reply, journey, required.id, email)
    const outcome = await passwords.verify(email, password, request.ip)
    if (outcome.kind === 'wait') throw tooManyAttempts(reply, journey.messages, outcome.seconds)
    if (outcome.kind !== 'right') {
      const account = outcome.kind === 'unconfirmed' ? outcome.account : null
      confirmLater(request, options, journey, { email, account })
      return sendSignIn(request, reply, options, journey, { email, fault: signIn.wrong })
    }
    const { account } = outcome
    if (await options.secondFactors.areNeeded(account)) {
      return beginSecondFactor(reply, options, journey, account.id)
    }
    return completeSignIn(request, reply, options, { journey, account, methods: ['pwd'] })
  })
}

/** Whether an interaction asks for a sign-in; the rest of its next step is `oauth/`'s to decide. */
function needsSignIn({ interaction, visitor }: Journey, now: number): boolean {
  if (!interaction || !visitor.session) return true
  return nextStep(interaction, visitor.session, null, { type: 'confidential' }, now) === 'sign-in'
}

async function sendSignIn(
  request: FastifyRequest,
  reply: FastifyReply,
  options: SignInOptions,
  journey: Journey,
  shown: { email: string; errors?: FieldErrors; fault?: string | null },
): Promise<FastifyReply> {
  const { visitor, messages, interaction, fields, formsLeave } = journey
  const { signIn, faults } = messages
  const { email, errors = {}, fault = null } = shown
  const failed = fault !== null || Object.keys(errors).length > 0
  const client = interaction && (await findClient(options, interaction.clientId))
  const token = formTokenField(reply.server, visitor)
  const told = noticeOf(request, signIn.notices)
  sendPage(reply, {
    status: failed ? 400 : 200,
    title: signIn.title,
    messages,
    formsLeave,
    scripts: [PASSKEY_SCRIPT_PATH],
    body: html`${client && html`<p class="lead" id="client">${signIn.toContinue(client.displayName)}</p>`}
      ${told !== null && !failed && notice('success', told)}
      ${visitor.session && notice('info', signIn.again)}
      ${errorSummary(faults.title, errors, fault)}
      ${postForm({
        id: 'sign-in-form',
        action: '/sign-in',
        token,
        hidden: fields,
        body: html`${emailField({
          name: 'email',
          label: messages.fields.email,
          value: email.slice(0, 254),
          autocomplete: 'username',
          required: true,
          error: errors.email,
        })}
        ${passwordField({
          name: 'password',
          label: messages.fields.password,
          autocomplete: 'current-password',
          required: true,
          error: errors.password,
        })}
        ${submitButton({ id: 'submit', label: signIn.submit })}`,
      })}
      ${passkeyForm({
        id: 'passkey-form',
        kind: 'get',
        action: '/sign-in/passkey',
        optionsPath: '/sign-in/passkey/options',
        token,
        hidden: fields,
        label: signIn.passkey,
        failure: signIn.passkeyFailed,
      })}
      <div class="after">
        <p>
          <a id="forgot-password" href="${along(journey, '/forgot-password')}">${signIn.forgot}</a>
        </p>
        <p>
          <a id="organisation" href="${along(journey, '/sign-in/organisation')}"
            >${signIn.organisation}</a
          >
        </p>
        <p>
          ${signIn.noAccount}
          <a id="sign-up" href="${along(journey, '/sign-up')}">${signIn.signUp}</a>
        </p>
      </div>`,
  })
  return reply
}

/** What the page before has done, said once more. */
function noticeOf(
  request: FastifyRequest,
  notices: Journey['messages']['signIn']['notices'],
): string | null {
  const name = parameter(request, 'notice')
  return name !== null && Object.hasOwn(notices, name)
    ? notices[name as keyof typeof notices]
    : null
}

/**
 * After a sign-in that failed. The work is the same where there is nothing to confirm: else whoever
 * signed up with somebody's address could find out now whether it was known.
 */
function confirmLater(
  request: FastifyRequest,
  options: MailingOptions,
  journey: Journey,
  { email, account }: { email: string; account: Account | null },
): void {
  const address = parseEmail(email)
  if (address === null || !options.mayMail('sign-in', address)) return
  options.background.later(request.id, () =>
    account
      ? mailConfirmation(options, journey, account)
      : pretendConfirmation(options, journey, address),
  )
}

/** Costs what `mailConfirmation` costs. */
async function pretendConfirmation(
  { emailLinks, challenges, mail, mailMessages, publicUrl }: SignInOptions,
  { visitor }: Journey,
  email: string,
): Promise<void> {
  await emailLinks.pretend()
  await challenges.create('sign-up', visitor.browser, null, {}, 0)
  mail.pretend(mailMessages.confirmEmail(email, { link: `${publicUrl}/confirm` }))
}

/** Sends the link that confirms an account's e-mail. */
export async function mailConfirmation(
  options: SignInOptions,
  journey: Journey,
  { id: accountId, email }: Account,
): Promise<void> {
  const { browser } = journey.visitor
  const token = await options.emailLinks.create({
    purpose: 'confirm',
    accountId,
    email,
    continueTo: along(journey, '/sign-in'),
  })
  const proof = await options.challenges.create('sign-up', browser, accountId, {}, DAY)
  const link = `${options.publicUrl}/confirm?token=${token}&proof=${proof}`
  options.mail.send(options.mailMessages.confirmEmail(email, { link }))
}

/** As long as the link lives. */
const DAY = 86_400_000

export async function findClient(
  { feed, resolveClient }: Pick<SignInOptions, 'feed' | 'resolveClient'>,
  clientId: string,
) {
  await feed.ensureFresh()
  return resolveClient(clientId)
}
