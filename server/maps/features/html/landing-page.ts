import type { FastifyReply, FastifyRequest } from 'fastify'
import { html } from '../../../pages/html.ts'
import { linkButton, section } from '../../../pages/parts.ts'
import type { LinkQuery } from '../links.ts'
import { AS_JSON, AS_PAGE, hrefTo, sendMapsPage } from './maps-page.ts'

/** The way in, for people. */
export function sendLandingPage(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = request.query as LinkQuery
  return sendMapsPage(request, reply, {
    title: 'Map data',
    trail: [],
    body: html`<p class="lead">
        Collections of map features, to look at here and to load into maps, scripts and desktop GIS.
      </p>
      ${section({
        id: 'collections',
        title: 'Collections',
        body: html`<p>
            What there is to see: open collections for anybody, others with an access token. Give it
            above.
          </p>
          <div class="buttons">
            ${linkButton({
              href: hrefTo(query, '/collections', AS_PAGE),
              label: 'Show the collections',
              kind: 'primary',
              id: 'show-collections',
            })}
          </div>`,
      })}
      ${section({
        id: 'developers',
        title: 'For developers',
        body: html`<p>
            An API after OGC API – Features and Tiles. In QGIS, GDAL and other clients, give the
            address of this page.
          </p>
          <ul>
            <li><a href="${hrefTo(query, '/api', AS_PAGE)}">API reference</a></li>
            <li><a href="${hrefTo(query, '/api', AS_JSON)}">Its definition (OpenAPI 3.0)</a></li>
            <li><a href="${hrefTo(query, '/conformance', AS_PAGE)}">Conformance classes</a></li>
            <li><a href="${hrefTo(query, '', AS_JSON)}">This page as JSON</a></li>
          </ul>`,
      })}`,
  })
}

export function sendConformancePage(
  request: FastifyRequest,
  reply: FastifyReply,
  classes: readonly string[],
): Promise<FastifyReply> {
  const query = request.query as LinkQuery
  return sendMapsPage(request, reply, {
    title: 'Conformance',
    trail: [['Conformance', '/conformance']],
    body: section({
      id: 'classes',
      title: 'Conformance classes',
      body: html`<p>What of the standards this server obeys.</p>
        <ul>
          ${classes.map((uri) => html`<li><code>${uri}</code></li>`)}
        </ul>
        <p><a href="${hrefTo(query, '/conformance', AS_JSON)}">As JSON</a></p>`,
    }),
  })
}
