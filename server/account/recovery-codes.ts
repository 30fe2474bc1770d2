import type { FastifyInstance } from 'fastify'
import { postForm, submitButton } from '../pages/form.ts'
import { type Html, html } from '../pages/html.ts'
import { linkButton, notice } from '../pages/parts.ts'
import { pageRoute } from '../pages/route.ts'
import type { AccountOptions } from './options.ts'
import type { AsPerson, Person } from './person.ts'

const PATH = '/account/security'

/** So many or fewer are told of with a warning: whoever uses the last one needs their device from then on. */
const FEW = 2

/**
 * Recovery codes, in place of the authenticator app or of a passkey. With the first ones a passkey
 * becomes a second factor (`access/accounts/second-factor-rule.ts`).
 */
export function recoveryCodeRoutes(
  app: FastifyInstance,
  { secondFactors, mail, mailMessages, publicUrl }: AccountOptions,
  { sent }: AsPerson,
): void {
  app.post(
    `${PATH}/recovery-codes`,
    pageRoute('account.newRecoveryCodes', { quota: 30, windowSeconds: 3_600 }),
    sent(
      PATH,
      async (person, _form, _request, reply) => {
        const { account, actor, texts } = person
        const codes = await secondFactors.newRecoveryCodes(actor, account.id)
        if (!codes) return reply.redirect(PATH, 303)
        const { email, name } = account
        const what = texts.security.someRecoveryCodes
        const link = `${publicUrl}${PATH}`
        mail.send(mailMessages.signInMethodAdded(email, { name, what, link }))
        return showRecoveryCodes(person, codes)
      },
      { recent: true },
    ),
  )
}

/**
 * @param state.needed whether something is asked for after the password
 * @param state.left codes that are not used
 */
export function recoveryPart(
  { texts, token, recent }: Person,
  { needed, left }: { needed: boolean; left: number },
): Html {
  const { security: t } = texts
  return html`${needed && left <= FEW && notice('warning', t.fewRecoveryCodes(left))}
    <p>${needed ? t.recoveryText(left) : t.noRecoveryCodes}</p>
    ${
      recent &&
      postForm({
        id: 'recovery-form',
        action: `${PATH}/recovery-codes`,
        token,
        body: html`${needed && html`<p class="hint">${t.newRecoveryCodesHint}</p>`}${submitButton({
          id: 'new-recovery-codes',
          label: needed ? t.newRecoveryCodes : t.firstRecoveryCodes,
          kind: 'plain',
        })}`,
      })
    }`
}

export function showRecoveryCodes({ texts, send }: Person, codes: readonly string[]) {
  const { recoveryCodes: t } = texts
  return send({
    title: t.title,
    width: 'medium',
    current: 'account',
    body: html`<p>${t.text}</p>
      <ul class="codes" id="recovery-codes" aria-label="${t.codes}">
        ${codes.map((code) => html`<li><code>${code}</code></li>`)}
      </ul>
      ${linkButton({ href: PATH, id: 'kept', label: t.kept, kind: 'primary' })}`,
  })
}
