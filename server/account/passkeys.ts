import type { FastifyInstance } from 'fastify'
import type { Passkey } from '../access/accounts/passkeys.ts'
import { postForm, submitButton, textField } from '../pages/form.ts'
import { type Html, html } from '../pages/html.ts'
import { card, cards, emptyState, timeElement } from '../pages/parts.ts'
import { passkeyForm } from '../pages/passkey.ts'
import { pageRoute } from '../pages/route.ts'
import { parseLine } from './fields.ts'
import { withDone } from './layout.ts'
import type { AccountOptions } from './options.ts'
import type { AsPerson, Person } from './person.ts'

const PATH = '/account/security'
const PASSKEYS = `${PATH}/passkeys`
const MAXIMUM_NAME = 100

/** Passkeys: added by the one script that these pages have, renamed, removed. */
export function passkeyRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { sent }: AsPerson,
): void {
  const { passkeys, mail, mailMessages, publicUrl } = options
  const limit = { quota: 60, windowSeconds: 3_600 }
  const recent = { recent: true }
  const link = `${publicUrl}${PATH}`

  app.post(
    `${PASSKEYS}/options`,
    pageRoute('account.beginPasskey', limit),
    sent(
      PATH,
      async ({ account, visitor }, _form, _request, reply) =>
        reply
          .header('cache-control', 'no-store')
          .type('application/json')
          .serializer(JSON.stringify)
          .send(await passkeys.beginRegistration(account, visitor.browser)),
      recent,
    ),
  )

  app.post(
    PASSKEYS,
    pageRoute('account.addPasskey', limit),
    sent(
      PATH,
      async (person, form, _request, reply) => {
        const { account, actor, visitor, texts } = person
        const name = parseLine(form.get('name'), texts, texts.security.passkeyName, MAXIMUM_NAME)
        const outcome = await passkeys.finishRegistration(
          actor,
          account,
          visitor.browser,
          form.get('challenge') ?? '',
          parseJson(form.get('response')),
          // It exists on the person's device already: a name that does not fit is no reason to lose it.
          name.value ?? texts.security.passkeysTitle,
        )
        if (outcome.kind === 'refused')
          return reply.redirect(withDone(PATH, 'passkey-refused'), 303)
        const what = texts.security.aPasskey
        mail.send(mailMessages.signInMethodAdded(account.email, { name: account.name, what, link }))
        return reply.redirect(withDone(PATH, 'passkey-added'), 303)
      },
      recent,
    ),
  )

  app.post(
    `${PASSKEYS}/rename`,
    pageRoute('account.renamePasskey', limit),
    sent(PATH, async ({ account, actor, texts }, form, _request, reply) => {
      const name = parseLine(form.get('name'), texts, texts.security.newName, MAXIMUM_NAME)
      if (name.fault !== null) return reply.redirect(PATH, 303)
      await passkeys.rename(actor, account.id, form.get('passkey') ?? '', name.value)
      return reply.redirect(withDone(PATH, 'passkey-renamed'), 303)
    }),
  )

  app.post(
    `${PASSKEYS}/remove`,
    pageRoute('account.removePasskey', limit),
    sent(
      PATH,
      async ({ account, actor, texts }, form, _request, reply) => {
        const outcome = await passkeys.remove(actor, account.id, form.get('passkey') ?? '')
        if (outcome === 'unknown') return reply.redirect(PATH, 303)
        const what = texts.security.aPasskey
        const { email, name } = account
        mail.send(mailMessages.signInMethodRemoved(email, { name, what, link }))
        return reply.redirect(withDone(PATH, 'passkey-removed'), 303)
      },
      recent,
    ),
  )
}

export function passkeyPart(person: Person, passkeys: readonly Passkey[]): Html {
  const { texts, token, recent } = person
  const { security: t } = texts
  return html`<p>${t.passkeysText}</p>
    ${passkeys.length === 0 ? emptyState(t.noPasskeys) : cards(passkeys.map((passkey) => passkeyCard(person, passkey)))}
    ${
      recent &&
      html`<noscript><p class="hint">${t.noScript}</p></noscript>${passkeyForm({
          id: 'add-passkey',
          kind: 'create',
          action: PASSKEYS,
          optionsPath: `${PASSKEYS}/options`,
          token,
          fields: textField({
            name: 'name',
            label: t.passkeyName,
            hint: t.passkeyNameHint,
            maxLength: MAXIMUM_NAME,
          }),
          label: t.addPasskey,
          failure: t.passkeyFailed,
        })}`
    }`
}

function passkeyCard({ texts, token, recent }: Person, passkey: Passkey): Html {
  const { security: t } = texts
  const { id, name, createdAt, lastUsedAt } = passkey
  const hidden = { passkey: id }
  return card({
    title: name,
    body: html`<p>
        ${t.added} ${timeElement(createdAt)} · ${t.lastUsed}
        ${lastUsedAt === null ? t.never : timeElement(lastUsedAt)}
      </p>
      <details>
        <summary>${t.rename}</summary>
        ${postForm({
          id: `rename-${id}-form`,
          action: `${PASSKEYS}/rename`,
          token,
          hidden,
          body: html`<div class="field">
              <label for="rename-${id}">${t.newName}</label>
              <input id="rename-${id}" name="name" value="${name}" maxlength="${MAXIMUM_NAME}" />
            </div>
            ${submitButton({ label: t.rename, kind: 'plain' })}`,
        })}
      </details>`,
    actions:
      recent &&
      postForm({
        id: `remove-${id}-form`,
        action: `${PASSKEYS}/remove`,
        token,
        hidden,
        inline: true,
        body: submitButton({ label: t.remove, kind: 'danger' }),
      }),
  })
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return null
  }
}
