import type { FastifyInstance } from 'fastify'
import { emailKey } from '../access/accounts/email.ts'
import type { EmailLink } from '../access/accounts/email-links.ts'
import { PageError } from '../pages/page-error.ts'
import { postForm, submitButton } from '../pages/form.ts'
import { html } from '../pages/html.ts'
import { pageRoute } from '../pages/route.ts'
import { withDone } from './layout.ts'
import type { AccountOptions } from './options.ts'
import type { AsPerson, Person } from './person.ts'

/**
 * A new e-mail address counts once its owner has opened the link that was sent there, signed in to
 * the account that it is for. Looking at the link changes nothing, because mail scanners look too.
 */
export function newEmailRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { shown, sent }: AsPerson,
): void {
  const { accounts, emailLinks, mail, mailMessages, publicUrl } = options

  app.get(
    '/account/email',
    pageRoute('account.showNewEmail'),
    shown(async (person, request) => {
      const { texts, token, send } = person
      const { token: given } = request.query as { token?: unknown }
      const text = typeof given === 'string' ? given.slice(0, 200) : ''
      const { email } = requireOwnLink(person, await emailLinks.find(text, 'confirm'))
      return send({
        title: texts.email.title,
        width: 'narrow',
        current: 'account',
        body: html`<p>${texts.email.text(email)}</p>
          ${postForm({
            id: 'new-email-form',
            action: '/account/email/confirm',
            token,
            hidden: { token: text },
            body: submitButton({ id: 'confirm-email', label: texts.email.confirm }),
          })}`,
      })
    }),
  )

  app.post(
    '/account/email/confirm',
    pageRoute('account.confirmNewEmail', { quota: 30, windowSeconds: 3_600 }),
    sent('/account', async (person, form, _request, reply) => {
      const { account, actor } = person
      await requireOwnAddress(person, options)
      const text = form.get('token') ?? ''
      requireOwnLink(person, await emailLinks.find(text, 'confirm'))
      const { email } = requireOwnLink(person, await emailLinks.use(text, 'confirm'))
      const changed = await accounts.change(actor, account.id, { email, emailConfirmed: true })
      if (changed === null || changed === 'taken') throw dead(person)
      if (emailKey(email) !== emailKey(account.email)) {
        const link = `${publicUrl}/account`
        mail.send(
          mailMessages.emailChanged(account.email, { name: account.name, newEmail: email, link }),
        )
      }
      return reply.redirect(withDone('/account', 'email'), 303)
    }),
  )
}

/** Whether the address has an account already is told to its owner alone: the work is the same. */
export async function sendEmailLink(
  { account }: Person,
  email: string,
  { accounts, emailLinks, mail, mailMessages, publicUrl }: AccountOptions,
): Promise<void> {
  const holder = await accounts.findByEmail(email)
  if (holder && holder.id !== account.id) {
    await emailLinks.pretend()
    mail.send(mailMessages.newEmailTaken(email))
    return
  }
  const text = await emailLinks.create({ purpose: 'confirm', accountId: account.id, email })
  mail.send(mailMessages.newEmail(email, { link: `${publicUrl}/account/email?token=${text}` }))
}

/**
 * Whoever must sign in at an organisation's provider keeps its address: under another one they would
 * get in without it, long after they left.
 * @throws PageError 403
 */
export async function requireOwnAddress(
  { account, texts }: Person,
  { identityProviders }: Pick<AccountOptions, 'identityProviders'>,
): Promise<void> {
  if (!(await identityProviders.requiredProviderFor(account.email))) return
  const { title, organisation, back } = texts.email
  throw new PageError(403, title, organisation, { href: '/account', label: back })
}

/** @throws PageError when the link is dead, or another person's */
function requireOwnLink(person: Person, link: EmailLink | null): EmailLink {
  if (!link) throw dead(person)
  if (link.accountId === person.account.id) return link
  const { deadTitle, other, back } = person.texts.email
  throw new PageError(403, deadTitle, other, { href: '/account', label: back })
}

function dead({ texts }: Person): PageError {
  const { deadTitle, dead, back } = texts.email
  return new PageError(410, deadTitle, dead, { href: '/account', label: back })
}
