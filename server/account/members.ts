import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Account, type Membership, type Role, ROLES } from '../access/accounts/account.ts'
import { parseEmail } from '../access/accounts/email.ts'
import { mayGiveRole, mayManageMembers } from '../access/applications/role-rights.ts'
import { PageError } from '../pages/page-error.ts'
import {
  buttons,
  emailField,
  errorSummary,
  type FieldErrors,
  postForm,
  select,
  submitButton,
} from '../pages/form.ts'
import { attributes, type Html, html } from '../pages/html.ts'
import { badge, card, cards, notice, section, table, timeElement } from '../pages/parts.ts'
import { pageRoute } from '../pages/route.ts'
import { messagesOf } from '../pages/visitor.ts'
import type { Form } from '../protocol/form.ts'
import { doneNotice, tabs, withDone } from './layout.ts'
import type { AccountOptions } from './options.ts'
import type { AsPerson, Person } from './person.ts'

const PATH = '/account/members'

/** Each invitation is a message to a stranger. */
const MAXIMUM_INVITATIONS = 100

const pathOf = (customerId: string) => `${PATH}?customer=${encodeURIComponent(customerId)}`

/** `/account/members`: who belongs to a customer, for its owners and administrators. */
export function memberRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { shown, sent }: AsPerson,
): void {
  const { memberships, emailLinks, mail, mailMessages, publicUrl } = options

  /** The person's membership in the customer that the request names, or in the first they may manage. */
  async function ownMembership(
    { account }: Person,
    customerId: string | null,
  ): Promise<{ all: Membership[]; own: Membership | null }> {
    const all = (await memberships.of(account.id)).filter(({ role }) => mayManageMembers(role))
    const own = customerId === null ? all[0] : all.find((one) => one.customerId === customerId)
    return { all, own: own ?? null }
  }

  /** @throws PageError 403 */
  async function requireManager(person: Person, customerId: string | null): Promise<Membership> {
    const { own } = await ownMembership(person, customerId ?? '')
    if (own) return own
    throw forbidden(person)
  }

  async function show(
    person: Person,
    own: Membership,
    all: Membership[],
    query: unknown,
    {
      errors = {},
      given = {},
      refusal = null,
    }: { errors?: FieldErrors; given?: Record<string, string>; refusal?: string | null } = {},
  ) {
    const { texts, token, send } = person
    const { members: t } = texts
    const members = await memberships.members(own.customerId)
    const invitations = await emailLinks.listInvitations(own.customerId)
    const roles = ROLES.filter((role) => mayGiveRole(own.role, role))
    const failed = refusal !== null || Object.keys(errors).length > 0
    return send({
      status: refusal !== null ? 409 : failed ? 400 : 200,
      title: t.of(own.customerName),
      current: 'account',
      body: html`${tabs(texts, 'members')}${doneNotice(texts, query)}${
        refusal && notice('error', refusal)
      }${errorSummary(messagesOf(person.request).faults.title, errors)}${
        all.length > 1 &&
        html`<nav class="tabs" aria-label="${t.choose}">
          ${all.map(
            ({ customerId, customerName }) =>
              html`<a${attributes({
                href: pathOf(customerId),
                'aria-current': customerId === own.customerId ? 'page' : null,
              })}>${customerName}</a>`,
          )}
        </nav>`
      }${section({
        id: 'members',
        title: t.title,
        body: table({
          caption: t.of(own.customerName),
          columns: [
            t.name,
            t.email,
            t.role,
            t.since,
            html`<span class="hidden">${t.actions}</span>`,
          ],
          rows: members.map((member) => memberRow(person, own, member)),
        }),
      })}${section({
        id: 'invite-part',
        title: t.inviteTitle,
        body: postForm({
          id: 'invite-form',
          action: `${PATH}/invite`,
          token,
          hidden: { customer: own.customerId },
          body: html`<p class="hint">${t.inviteHint}</p>
            ${emailField({
              name: 'email',
              label: t.email,
              value: given.email ?? null,
              autocomplete: 'off',
              required: true,
              error: errors.email,
            })}${select({
              name: 'role',
              label: t.role,
              value: given.role ?? 'developer',
              options: roles.map((role) => ({
                value: role,
                label: `${texts.roles[role]}: ${texts.roleHints[role]}`,
              })),
              error: errors.role,
            })}${submitButton({ id: 'invite', label: t.invite })}`,
        }),
      })}${
        invitations.length > 0 &&
        section({
          id: 'invitations',
          title: t.invitationsTitle,
          body: cards(
            invitations.map(({ id, email, role, expiresAt }) =>
              card({
                id: `invitation-${id}`,
                title: email,
                badge: role && badge('neutral', texts.roles[role]),
                body: html`<p>${t.expires} ${timeElement(expiresAt)}</p>`,
                actions:
                  (!role || mayGiveRole(own.role, role)) &&
                  postForm({
                    id: `withdraw-${id}-form`,
                    action: `${PATH}/withdraw-invitation`,
                    token,
                    inline: true,
                    hidden: { customer: own.customerId, invitation: id },
                    body: submitButton({ id: `withdraw-${id}`, label: t.withdraw, kind: 'plain' }),
                  }),
              }),
            ),
          ),
        })
      }`,
    })
  }

  app.get(
    PATH,
    pageRoute('account.members'),
    shown(async (person, request) => {
      const { customer } = request.query as { customer?: unknown }
      const asked = typeof customer === 'string' ? customer : null
      const { all, own } = await ownMembership(person, asked)
      if (own) return show(person, own, all, request.query)
      if (asked !== null) throw forbidden(person)
      const { texts, send } = person
      const any = (await memberships.of(person.account.id)).length > 0
      return send({
        title: texts.members.title,
        current: 'account',
        body: html`${tabs(texts, 'members')}${section({
          id: 'members',
          title: texts.members.title,
          body: html`<p>${any ? texts.members.notYours : texts.members.none}</p>`,
        })}`,
      })
    }),
  )

  app.post(
    `${PATH}/invite`,
    pageRoute('account.invite', { quota: 30, windowSeconds: 3_600 }),
    sent(back, async (person, form, _request, reply) => {
      const { texts, account } = person
      const { members: t } = texts
      const own = await requireManager(person, form.get('customer'))
      const { all } = await ownMembership(person, null)
      const email = parseEmail(form.get('email') ?? '')
      const role = roleOf(form.get('role'))
      const mayGive = role !== null && mayGiveRole(own.role, role)
      if (email === null || !mayGive) {
        const errors = {
          ...(email === null && { email: t.emailFault }),
          ...(!mayGive && { role: t.roleFault }),
        }
        const given = { email: form.get('email')?.slice(0, 254) ?? '', role: role ?? '' }
        return show(person, own, all, {}, { errors, given })
      }
      const { customerId, customerName } = own
      if ((await emailLinks.listInvitations(customerId)).length >= MAXIMUM_INVITATIONS) {
        return show(person, own, all, {}, { refusal: t.tooMany(MAXIMUM_INVITATIONS) })
      }
      const text = await emailLinks.create({
        purpose: 'invite',
        email,
        customerId,
        role,
        createdBy: account.id,
      })
      mail.send(
        mailMessages.invitation(email, {
          customerName,
          role: texts.roles[role],
          invitedBy: account.name,
          link: `${publicUrl}/invitation?token=${text}`,
        }),
      )
      return reply.redirect(withDone(pathOf(customerId), 'invited'), 303)
    }),
  )

  app.post(
    `${PATH}/withdraw-invitation`,
    pageRoute('account.withdrawInvitation', { quota: 120, windowSeconds: 3_600 }),
    sent(back, async (person, form, _request, reply) => {
      const own = await requireManager(person, form.get('customer'))
      const { customerId } = own
      const id = form.get('invitation') ?? ''
      const found = (await emailLinks.listInvitations(customerId)).find((one) => one.id === id)
      // Of an owner's invitation an administrator decides nothing.
      if (found?.role && !mayGiveRole(own.role, found.role)) throw forbidden(person)
      await emailLinks.withdraw(customerId, id)
      return reply.redirect(withDone(pathOf(customerId), 'invitation-withdrawn'), 303)
    }),
  )

  app.post(
    `${PATH}/role`,
    pageRoute('account.changeRole', { quota: 120, windowSeconds: 3_600 }),
    sent(back, async (person, form, _request, reply) => {
      const role = roleOf(form.get('new_role'))
      if (role === null) throw forbidden(person)
      const { own, customerId } = await changeMember(person, form, role)
      if (own) return refuseLastOwner(person, own)
      return reply.redirect(withDone(pathOf(customerId), 'role'), 303)
    }),
  )

  app.post(
    `${PATH}/remove`,
    pageRoute('account.removeMember', { quota: 120, windowSeconds: 3_600 }),
    sent(back, async (person, form, _request, reply) => {
      const { own, customerId } = await changeMember(person, form, null)
      if (own) return refuseLastOwner(person, own)
      const gone = form.get('account') === person.account.id
      return reply.redirect(withDone(gone ? '/account' : pathOf(customerId), 'member'), 303)
    }),
  )

  /**
   * An administrator changes no owner, and makes none.
   * @returns `own`: not null when the customer would have no owner left
   * @throws PageError 403
   */
  async function changeMember(person: Person, form: Form, role: Role | null) {
    const own = await requireManager(person, form.get('customer'))
    const { customerId } = own
    const outcome = await memberships.changeAs(person.actor, {
      by: person.account.id,
      accountId: form.get('account') ?? '',
      customerId,
      role,
      may: (ownRole, current) =>
        mayManageMembers(ownRole) &&
        mayGiveRole(ownRole, current) &&
        (role === null || mayGiveRole(ownRole, role)),
    })
    if (outcome === 'unknown' || outcome === 'forbidden') throw forbidden(person)
    return { own: outcome === 'last-owner' ? own : null, customerId }
  }

  async function refuseLastOwner(person: Person, own: Membership) {
    const { all } = await ownMembership(person, null)
    return show(person, own, all, {}, { refusal: person.texts.members.lastOwner })
  }
}

