import type { FastifyInstance } from 'fastify'
import type { MapDataDetail } from '../access/areas/map-data-detail.ts'
import type { Client } from '../access/clients/client.ts'
import type { Consent } from '../access/consents/consent.ts'
import type { StandingGrants } from '../access/grants/grants.ts'
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

/**
 * `/account/consents`: what the person lets which application do, and an end to it. Where a client took
 * a password there is no consent, and its grants are listed instead.
 */
export function consentRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  { shown, sent }: AsPerson,
): void {
  const { apis, areas, clients, consents, customers, grants } = options

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

  async function applicationCard(
    person: Person,
    shown: {
      id: string
      clientId: string
      scopes: readonly string[]
      further: readonly Html[]
      about?: string
      /** First, and if it differs, what came last. */
      times: { first: number; last: number; lastLabel: string }
      /** What the form names. */
      hidden: Record<string, string>
    },
  ): Promise<Html> {
    const { consents: t } = person.texts
    const { id, times } = shown
    const client: Client | null = await clients.find(shown.clientId)
    const owner = client && (await customers.find(client.customerId))
    return card({
      id: `consent-${id}`,
      title: client?.displayName ?? t.gone,
      picture: logoOf(client ?? { id: '', displayName: t.gone, logoAt: null }),
      body: html`${owner && html`<p>${t.by(owner.name)}</p>`}
        ${shown.about !== undefined && html`<p>${shown.about}</p>`}
        <ul>
          ${shown.scopes.map(
            (scope) => html`<li>${wordsOf(person, scope)} <code>${scope}</code></li>`,
          )}
          ${shown.further}
        </ul>
        <p>
          ${t.since}
          ${timeElement(times.first)}${
            times.last !== times.first && html` · ${times.lastLabel} ${timeElement(times.last)}`
          }
        </p>`,
      actions: postForm({
        id: `withdraw-${id}-form`,
        action: `${PATH}/withdraw`,
        token: person.token,
        inline: true,
        hidden: shown.hidden,
        body: submitButton({ id: `withdraw-${id}`, label: t.withdraw, kind: 'danger' }),
      }),
    })
  }

  async function consentCard(person: Person, consent: Consent): Promise<Html> {
    const { id, clientId, scopes, details, createdAt, updatedAt } = consent
    const lastLabel = person.texts.consents.changed
    return applicationCard(person, {
      ...{ id, clientId, scopes },
      further: await Promise.all(details.map((detail) => detailLine(person, detail))),
      times: { first: createdAt, last: updatedAt, lastLabel },
      hidden: { consent: id },
    })
  }

  function grantsCard(person: Person, given: StandingGrants, index: number): Promise<Html> {
    const { clientId, scopes, firstAt, lastAt } = given
    const { consents: t } = person.texts
    return applicationCard(person, {
      ...{ id: `without-${index}`, clientId, scopes, further: [], about: t.byPassword },
      times: { first: firstAt, last: lastAt, lastLabel: t.last },
      hidden: { client: clientId },
    })
  }

  app.get(
    PATH,
    pageRoute('account.consents'),
    shown(async (person, request) => {
      const { account, texts, send } = person
      const { consents: t } = texts
      const found = await consents.list(account.id)
      const asked = new Set(found.map(({ clientId }) => clientId))
      const unasked = (await grants.listOfAccount(account.id)).filter(
        ({ clientId }) => !asked.has(clientId),
      )
      const shownCards = await Promise.all([
        ...found.map((consent) => consentCard(person, consent)),
        ...unasked.map((given, index) => grantsCard(person, given, index)),
      ])
      return send({
        title: t.title,
        current: 'account',
        body: html`${tabs(texts, 'consents')}${doneNotice(texts, request.query)}${
          shownCards.length === 0
            ? emptyState(t.none)
            : html`<p class="lead">${t.text}</p>
                ${cards(shownCards)}`
        }`,
      })
    }),
  )

  app.post(
    `${PATH}/withdraw`,
    pageRoute('account.withdrawConsent', { quota: 120, windowSeconds: 3_600 }),
    sent(PATH, async ({ account, actor }, form, _request, reply) => {
      const clientId = form.get('client')
      if (clientId === null) {
        await consents.withdraw(actor, account.id, form.get('consent') ?? '')
      } else {
        await grants.revokeOfClient(
          actor,
          { accountId: account.id, clientId },
          'ended by the person',
        )
      }
      return reply.redirect(withDone(PATH, 'consent'), 303)
    }),
  )
}
