import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { accountActor } from '../access/audit/actor.ts'
import type { EmailLink } from '../access/accounts/email-links.ts'
import { PageError } from '../pages/page-error.ts'
import { errorSummary, passwordField, postForm, submitButton } from '../pages/form.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import { html } from '../pages/html.ts'
import type { Messages } from '../pages/messages.ts'
import { sendPage } from '../pages/page.ts'
import { pageRoute } from '../pages/route.ts'
import { messagesOf, type Visitor, visitorOf } from '../pages/visitor.ts'
import { seeOther } from './complete.ts'
import { ATTEMPTS, tooManyAttempts } from './limits.ts'
import { parameter } from './journey.ts'
import { localPath } from './local-path.ts'
import type { SignInOptions } from './options.ts'

/**
 * `/confirm`: behind the link of a sign-up. GET changes nothing: mail scanners follow links. Whoever
 * signed up with somebody else's address must not have it confirmed by its owner's click, or their
 * password would open an account that looks like the owner's: in another browser than that of the
 * sign-up (`proof`) the password is asked for.
 */
export function confirmRoutes(app: FastifyInstance, options: SignInOptions): void {
  const { accounts, challenges, emailLinks, passwords } = options

  app.get('/confirm', pageRoute('confirm.page'), async (request, reply) => {
    const confirmation = await confirmationOf(request, reply)
    return sendConfirm(reply, confirmation, null)
  })

  app.post('/confirm', pageRoute('confirm', ATTEMPTS), async (request, reply) => {
    const confirmation = await confirmationOf(request, reply)
    const { visitor, messages, token, email, accountId, isSameBrowser } = confirmation
    if (!isSameBrowser) {
      const password = request.form!.get('password')
      if (password === null) return sendConfirm(reply, confirmation, messages.faults.password)
      const outcome = await passwords.verify(email, password, request.ip)
      if (outcome.kind === 'wait') throw tooManyAttempts(reply, messages, outcome.seconds)
      const right = outcome.kind === 'right' || outcome.kind === 'unconfirmed'
      if (!right || outcome.account.id !== accountId) {
        return sendConfirm(reply, confirmation, messages.confirm.wrong)
      }
    }
    const link = await emailLinks.use(token, 'confirm')
    const actor = accountActor(accountId, request)
    if (!link || !(await accounts.confirmEmail(actor, accountId, email))) throw deadLink(messages)
    return toSignIn(reply, options, { link, browser: visitor.browser, notice: 'confirmed' })
  })

  /** @throws PageError 410 */
  async function confirmationOf(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Confirmation> {
    const visitor = await visitorOf(request, reply)
    const messages = messagesOf(request)
    if (request.method === 'POST') requireOwnForm(request, visitor)
    const token = parameter(request, 'token') ?? ''
    const proof = parameter(request, 'proof') ?? ''
    const link = await emailLinks.find(token, 'confirm')
    if (!link?.accountId) throw deadLink(messages)
    const { email, accountId } = link
    const signUp = await challenges.peek(proof, 'sign-up', visitor.browser)
    const isSameBrowser = signUp?.accountId === accountId
    return { visitor, messages, token, proof, email, accountId, isSameBrowser }
  }

  function sendConfirm(
    reply: FastifyReply,
    { visitor, messages, token, proof, email, isSameBrowser }: Confirmation,
    fault: string | null,
  ): FastifyReply {
    const { confirm, fields, faults, signIn } = messages
    sendPage(reply, {
      status: fault === null ? 200 : 400,
      title: confirm.title,
      messages,
      body: html`${fault !== null && errorSummary(faults.title, { password: fault })}
        <p>${confirm.text(email)}</p>
        ${postForm({
          id: 'confirm-form',
          action: '/confirm',
          token: formTokenField(app, visitor),
          hidden: { token, proof },
          body: html`${
            !isSameBrowser &&
            passwordField({
              name: 'password',
              label: fields.password,
              hint: confirm.passwordHint,
              autocomplete: 'current-password',
              required: true,
              error: fault,
            })
          }${submitButton({ id: 'submit', label: confirm.submit })}`,
        })}
        ${
          !isSameBrowser &&
          html`<div class="after">
            <p><a id="forgot-password" href="/forgot-password">${signIn.forgot}</a></p>
          </div>`
        }`,
    })
    return reply
  }
}

interface Confirmation {
  visitor: Visitor
  messages: Messages
  token: string
  proof: string
  email: string
  accountId: string
  /** Whether it is the browser of the sign-up. */
  isSameBrowser: boolean
}

/** The link was used, has expired, or never was: all the same. */
export function deadLink({ links, signIn }: Messages): PageError {
  return new PageError(410, links.deadTitle, links.dead, { href: '/sign-in', label: signIn.title })
}

/** Back to the sign-in page, and to what the person was about to do, if that is still open. */
export async function toSignIn(
  reply: FastifyReply,
  { interactions }: Pick<SignInOptions, 'interactions'>,
  options: { link: EmailLink; browser: string; notice: string },
): Promise<FastifyReply> {
  const { link, browser, notice } = options
  const [path = '', query] = localPath(link.continueTo).split('?')
  const parameters = new URLSearchParams(path === '/sign-in' ? query : '')
  const interaction = parameters.get('interaction')
  // The link may be opened in another browser, or too late: signing in must be possible all the same.
  if (interaction !== null && !(await interactions.find(interaction, browser))) {
    parameters.delete('interaction')
  }
  parameters.set('notice', notice)
  return seeOther(reply, `/sign-in?${parameters.toString()}`)
}