function memberRow(
  { account, texts, token }: Person,
  own: Membership,
  member: Membership & { account: Account },
): (string | Html | false)[] {
  const { members: t } = texts
  const { accountId, customerId, role, createdAt } = member
  const isOwn = accountId === account.id
  const roles = ROLES.filter((one) => mayGiveRole(own.role, one))
  const hidden = { customer: customerId, account: accountId }
  return [
    html`${member.account.name}${isOwn && badge('neutral', t.you)}`,
    member.account.email,
    texts.roles[role],
    timeElement(createdAt),
    mayGiveRole(own.role, role) &&
      buttons(
        postForm({
          id: `role-${accountId}-form`,
          action: `${PATH}/role`,
          token,
          hidden,
          inline: true,
          body: html`<select
              name="new_role"
              id="role-${accountId}"
              aria-label="${t.roleOf(member.account.name)}"
            >
              ${roles.map(
                (one) =>
                  html`<option${attributes({ value: one, selected: one === role })}>${texts.roles[one]}</option>`,
              )}</select
            >${submitButton({ id: `change-role-${accountId}`, label: t.change, kind: 'plain' })}`,
        }),
        postForm({
          id: `remove-${accountId}-form`,
          action: `${PATH}/remove`,
          token,
          hidden,
          inline: true,
          body: submitButton({
            id: `remove-${accountId}`,
            label: isOwn ? t.leave : t.remove,
            kind: 'danger',
          }),
        }),
      ),
  ]
}

const roleOf = (text: string | null): Role | null => ROLES.find((role) => role === text) ?? null

const back = (request: FastifyRequest) => {
  const customerId = request.form?.get('customer')
  return customerId ? pathOf(customerId) : PATH
}

function forbidden({ texts }: Person): PageError {
  const { viewerTitle, viewer } = texts.applications
  return new PageError(403, viewerTitle, viewer, { href: '/account', label: texts.email.back })
}
