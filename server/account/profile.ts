import type { FastifyInstance } from 'fastify'
import { parseEmail } from '../access/accounts/email.ts'
import { mayManageMembers } from '../access/applications/role-rights.ts'
import {
  emailField,
  errorSummary,
  type FieldErrors,
  postForm,
  submitButton,
  textField,
} from '../pages/form.ts'
import { html } from '../pages/html.ts'
import { badge, definitions, linkButton, section, table } from '../pages/parts.ts'
import { pageRoute } from '../pages/route.ts'
import { messagesOf } from '../pages/visitor.ts'
import { parseLine } from './fields.ts'
import { doneNotice, tabs, withDone } from './layout.ts'
import type { AccountOptions } from './options.ts'
import type { AsPerson, Person } from './person.ts'
import { requireOwnAddress, sendEmailLink } from './new-email.ts'

const MAXIMUM_NAME = 100

/** `/account`: name, e-mail address, and the customers that the person belongs to. */
export function profileRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { shown, sent }: AsPerson,
): void {
  const { accounts, memberships } = options

  async function show(
    person: Person,
    query: unknown,
    faults: { errors?: FieldErrors; given?: Record<string, string> } = {},
  ) {
    const { account, texts, token, send } = person
    const { errors = {}, given = {} } = faults
    const { profile: t } = texts
    const customers = await memberships.of(account.id)
    return send({
      status: Object.keys(errors).length > 0 ? 400 : 200,
      title: t.title,
      current: 'account',
      body: html`${tabs(texts, 'profile')}${doneNotice(texts, query)}${errorSummary(
        messagesOf(person.request).faults.title,
        errors,
      )}${section({
        id: 'name-part',
        title: t.nameTitle,
        body: postForm({
          id: 'name-form',
          action: '/account',
          token,
          body: html`${textField({
            name: 'name',
            label: t.nameTitle,
            hint: t.nameHint,
            value: given.name ?? account.name,
            maxLength: MAXIMUM_NAME,
            autocomplete: 'name',
            required: true,
            error: errors.name,
          })}${submitButton({ id: 'save-name', label: t.save })}`,
        }),
      })}${section({
        id: 'email-part',
        title: t.emailTitle,
        body: html`${definitions([
          [
            t.emailNow,
            html`<span id="current-email">${account.email}</span>${
                account.emailConfirmed
                  ? badge('good', t.confirmed)
                  : badge('warning', t.unconfirmed)
              }`,
          ],
        ])}${postForm({
          id: 'email-form',
          action: '/account/email',
          token,
          body: html`${emailField({
            name: 'email',
            label: t.newEmail,
            hint: t.newEmailHint,
            value: given.email ?? null,
            required: true,
            error: errors.email,
          })}${submitButton({ id: 'change-email', label: t.changeEmail, kind: 'plain' })}`,
        })}`,
      })}${section({
        id: 'customers',
        title: t.customersTitle,
        body:
          customers.length === 0
            ? html`<p>${t.noCustomers}</p>`
            : table({
                caption: t.customersTitle,
                columns: [t.customer, t.role, html`<span class="hidden">${t.members}</span>`],
                rows: customers.map(({ customerId, customerName, role }) => [
                  customerName,
                  texts.roles[role],
                  mayManageMembers(role) &&
                    html`<a href="/account/members?customer=${encodeURIComponent(customerId)}"
                      >${t.members}</a
                    >`,
                ]),
              }),
      })}${section({
        id: 'delete-part',
        title: t.deleteTitle,
        body: html`<p>${t.deleteText}</p>
          ${linkButton({
            href: '/account/delete',
            id: 'delete-account',
            label: t.delete,
          })}`,
      })}`,
    })
  }

  app.get(
    '/account',
    pageRoute('account.profile'),
    shown((person, request) => show(person, request.query)),
  )

  app.post(
    '/account',
    pageRoute('account.changeName', { quota: 60, windowSeconds: 3_600 }),
    sent('/account', async (person, form, request, reply) => {
      const { texts, actor, account } = person
      const name = parseLine(form.get('name'), texts, texts.profile.nameTitle, MAXIMUM_NAME)
      if (name.fault !== null) {
        const given = { name: form.get('name')?.slice(0, MAXIMUM_NAME) ?? '' }
        return show(person, {}, { errors: { name: name.fault }, given })
      }
      await accounts.change(actor, account.id, { name: name.value })
      return reply.redirect(withDone('/account', 'name'), 303)
    }),
  )

  app.post(
    '/account/email',
    // Each may be a message to a stranger.
    pageRoute('account.changeEmail', { quota: 10, windowSeconds: 3_600 }),
    sent(
      '/account',
      async (person, form, request, reply) => {
        const email = parseEmail(form.get('email') ?? '')
        if (email === null) {
          const given = { email: form.get('email')?.slice(0, 254) ?? '' }
          return show(person, {}, { errors: { email: person.texts.profile.emailFault }, given })
        }
        await requireOwnAddress(person, options)
        options.background.later(request.id, () => sendEmailLink(person, email, options))
        return reply.redirect(withDone('/account', 'email-sent'), 303)
      },
      { recent: true },
    ),
  )
}
