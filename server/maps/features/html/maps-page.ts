import type { FastifyReply } from 'fastify'
import { type Html, html } from '../../../pages/html.ts'
import { sendPage } from '../../../pages/page.ts'
import { type LinkQuery, queryText, tokenOf } from '../links.ts'
import { MAP_SCRIPT_PATH, MAP_STYLE_PATH } from './map.ts'

/** What the pages of map data have in common: where one is, and how one gets on. */

/** The steps to a page, the outermost first; the last is the page itself. */
export type Trail = readonly (readonly [title: string, path: string])[]

/** Below this prefix all of it is. */
const BASE = '/maps'

export function sendMapsPage(
  reply: FastifyReply,
  options: { query: LinkQuery; title: string; trail: Trail; body: Html; map?: boolean },
): FastifyReply {
  const { query, title, trail, body, map = false } = options
  sendPage(reply, {
    title,
    heading: html`${trail.length > 0 && crumbs(query, trail)}
      <h1>${title}</h1>`,
    width: 'wide',
    body,
    ...(map && { map: { script: MAP_SCRIPT_PATH, style: MAP_STYLE_PATH } }),
  })
  return reply
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
