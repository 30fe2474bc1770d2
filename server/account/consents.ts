import type { FastifyInstance } from 'fastify'
import type { MapDataDetail } from '../access/areas/map-data-detail.ts'
import type { Client } from '../access/clients/client.ts'
import type { Consent } from '../access/consents/consent.ts'
import { postForm, submitButton } from '../pages/form.ts'
import { type Html, html } from '../pages/html.ts'
import { card, cards, emptyState, timeElement } from '../pages/parts.ts'
import { pageRoute } from '../pages/route.ts'
import { messagesOf } from '../pages/visitor.ts'
import { doneNotice, tabs, withDone } from './layout.ts'
import { logoOf } from './applications/logo.ts'
import type { AccountOptions } from './options.ts'
import type { AsPerson, Person } from './person.ts'

const PATH = '/account/consents'

/** `/account/consents`: what the person lets which application do, and an end to it. */
export function consentRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { shown, sent }: AsPerson,
): void {
  const { apis, areas, clients, consents, customers } = options

  /** What a scope permits, in words. */
  function wordsOf(person: Person, scope: string): string {
    const declared = apis.ofScope(scope)?.scopes.find(({ name }) => name === scope)
    const openid: Record<string, string> = messagesOf(person.request).consent.scopes
    return declared?.description ?? openid[scope] ?? scope
  }

  async function detailLine(person: Person, detail: MapDataDetail): Promise<Html> {
    const { consents: t } = person.texts
    const { actions } = messagesOf(person.request).consent
    const area = detail.area === null ? null : await areas.find(detail.area)
    const parts = [
      detail.actions.map((action) => actions[action]).join(', '),
      detail.collections && t.collections(detail.collections.join(', ')),
      detail.area === null ? t.everywhere : t.area(area?.name || t.anArea),
    ]
    return html`<li>${parts.filter(Boolean).join(' · ')}</li>`
  }

  async function consentCard(person: Person, consent: Consent): Promise<Html> {
    const { texts, token } = person
    const { consents: t } = texts
    const client: Client | null = await clients.find(consent.clientId)
    const owner = client && (await customers.find(client.customerId))
    const details = await Promise.all(consent.details.map((detail) => detailLine(person, detail)))
    return card({
      id: `consent-${consent.id}`,
      title: client?.displayName ?? t.gone,
      picture: logoOf(client ?? { id: '', displayName: t.gone, logoAt: null }),
      body: html`${owner && html`<p>${t.by(owner.name)}</p>`}
        <ul>
          ${consent.scopes.map(
            (scope) => html`<li>${wordsOf(person, scope)} <code>${scope}</code></li>`,
          )}
          ${details}
        </ul>
        <p>
          ${t.since}
          ${timeElement(consent.createdAt)}${
            consent.updatedAt !== consent.createdAt &&
            html` · ${t.changed} ${timeElement(consent.updatedAt)}`
          }
        </p>`,
      actions: postForm({
        id: `withdraw-${consent.id}-form`,
        action: `${PATH}/withdraw`,
        token,
        inline: true,
        hidden: { consent: consent.id },
        body: submitButton({ id: `withdraw-${consent.id}`, label: t.withdraw, kind: 'danger' }),
      }),
    })
  }

  app.get(
    PATH,
    pageRoute('account.consents'),
    shown(async (person, request) => {
      const { account, texts, send } = person
      const { consents: t } = texts
      const found = await consents.list(account.id)
      return send({
        title: t.title,
        current: 'account',
        body: html`${tabs(texts, 'consents')}${doneNotice(texts, request.query)}${
          found.length === 0
            ? emptyState(t.none)
            : html`<p class="lead">${t.text}</p>
                ${cards(await Promise.all(found.map((consent) => consentCard(person, consent))))}`
        }`,
      })
    }),
  )

  app.post(
    `${PATH}/withdraw`,
    pageRoute('account.withdrawConsent', { quota: 120, windowSeconds: 3_600 }),
    sent(PATH, async ({ account, actor }, form, _request, reply) => {
      await consents.withdraw(actor, account.id, form.get('consent') ?? '')
      return reply.redirect(withDone(PATH, 'consent'), 303)
    }),
  )
}
