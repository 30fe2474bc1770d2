import type { FastifyInstance } from 'fastify'
import { clearCookie } from '../http/cookies.ts'
import { buttons, passwordField, postForm, submitButton } from '../pages/form.ts'
import { html } from '../pages/html.ts'
import { linkButton, notice } from '../pages/parts.ts'
import { pageRoute } from '../pages/route.ts'
import { createPasswordCheck } from './password-check.ts'
import type { AccountOptions } from './options.ts'
import { type AsPerson, type Person, reauthenticationUrl } from './person.ts'

const PATH = '/account/delete'

/** `/account/delete`: says what goes, asks for the password or a recent sign-in, and deletes. */
export function deletionRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { shown, sent }: AsPerson,
): void {
  const { accounts, mail, mailMessages } = options
  const checkPassword = createPasswordCheck(options)

  function show(
    person: Person,
    {
      status = 200,
      fault = null,
      refusal = null,
    }: { status?: number; fault?: string | null; refusal?: string | null } = {},
  ) {
    const { account, texts, token, send } = person
    const { deletion: t } = texts
    return send({
      status,
      title: t.title,
      width: 'medium',
      current: 'account',
      body: html`${refusal && notice('error', refusal)}
        <p>${t.text}</p>
        <ul>
          ${t.goes.map((item) => html`<li>${item}</li>`)}
        </ul>
        <p>${t.stays}</p>
        ${postForm({
          id: 'delete-account-form',
          action: PATH,
          token,
          body: html`${
            account.hasPassword &&
            passwordField({
              name: 'current_password',
              label: t.password,
              autocomplete: 'current-password',
              required: true,
              error: fault,
            })
          }${buttons(
            submitButton({ id: 'delete', label: t.submit, kind: 'danger' }),
            linkButton({ href: '/account', label: t.cancel }),
          )}`,
        })}`,
    })
  }

  app.get(
    PATH,
    pageRoute('account.showDeletion'),
    shown((person, _request, reply) => {
      if (person.account.hasPassword || person.recent) return show(person)
      return reply.redirect(reauthenticationUrl(PATH), 303)
    }),
  )

  app.post(
    PATH,
    pageRoute('account.delete', { quota: 20, windowSeconds: 3_600 }),
    sent(PATH, async (person, form, _request, reply) => {
      const { account, actor } = person
      if (account.hasPassword) {
        const fault = await checkPassword(person, form.get('current_password'))
        if (fault) return show(person, fault)
      } else if (!person.recent) {
        return reply.redirect(reauthenticationUrl(PATH), 303)
      }
      const outcome = await accounts.delete(actor, account.id)
      if (outcome === 'last-owner') {
        return show(person, { status: 409, refusal: person.texts.deletion.lastOwner })
      }
      if (outcome === 'deleted') {
        mail.send(mailMessages.accountDeleted(account.email, { name: account.name }))
      }
      clearCookie(reply, 'mapgate-session')
      return reply.redirect('/sign-in?notice=deleted', 303)
    }),
  )
}
