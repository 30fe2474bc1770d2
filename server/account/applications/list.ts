import type { FastifyInstance } from 'fastify'
import type { Membership } from '../../access/accounts/account.ts'
import { mayRegister } from '../../access/applications/role-rights.ts'
import type { Client } from '../../access/clients/client.ts'
import { type Html, html } from '../../pages/html.ts'
import {
  badge,
  copyableCell,
  emptyState,
  linkButton,
  notice,
  section,
  table,
} from '../../pages/parts.ts'
import { pageRoute } from '../../pages/route.ts'
import { doneNotice } from '../layout.ts'
import type { AccountOptions } from '../options.ts'
import type { AsPerson, Person } from '../person.ts'
import type { Texts } from '../texts.ts'
import { authorizationUrls } from './authorization-urls.ts'
import { ownApplication, pathOf } from './find-application.ts'
import { grantableScopes } from './urls-part.ts'

const PER_PAGE = 50

/** `/applications`: those of the customers that the person belongs to. */
export function listRoute(
  app: FastifyInstance,
  options: AccountOptions,
  { shown }: AsPerson,
): void {
  const { applications, memberships, clients, secrets, clientRequests, clientTokens } = options

  async function row(person: Person, membership: Membership, client: Client) {
    const { texts } = person
    const { applications: t } = texts
    const { manages } = ownApplication(client, membership)
    const waiting = (await clientRequests.ofClient(client.id)).find(
      ({ status }) => status === 'requested',
    )
    const urls = authorizationUrls({
      ...options,
      client,
      scopes: grantableScopes(client, options.apis),
    })
    const url = urls.mapillary ?? urls.core?.url
    return [
      html`<a href="${pathOf(client.id)}">${client.displayName}</a>`,
      html`<code>${client.id}</code>`,
      manages ? copyableCell(`client-token-${client.id}`, clientTokens.textOf(client)) : t.hidden,
      url !== undefined &&
        html`<details>
          <summary>${t.view}</summary>
          ${copyableCell(`authorization-url-${client.id}`, url)}
        </details>`,
      client.type === 'public' ? '–' : (await secrets.list(client.id)).length,
      html`${client.scopes.join(' ')}${
        waiting && badge('warning', t.waiting(waiting.permissions.join(' ')))
      }`,
      statusBadge(texts, client),
    ]
  }

  app.get(
    '/applications',
    pageRoute('applications.list'),
    shown(async (person, request) => {
      const { account, texts, send } = person
      const { applications: t } = texts
      const query = request.query as { customer?: unknown; after?: unknown }
      const all = await memberships.of(account.id)
      const mayAdd =
        applications.policy.open && (all.length === 0 || all.some(({ role }) => mayRegister(role)))
      const register = linkButton({
        href: '/applications/new',
        id: 'register-application',
        label: t.register,
        kind: 'primary',
      })
      const one = all.filter(({ customerId }) => customerId === query.customer)
      const parts: Html[] = []
      for (const membership of one.length > 0 ? one : all) {
        const { customerId, customerName } = membership
        const after = one.length > 0 && typeof query.after === 'string' ? query.after : null
        const found = await clients.list({ customerId, after, limit: PER_PAGE + 1 })
        const rows = await Promise.all(
          found.slice(0, PER_PAGE).map((client) => row(person, membership, client)),
        )
        const next = found.length > PER_PAGE ? found[PER_PAGE - 1]! : null
        parts.push(
          section({
            id: `customer-${customerId}`,
            title: customerName,
            body:
              rows.length === 0
                ? emptyState(t.none)
                : html`${table({
                    caption: t.title,
                    columns: [
                      t.name,
                      t.clientId,
                      t.clientToken,
                      t.authorizationUrl,
                      t.secrets,
                      t.scopes,
                      t.status,
                    ],
                    rows,
                  })}${next && moreLink(customerId, next.id, t.more)}`,
          }),
        )
      }
      return send({
        title: t.title,
        current: 'applications',
        copies: true,
        body: html`${doneNotice(texts, request.query)}
          <p class="lead">${t.text}</p>
          <p>${mayAdd && register}</p>
          ${!applications.policy.open && notice('info', t.closed)}
          ${all.length === 0 ? section({ id: 'none', title: t.title, body: emptyState(t.none) }) : parts}`,
      })
    }),
  )
}

function moreLink(customerId: string, after: string, label: string): Html {
  const query = new URLSearchParams({ customer: customerId, after })
  return linkButton({ href: `/applications?${query.toString()}`, label })
}

export function statusBadge({ applications: t }: Texts, client: Client): Html {
  const isSuspended = client.suspended || client.customerSuspended
  return isSuspended ? badge('bad', t.suspended) : badge('good', t.active)
}
