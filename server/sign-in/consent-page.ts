import type { FastifyReply } from 'fastify'
import type { Session } from '../access/accounts/session.ts'
import type { Area } from '../access/areas/areas.ts'
import type { MapDataDetail } from '../access/areas/map-data-detail.ts'
import type { Client } from '../access/clients/client.ts'
import type { Consent } from '../access/consents/consent.ts'
import { coversRequest } from '../access/consents/covers.ts'
import type { Interaction } from '../access/interactions/interaction.ts'
import type { Apis } from '../access/scopes/apis.ts'
import { clientLogoPath } from '../pages/client-logo.ts'
import { buttons, postForm, submitButton } from '../pages/form.ts'
import { formTokenField } from '../pages/form-token.ts'
import { type Html, html } from '../pages/html.ts'
import type { Messages } from '../pages/messages.ts'
import { badge, definitions, monogram, notice } from '../pages/parts.ts'
import { areaSketch } from './area-sketch.ts'
import type { Journey } from './journey.ts'

export interface ConsentView {
  journey: Journey
  interaction: Interaction
  session: Session
  client: Client
  /** The customer that the client belongs to; null: nobody here vouches for it. */
  ownerName: string | null
  /** What this person granted this client before. */
  before: Consent | null
  areas: ReadonlyMap<string, Area>
  apis: Apis
}

/** Who asks for what, in words and on a sketch, and the two answers. */
export function consentBody(reply: FastifyReply, view: ConsentView): Html {
  const { journey, interaction, session, client, ownerName, before } = view
  const { messages, visitor, fields } = journey
  const { consent } = messages
  const { scopes, details, redirectUri, deviceCode } = interaction.request
  const place = placeOf(redirectUri)
  const token = formTokenField(reply.server, visitor)
  const { account } = session
  const isMore = before !== null && !coversRequest(before, interaction.request)
  return html`<div class="meeting">
      ${picture(client)}
      <div>
        <h1>${consent.title(client.displayName)}</h1>
        <p class="soft" id="client-owner">
          ${ownerName !== null && consent.by(ownerName)}${website(client, ownerName !== null, messages)}
        </p>
      </div>
    </div>
    ${deviceCode !== null && notice('warning', consent.onDevice)}
    <p id="asks">${(isMore ? consent.asksMore : consent.asks)(client.displayName)}</p>
    <ul class="grants" id="scopes">
      ${scopes.filter((scope) => scope !== OFFLINE).map((scope) => scopeItem(scope, view))}
      ${client.grants.includes('refresh_token') && keepsAccess(scopes, view)}
      ${scopes.length === 0 && html`<li>${CHECK}<span>${consent.nothing}</span></li>`}
    </ul>
    ${details.map((detail, index) => detailBlock(detail, index, view))}
    <div class="whoami" id="person">
      <span> ${consent.signedInAs} <strong>${account.name}</strong> (${account.email})</span>
      ${postForm({
        id: 'not-you-form',
        action: '/sign-out',
        token,
        hidden: fields,
        inline: true,
        body: submitButton({ id: 'not-you', label: consent.notYou, kind: 'link' }),
      })}
    </div>
    ${postForm({
      id: 'consent-form',
      action: '/consent',
      token,
      hidden: fields,
      body: buttons(
        submitButton({ id: 'allow', name: 'decision', value: 'allow', label: consent.allow }),
        submitButton({
          id: 'deny',
          name: 'decision',
          value: 'deny',
          label: consent.deny,
          kind: 'plain',
        }),
      ),
    })}
    <div class="after">
      ${place !== null && html`<p id="goes-to">${consent.goesTo(place)}</p>`}
      <p>${consent.withdraw}</p>
    </div>`
}

function picture(client: Client): Html {
  return client.logoAt === null
    ? monogram(client.displayName)
    : html`<img
        class="picture"
        src="${clientLogoPath(client.id, client.logoAt)}"
        alt=""
        width="48"
        height="48"
      />`
}

/** Links that cannot run anything here; they open beside the consent, not in its place. */
function website(client: Client, after: boolean, { consent }: Messages): Html {
  const { tosUri, policyUri } = client.metadata
  const links = [
    [client.website, hostOf(client.website) ?? consent.website],
    [tosUri, consent.terms],
    [policyUri, consent.privacy],
  ].filter(([url]) => isWebUrl(url))
  return html`${links.map(
    ([url, label], index) =>
      html`${(after || index > 0) && ' · '}<a
          href="${url}"
          target="_blank"
          rel="noopener noreferrer nofollow"
          >${label}</a
        >`,
  )}`
}

function scopeItem(scope: string, { journey, before, apis }: ConsentView): Html {
  const { consent } = journey.messages
  const declared = apis.ofScope(scope)?.scopes.find(({ name }) => name === scope)
  const words = consent.scopes[scope] ?? declared?.description ?? scope
  const isNew = before !== null && !before.scopes.includes(scope)
  return html`<li>
    ${CHECK}<span
      >${words}${isNew && badge('warning', consent.newScope)}<br /><code>${scope}</code></span
    >
  </li>`
}

/** It gets a refresh token whether it asks for it (OpenID Connect Core §11) or not. */
function keepsAccess(scopes: readonly string[], view: ConsentView): Html {
  if (scopes.includes(OFFLINE)) return scopeItem(OFFLINE, view)
  return html`<li>${CHECK}<span>${view.journey.messages.consent.scopes[OFFLINE]}</span></li>`
}

const OFFLINE = 'offline_access'

function detailBlock(detail: MapDataDetail, index: number, view: ConsentView): Html {
  const { messages } = view.journey
  const { consent } = messages
  const area = detail.area === null ? null : (view.areas.get(detail.area) ?? null)
  const sketch =
    area &&
    html`${areaSketch(area.geometry, messages)}
      <p class="soft">${consent.whole}</p>`
  return html`<section class="detail" id="detail-${index + 1}">
    <h2>${consent.details}</h2>
    ${definitions([
      [consent.may, detail.actions.map((action) => consent.actions[action]).join(', ')],
      [consent.collections, detail.collections?.join(', ') ?? consent.allCollections],
      [consent.area, sketch ?? consent.everywhere],
    ])}
  </section>`
}

/** Where the browser goes after the answer, as far as a person can make sense of it. */
function placeOf(redirectUri: string | null): string | null {
  if (redirectUri === null || !URL.canParse(redirectUri)) return null
  const { protocol, host } = new URL(redirectUri)
  return protocol === 'https:' || protocol === 'http:' ? host : protocol.slice(0, -1)
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host : null
}

function isWebUrl(url: string | undefined): boolean {
  return url !== undefined && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

const CHECK: Html = {
  markup: `<svg viewBox="0 0 20 20" aria-hidden="true" focusable="false" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><circle cx="10" cy="10" r="8.5" stroke-width="1.5"/><path d="M6.3 10.3l2.6 2.6 4.9-5.3"/></svg>`,
}
