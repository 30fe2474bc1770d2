import type { FastifyInstance } from 'fastify'
import { qrCode } from '../lib/qr-code.ts'
import { buttons, codeField, postForm, submitButton } from '../pages/form.ts'
import { type Html, html } from '../pages/html.ts'
import { copyable, linkButton } from '../pages/parts.ts'
import { pageRoute } from '../pages/route.ts'
import { withDone } from './layout.ts'
import type { AccountOptions } from './options.ts'
import { createPasswordCheck } from './password-check.ts'
import type { AsPerson, Person } from './person.ts'
import { showRecoveryCodes } from './recovery-codes.ts'
import type { ShowSecurity } from './security.ts'

const PATH = '/account/security'

/** The authenticator app: set up, and turned off. */
export function totpRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { sent }: AsPerson,
  showSecurity: ShowSecurity,
): void {
  const { secondFactors, passwords, mail, mailMessages, publicUrl } = options
  const checkPassword = createPasswordCheck(options)
  const limit = { quota: 30, windowSeconds: 3_600 }
  const recent = { recent: true }

  app.post(
    `${PATH}/totp`,
    pageRoute('account.beginTotp', limit),
    sent(
      PATH,
      async (person, _form, _request, reply) => {
        const begun = await secondFactors.beginTotp(person.account.id)
        return begun ? showSetUp(person, begun, null) : reply.redirect(PATH, 303)
      },
      recent,
    ),
  )

  app.post(
    `${PATH}/totp/confirm`,
    pageRoute('account.confirmTotp', limit),
    sent(
      PATH,
      async (person, form) => {
        const { account, actor, texts } = person
        const code = (form.get('code') ?? '').replaceAll(/\s/g, '')
        const outcome = await secondFactors.confirmTotp(actor, account.id, code)
        if (outcome.kind === 'wrong') return showSetUp(person, null, texts.faults.code)
        const what = texts.security.anApp
        const link = `${publicUrl}${PATH}`
        const { email, name } = account
        mail.send(mailMessages.signInMethodAdded(email, { name, what, link }))
        return showRecoveryCodes(person, outcome.recoveryCodes)
      },
      recent,
    ),
  )

  app.post(
    `${PATH}/totp/remove`,
    pageRoute('account.removeTotp', limit),
    sent(
      PATH,
      async (person, form, _request, reply) => {
        const { account, actor, texts } = person
        const { email, name } = account
        if (account.hasPassword) {
          const given = form.get('totp_password')
          const wrong = await checkPassword(person, given)
          if (wrong) {
            const errors = { totp_password: wrong.fault }
            return showSecurity(person, {}, { status: wrong.status, errors })
          }
          // Chosen beside a second factor, it may be shorter than a password may be that stands alone.
          const judgement = passwords.judge(given!, { secondFactor: false, email, name })
          if (judgement.kind === 'too-short') {
            const fault = texts.security.removeTotpShort(judgement.minimum)
            return showSecurity(person, {}, { errors: { totp_password: fault } })
          }
        }
        await secondFactors.removeTotp(actor, account.id)
        const what = texts.security.anApp
        const link = `${publicUrl}${PATH}`
        mail.send(mailMessages.signInMethodRemoved(email, { name, what, link }))
        return reply.redirect(withDone(PATH, 'totp-removed'), 303)
      },
      recent,
    ),
  )
}

/** @param begun null: the app has the secret already, only its code was wrong */
function showSetUp(
  { texts, token, send }: Person,
  begun: { secret: string; uri: string } | null,
  fault: string | null,
) {
  const { totp: t } = texts
  return send({
    status: fault === null ? 200 : 400,
    title: t.title,
    width: 'medium',
    current: 'account',
    copies: begun !== null,
    body: html`${
      begun &&
      html`<p>${t.scan}</p>
        ${qrSvg(begun.uri, t.scanLabel)}
        <p>${t.type}</p>
        ${copyable({ id: 'totp-secret', label: t.secret, value: begun.secret })}
        <p><a id="totp-uri" href="${begun.uri}">${t.uri}</a></p>`
    }${postForm({
      id: 'totp-confirm-form',
      action: `${PATH}/totp/confirm`,
      token,
      body: html`${codeField({ name: 'code', label: t.code, required: true, error: fault })}${buttons(
        submitButton({ id: 'confirm-totp', label: t.confirm }),
        linkButton({ href: PATH, label: t.cancel }),
      )}`,
    })}${
      fault !== null &&
      postForm({
        id: 'totp-form',
        action: `${PATH}/totp`,
        token,
        body: submitButton({ id: 'begin-totp', label: t.again, kind: 'link' }),
      })
    }`,
  })
}

/** As a picture in the page itself: no request goes out with the secret. Black on white, whatever the scheme. */
function qrSvg(text: string, label: string): Html | null {
  const code = qrCode(text)
  if (!code) return null
  const side = code.length + 8
  const path = code
    .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + 4} ${y + 4}h1v1h-1z` : '')))
    .join('')
  return html`<figure>
    <svg
      id="totp-qr"
      role="img"
      aria-label="${label}"
      viewBox="0 0 ${side} ${side}"
      width="220"
      height="220"
      shape-rendering="crispEdges"
    >
      <rect width="${side}" height="${side}" fill="#fff" />
      <path d="${path}" fill="#000" />
    </svg>
  </figure>`
}
