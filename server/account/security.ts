import type { FastifyInstance } from 'fastify'
import {
  errorSummary,
  type FieldErrors,
  passwordField,
  postForm,
  submitButton,
} from '../pages/form.ts'
import { type Html, html } from '../pages/html.ts'
import { badge, notice, section } from '../pages/parts.ts'
import { PASSKEY_SCRIPT_PATH } from '../pages/passkey.ts'
import { pageRoute } from '../pages/route.ts'
import { passwordFaultOf } from '../pages/password-fault.ts'
import { messagesOf } from '../pages/visitor.ts'
import { doneNotice, tabs, withDone } from './layout.ts'
import type { AccountOptions } from './options.ts'
import { passkeyPart, passkeyRoutes } from './passkeys.ts'
import { createPasswordCheck } from './password-check.ts'
import { type AsPerson, type Person, reauthenticationUrl } from './person.ts'
import { recoveryCodeRoutes, recoveryPart } from './recovery-codes.ts'
import { totpRoutes } from './totp.ts'

const PATH = '/account/security'

/**
 * Of an account with and without a second factor (NIST SP 800-63B-4 §3.1.1.2). A passkey beside the
 * password does not count here: it is removed without the password, which would then be too short.
 */
const MINIMUM_LENGTH = { with: 8, without: 15 }

export interface SecurityFaults {
  status?: number
  errors?: FieldErrors
}

export type ShowSecurity = (
  person: Person,
  query: unknown,
  faults?: SecurityFaults,
) => Promise<unknown>

/** `/account/security`: how the person signs in: the password. The rest is in `totp.ts`, `passkeys.ts`, `recovery-codes.ts`. */
export function securityRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  asPerson: AsPerson,
): void {
  const { accounts, passwords, secondFactors, passkeys, mail, mailMessages, publicUrl } = options
  const { shown, sent } = asPerson
  const checkPassword = createPasswordCheck(options)

  const show: ShowSecurity = async (person, query, { status, errors = {} } = {}) => {
    const { account, texts, recent, send } = person
    const { security: t } = texts
    const failed = Object.keys(errors).length > 0
    const known = await passkeys.list(account.id)
    return send({
      status: status ?? (failed ? 400 : 200),
      title: t.title,
      current: 'account',
      scripts: recent ? [PASSKEY_SCRIPT_PATH] : [],
      body: html`${tabs(texts, 'security')}${doneNotice(texts, query)}${errorSummary(
        messagesOf(person.request).faults.title,
        errors,
      )}${
        !recent &&
        notice(
          'info',
          html`${texts.reauthenticate.text}
            <a id="reauthenticate" href="${reauthenticationUrl(PATH)}"
              >${texts.reauthenticate.link}</a
            >`,
        )
      }${section({
        id: 'password-part',
        title: t.passwordTitle,
        body: passwordPart(person, errors),
      })}${section({
        id: 'totp-part',
        title: html`${t.totpTitle}${badge(account.hasTotp ? 'good' : 'neutral', account.hasTotp ? t.on : t.off)}`,
        body: totpPart(person, errors),
      })}${
        (account.hasTotp || known.length > 0) &&
        section({
          id: 'recovery-part',
          title: t.recoveryTitle,
          body: recoveryPart(person, {
            needed: await secondFactors.areNeeded(account),
            left: await secondFactors.recoveryCodesLeft(account.id),
          }),
        })
      }${section({
        id: 'passkeys-part',
        title: t.passkeysTitle,
        body: passkeyPart(person, known),
      })}`,
    })
  }

  app.get(
    PATH,
    pageRoute('account.security'),
    shown((person, request) => show(person, request.query)),
  )

  app.post(
    `${PATH}/password`,
    pageRoute('account.changePassword', { quota: 30, windowSeconds: 3_600 }),
    sent(PATH, async (person, form, request, reply) => {
      const { account, actor, session } = person
      if (account.hasPassword) {
        const wrong = await checkPassword(person, form.get('current_password'))
        if (wrong) {
          const errors = { current_password: wrong.fault }
          return show(person, {}, { status: wrong.status, errors })
        }
      } else if (!person.recent) {
        return reply.redirect(reauthenticationUrl(PATH), 303)
      }
      const password = form.get('new_password') ?? ''
      const { email, name } = account
      const about = { secondFactor: account.hasTotp, email, name }
      const fault = passwordFaultOf(passwords.judge(password, about), messagesOf(request))
      if (fault !== null) return show(person, {}, { errors: { new_password: fault } })
      await accounts.setPassword(actor, account.id, await passwords.hash(password), {
        exceptSession: session.id,
      })
      const link = `${publicUrl}/forgot-password`
      mail.send(mailMessages.passwordChanged(email, { name, link }))
      return reply.redirect(withDone(PATH, 'password'), 303)
    }),
  )

  totpRoutes(app, options, asPerson, show)
  passkeyRoutes(app, options, asPerson)
  recoveryCodeRoutes(app, options, asPerson)
}

function passwordPart({ account, texts, token, recent }: Person, errors: FieldErrors): Html | null {
  const { security: t } = texts
  if (!account.hasPassword && !recent) return html`<p>${t.noPassword}</p>`
  const minimum = account.hasTotp ? MINIMUM_LENGTH.with : MINIMUM_LENGTH.without
  return postForm({
    id: 'password-form',
    action: `${PATH}/password`,
    token,
    body: html`${
      account.hasPassword
        ? passwordField({
            name: 'current_password',
            label: t.currentPassword,
            autocomplete: 'current-password',
            required: true,
            error: errors.current_password,
          })
        : html`<p>${t.noPassword}</p>`
    }${passwordField({
      name: 'new_password',
      label: t.newPassword,
      hint: t.newPasswordHint(minimum),
      autocomplete: 'new-password',
      required: true,
      error: errors.new_password,
    })}${submitButton({
      id: 'change-password',
      label: account.hasPassword ? t.changePassword : t.setPassword,
    })}`,
  })
}

function totpPart({ account, texts, token, recent }: Person, errors: FieldErrors): Html {
  const { security: t } = texts
  if (!account.hasTotp) {
    return html`<p>${t.totpOff}</p>
      ${
        recent &&
        postForm({
          id: 'totp-form',
          action: `${PATH}/totp`,
          token,
          body: submitButton({ id: 'begin-totp', label: t.beginTotp }),
        })
      }`
  }
  return html`<p>${t.totpOn}</p>
    ${
      recent &&
      postForm({
        id: 'remove-totp-form',
        action: `${PATH}/totp/remove`,
        token,
        body: html`${
          account.hasPassword &&
          passwordField({
            name: 'totp_password',
            label: t.currentPassword,
            hint: t.removeTotpHint,
            autocomplete: 'current-password',
            required: true,
            error: errors.totp_password,
          })
        }${submitButton({ id: 'remove-totp', label: t.removeTotp, kind: 'danger' })}`,
      })
    }`
}
