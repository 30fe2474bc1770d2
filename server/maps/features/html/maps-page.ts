import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Collection } from '../../../access/collections/collection.ts'
import { type Html, html } from '../../../pages/html.ts'
import { sendPage } from '../../../pages/page.ts'
import { type Visitor, visitorOf } from '../../../pages/visitor.ts'
import { type LinkQuery, queryText, tokenOf } from '../links.ts'
import { lookForm, placeOf, stopForm } from './look-form.ts'
import { MAP_SCRIPT_PATH, MAP_STYLE_PATH } from './map.ts'
import { pageTokenOf } from './page-token.ts'

/** What the pages of map data have in common: where one is, and how one gets on. */

/** The steps to a page, the outermost first; the last is the page itself. */
export type Trail = readonly (readonly [title: string, path: string])[]

/** Below this prefix all of it is. */
const BASE = '/maps'

export async function sendMapsPage(
  request: FastifyRequest,
  reply: FastifyReply,
  options: { title: string; trail: Trail; body: Html; map?: boolean },
): Promise<FastifyReply> {
  const { title, trail, body, map = false } = options
  const visitor = await visitorOf(request, reply)
  void reply.header('vary', 'Accept, Authorization, Cookie')
  sendPage(reply, {
    title,
    heading: html`<div class="way">
        ${trail.length > 0 && crumbs(request.query as LinkQuery, trail)} ${look(request, visitor)}
      </div>
      <h1>${title}</h1>`,
    width: 'wide',
    body,
    ...(map && { map: { script: MAP_SCRIPT_PATH, style: MAP_STYLE_PATH } }),
  })
  return reply
}

function look(request: FastifyRequest, visitor: Visitor): Html {
  if (pageTokenOf(request) !== null) {
    return html`<div class="look">You are looking with a token. ${stopForm(request, visitor)}</div>`
  }
  return html`<details class="look">
    <summary>Look with a token</summary>
    ${lookForm(request, visitor, { to: placeOf(request) })}
  </details>`
}

/** Whether links to data lead to what the page shows: nothing but pages goes by what a browser keeps. */
export function hasDataLinks(
  request: FastifyRequest,
  collection?: Pick<Collection, 'visibility'>,
): boolean {
  return pageTokenOf(request) === null || collection?.visibility === 'open'
}

/** To another page, or with `f` to the same as JSON; a token goes on if it came in the query. */
export function hrefTo(query: LinkQuery, path: string, more: LinkQuery = {}): string {
  return `${BASE}${path}${queryText({ ...more, ...tokenOf(query) })}`
}

function crumbs(query: LinkQuery, trail: Trail): Html {
  return html`<nav class="crumbs" aria-label="Where this is">
    <ol>
      <li><a href="${hrefTo(query, '', AS_PAGE)}">Map data</a></li>
      ${trail.map(([title, path], index) =>
        index < trail.length - 1
          ? html`<li><a href="${hrefTo(query, path, AS_PAGE)}">${title}</a></li>`
          : html`<li aria-current="page">${title}</li>`,
      )}
    </ol>
  </nav>`
}

/** Said in links of pages, so that they lead to pages whatever the browser accepts. */
export const AS_PAGE: LinkQuery = { f: 'html' }
export const AS_JSON: LinkQuery = { f: 'json' }
