import type { FastifyInstance } from 'fastify'
import type { ClientRequest } from '../../access/requests/client-request.ts'
import type { ClientSecret } from '../../access/secrets/client-secret.ts'
import { errorSummary, type FieldErrors } from '../../pages/form.ts'
import { type Html, html } from '../../pages/html.ts'
import {
  badge,
  copyable,
  definitions,
  linkButton,
  notice,
  section,
  timeElement,
} from '../../pages/parts.ts'
import { pageRoute } from '../../pages/route.ts'
import { messagesOf } from '../../pages/visitor.ts'
import { doneNotice } from '../layout.ts'
import type { AccountOptions } from '../options.ts'
import type { AsPerson, Person } from '../person.ts'
import { authorizationUrls } from './authorization-urls.ts'
import { tokenPart, tokenRoutes } from './client-token.ts'
import { deleteRoutes } from './delete-application.ts'
import { type OwnApplication, createFindApplication, idOf, pathOf } from './find-application.ts'
import { statusBadge } from './list.ts'
import { logoOf } from './logo.ts'
import { secretRoutes, secretsPart } from './secrets.ts'
import { type GivenSettings, logoPart, settingsPart, settingsRoutes } from './settings.ts'
import { grantableScopes, urlsPart } from './urls-part.ts'

/** What a form of the page got wrong, to be shown with it. */
export interface ApplicationFaults {
  status?: number
  errors?: FieldErrors
  refusal?: string | null
  settings?: GivenSettings
  origins?: string
}

export type ShowApplication = (
  person: Person,
  application: OwnApplication,
  query: unknown,
  faults?: ApplicationFaults,
) => Promise<unknown>

/** `/applications/<id>`: one application. Each part of the page is a file, with the routes of its forms. */
export function applicationRoutes(
  app: FastifyInstance,
  options: AccountOptions,
  asPerson: AsPerson,
): void {
  const { applications, clientRequests, clientTokens, secrets } = options
  const find = createFindApplication(options)

  const show: ShowApplication = async (person, application, query, faults = {}) => {
    const { client, manages } = application
    const { texts, send } = person
    const { application: t } = texts
    const { status, errors = {}, refusal = null } = faults
    const failed = refusal !== null || Object.keys(errors).length > 0
    const requests = await clientRequests.ofClient(client.id)
    const waiting = requests.find((one) => one.status === 'requested')?.permissions ?? []
    const listed = await secrets.list(client.id)
    const part = { person, application, errors }
    return send({
      status: status ?? (failed ? 400 : 200),
      title: client.displayName,
      copies: true,
      heading: html`<div class="meeting">
        ${logoOf(client)}
        <h1>${client.displayName}${statusBadge(texts, client)}</h1>
      </div>`,
      current: 'applications',
      body: html`${doneNotice(texts, query)}${errorSummary(
        messagesOf(person.request).faults.title,
        errors,
        refusal,
      )}${!manages && notice('info', readOnlyReason(person, application))}${section({
        id: 'details',
        title: t.details,
        body: details(person, application, requests),
      })}${
        manages &&
        section({
          id: 'client-token-part',
          title: t.token,
          body: tokenPart({
            ...part,
            clientTokens,
            given: faults.origins,
          }),
        })
      }${section({
        id: 'urls',
        title: t.urls,
        body: urlsPart(
          texts,
          authorizationUrls({
            ...options,
            client,
            scopes: grantableScopes(client, options.apis),
          }),
        ),
      })}${section({
        id: 'secrets',
        title: t.secrets,
        body: secretsPart({ ...part, secrets: listed }),
      })}${
        manages &&
        html`${section({
          id: 'settings',
          title: t.edit,
          body: settingsPart({
            ...part,
            scopes: applications.scopes,
            waiting,
            given: faults.settings,
          }),
        })}${section({ id: 'logo-part', title: t.logo, body: logoPart(part) })}${section({
          id: 'delete-part',
          title: t.deleteTitle,
          body: html`<p>${t.deleteText}</p>
            ${linkButton({
              href: `${pathOf(client.id)}/delete`,
              id: 'delete-application',
              label: t.delete,
            })}`,
        })}`
      }`,
    })
  }

  app.get(
    '/applications/:id',
    pageRoute('applications.show'),
    asPerson.shown(async (person, request) =>
      show(person, await find.visible(person, idOf(request)), request.query),
    ),
  )
  tokenRoutes(app, options, asPerson, find, show)
  secretRoutes(app, options, asPerson, find, show)
  settingsRoutes(app, options, asPerson, find, show)
  deleteRoutes(app, options, asPerson, find)
}

/** What each part of the page is made from. */
export interface Part {
  person: Person
  application: OwnApplication
  errors: FieldErrors
}

export interface SecretsPart extends Part {
  secrets: readonly ClientSecret[]
}

function details(
  { texts }: Person,
  { client, customerName }: OwnApplication,
  requests: readonly ClientRequest[],
): Html {
  const { application: t, form } = texts
  const [newest] = requests
  return html`${copyable({ id: 'client-id', label: texts.registered.client, value: client.id })}${definitions(
    [
      [t.customer, customerName],
      [t.type, client.type === 'public' ? form.public : form.confidential],
      client.description === '' ? null : [t.description, client.description],
      client.website === ''
        ? null
        : [t.website, html`<a href="${client.website}" rel="noreferrer">${client.website}</a>`],
      [
        t.callbacks,
        client.redirectUris.length === 0
          ? t.noCallbacks
          : client.redirectUris.map((uri) => html`<code>${uri}</code>`),
      ],
      [
        t.scopes,
        html`${client.scopes.join(' ') || t.noScopes}${
          newest?.status === 'requested' &&
          badge('warning', t.waiting(newest.permissions.join(' ')))
        }${
          newest?.status === 'rejected' &&
          html`<p class="hint">${t.rejected(newest.permissions.join(' '), newest.reason ?? '')}</p>`
        }`,
      ],
      [t.registered, timeElement(client.createdAt)],
    ],
  )}`
}

function readOnlyReason({ texts }: Person, { client, role }: OwnApplication): string {
  const { application: t } = texts
  if (client.registration === 'metadata-document') return t.documented
  return role !== 'viewer' && client.scopes.includes('operate') ? t.powerful : t.readOnly
}
