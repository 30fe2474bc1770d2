import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Account } from '../access/accounts/account.ts'
import type { EmailLink } from '../access/accounts/email-links.ts'
import { parseEmail } from '../access/accounts/email.ts'
import { accountActor } from '../access/audit/actor.ts'
import { clearCookie } from '../http/cookies.ts'
import { emailField, errorSummary, passwordField, postForm, submitButton } from '../pages/form.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import { html } from '../pages/html.ts'
import type { Messages } from '../pages/messages.ts'
import { sendPage } from '../pages/page.ts'
import { pageRoute } from '../pages/route.ts'
import { messagesOf, type Visitor, visitorOf } from '../pages/visitor.ts'
import { deadLink, toSignIn } from './confirm.ts'
import { along, type Journey, journeyOf, parameter } from './journey.ts'
import { ATTEMPTS, MAILS, type MailingOptions } from './limits.ts'
import { passwordFaultOf } from '../pages/password-fault.ts'
import { sendCheckYourMail } from './sign-up.ts'

/**
 * `/forgot-password` sends a single-use link, `/reset-password` is behind it. The new password ends
 * all sessions; authenticator app and passkeys stay, so that a mailbox alone is never enough where
 * there is a second factor.
 */
export function resetRoutes(app: FastifyInstance, options: MailingOptions): void {
  const { accounts, emailLinks, passwords, mail, mailMessages, publicUrl } = options

  app.get('/forgot-password', pageRoute('reset.ask-page'), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const email = journey.interaction?.request.loginHint ?? ''
    return sendForgot(reply, journey, { email, fault: null })
  })

  app.post('/forgot-password', pageRoute('reset.ask', MAILS), async (request, reply) => {
    const journey = await journeyOf(request, reply, options)
    const form = requireOwnForm(request, journey.visitor)
    const { faults, forgot } = journey.messages
    const given = form.get('email') ?? ''
    const email = parseEmail(given)
    if (email === null) return sendForgot(reply, journey, { email: given, fault: faults.email })
    if (!options.mayMail('reset', email)) {
      return sendCheckYourMail(reply, journey, forgot.sent(email))
    }
    options.background.later(request.id, async () => {
      const account = await accounts.findByEmail(email)
      if (!account || account.suspended) {
        await emailLinks.pretend()
        const link = `${publicUrl}/reset-password`
        mail.pretend(mailMessages.resetPassword(email, { name: '', link }))
        return
      }
      const text = await emailLinks.create({
        purpose: 'reset',
        accountId: account.id,
        email: account.email,
        continueTo: along(journey, '/sign-in'),
      })
      const link = `${publicUrl}/reset-password?token=${text}`
      mail.send(mailMessages.resetPassword(account.email, { name: account.name, link }))
    })
    return sendCheckYourMail(reply, journey, forgot.sent(email))
  })

  app.get('/reset-password', pageRoute('reset.page'), async (request, reply) => {
    const visitor = await visitorOf(request, reply)
    const messages = messagesOf(request)
    const token = parameter(request, 'token') ?? ''
    const { account } = await behindLink(await emailLinks.find(token, 'reset'), messages)
    return sendReset(reply, { visitor, messages, account, token, fault: null })
  })

  app.post('/reset-password', pageRoute('reset', ATTEMPTS), async (request, reply) => {
    const visitor = await visitorOf(request, reply)
    const messages = messagesOf(request)
    const form = requireOwnForm(request, visitor)
    const token = form.get('token') ?? ''
    const password = form.get('password') ?? ''
    const { account } = await behindLink(await emailLinks.find(token, 'reset'), messages)
    const judged = passwords.judge(password, { ...account, secondFactor: account.hasTotp })
    const fault = password === '' ? messages.faults.password : passwordFaultOf(judged, messages)
    if (fault !== null) return sendReset(reply, { visitor, messages, account, token, fault })
    const hash = await passwords.hash(password)
    const { link } = await behindLink(await emailLinks.use(token, 'reset'), messages)
    const actor = accountActor(account.id, request)
    await accounts.setPassword(actor, account.id, hash)
    // Whoever read the mail has the mailbox.
    await accounts.confirmEmail(actor, account.id, link.email)
    const { name, email } = account
    mail.send(mailMessages.passwordChanged(email, { name, link: `${publicUrl}/forgot-password` }))
    // Its session has ended.
    clearCookie(reply, 'mapgate-session')
    return toSignIn(reply, options, { link, browser: visitor.browser, notice: 'reset' })
  })

  /** @throws PageError 410 when there is nobody behind it any more */
  async function behindLink(
    link: EmailLink | null,
    messages: Messages,
  ): Promise<{ link: EmailLink; account: Account }> {
    const account = link?.accountId ? await accounts.find(link.accountId) : null
    if (!link || !account || account.suspended) throw deadLink(messages)
    return { link, account }
  }
}

function sendForgot(
  reply: FastifyReply,
  journey: Journey,
  { email, fault }: { email: string; fault: string | null },
): FastifyReply {
  const { visitor, messages, fields } = journey
  const { forgot, faults, signUp } = messages
  sendPage(reply, {
    status: fault === null ? 200 : 400,
    title: forgot.title,
    messages,
    body: html`${fault !== null && errorSummary(faults.title, { email: fault })}
      <p class="lead">${forgot.text}</p>
      ${postForm({
        id: 'forgot-form',
        action: '/forgot-password',
        token: formTokenField(reply.server, visitor),
        hidden: fields,
        body: html`${emailField({
          name: 'email',
          label: messages.fields.email,
          value: email.slice(0, 254),
          autocomplete: 'username',
          required: true,
          error: fault,
        })}
        ${submitButton({ id: 'submit', label: forgot.submit })}`,
      })}
      <div class="after">
        <p><a id="back" href="${along(journey, '/sign-in')}">${signUp.back}</a></p>
      </div>`,
  })
  return reply
}

function sendReset(
  reply: FastifyReply,
  shown: {
    visitor: Visitor
    messages: Messages
    account: Account
    token: string
    fault: string | null
  },
): FastifyReply {
  const { visitor, messages, account, token, fault } = shown
  const { reset, faults, signUp } = messages
  sendPage(reply, {
    status: fault === null ? 200 : 400,
    title: reset.title,
    messages,
    body: html`${fault !== null && errorSummary(faults.title, { password: fault })}
      <p class="lead">${reset.text(account.email)}</p>
      ${postForm({
        id: 'reset-form',
        action: '/reset-password',
        token: formTokenField(reply.server, visitor),
        hidden: { token },
        body: html`<input
            class="hidden"
            type="text"
            name="username"
            value="${account.email}"
            autocomplete="username"
            readonly
            tabindex="-1"
            aria-hidden="true"
          />
          ${passwordField({
            name: 'password',
            label: messages.fields.newPassword,
            hint: signUp.passwordHint(account.hasTotp ? 8 : 15),
            autocomplete: 'new-password',
            required: true,
            error: fault,
          })}
          ${submitButton({ id: 'submit', label: reset.submit })}`,
      })}`,
  })
  return reply
}
