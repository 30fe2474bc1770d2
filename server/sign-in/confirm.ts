import type { FastifyInstance, FastifyReply } from 'fastify'
import { accountActor } from '../access/audit/actor.ts'
import type { EmailLink } from '../access/accounts/email-links.ts'
import { PageError } from '../pages/page-error.ts'
import { postForm, submitButton } from '../pages/form.ts'
import { formTokenField, requireOwnForm } from '../pages/form-token.ts'
import { html } from '../pages/html.ts'
import type { Messages } from '../pages/messages.ts'
import { sendPage } from '../pages/page.ts'
import { pageRoute } from '../pages/route.ts'
import { messagesOf, visitorOf } from '../pages/visitor.ts'
import { ATTEMPTS } from './limits.ts'
import { seeOther } from './complete.ts'
import { parameter } from './journey.ts'
import { localPath } from './local-path.ts'
import type { SignInOptions } from './options.ts'

/** `/confirm`: behind the link of a sign-up. GET changes nothing: mail scanners follow links. */
export function confirmRoutes(app: FastifyInstance, options: SignInOptions): void {
  const { accounts, emailLinks } = options

  app.get('/confirm', pageRoute('confirm.page'), async (request, reply) => {
    const visitor = await visitorOf(request, reply)
    const messages = messagesOf(request)
    const token = parameter(request, 'token') ?? ''
    const link = await emailLinks.find(token, 'confirm')
    if (!link) throw deadLink(messages)
    sendPage(reply, {
      title: messages.confirm.title,
      messages,
      body: html`<p>${messages.confirm.text(link.email)}</p>
        ${postForm({
          id: 'confirm-form',
          action: '/confirm',
          token: formTokenField(app, visitor),
          hidden: { token },
          body: submitButton({ id: 'submit', label: messages.confirm.submit }),
        })}`,
    })
    return reply
  })

  app.post('/confirm', pageRoute('confirm', ATTEMPTS), async (request, reply) => {
    const visitor = await visitorOf(request, reply)
    const messages = messagesOf(request)
    const form = requireOwnForm(request, visitor)
    const link = await emailLinks.use(form.get('token') ?? '', 'confirm')
    if (!link?.accountId) throw deadLink(messages)
    const actor = accountActor(link.accountId, request)
    if (!(await accounts.confirmEmail(actor, link.accountId, link.email))) throw deadLink(messages)
    return toSignIn(reply, options, { link, browser: visitor.browser, notice: 'confirmed' })
  })
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
