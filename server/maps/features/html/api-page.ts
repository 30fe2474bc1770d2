import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Html, html } from '../../../pages/html.ts'
import { section, table } from '../../../pages/parts.ts'
import type { OpenApiDocument } from '../api-definition.ts'
import type { LinkQuery } from '../links.ts'
import { AS_JSON, hrefTo, sendMapsPage } from './maps-page.ts'

/** The operations of the API in a table; the definition has the rest. */
export function sendApiPage(
  request: FastifyRequest,
  reply: FastifyReply,
  { servers, paths }: OpenApiDocument,
): Promise<FastifyReply> {
  const query = request.query as LinkQuery
  const base = servers[0]!.url
  return sendMapsPage(request, reply, {
    title: 'API reference',
    trail: [['API reference', '/api']],
    body: section({
      id: 'operations',
      title: 'Operations',
      body: html`<p>
          All paths are below <code>${base}</code>. Parameters, bodies and answers are in
          <a href="${hrefTo(query, '/api', AS_JSON)}">the definition (OpenAPI 3.0)</a>.
        </p>
        ${table({
          caption: 'Operations',
          columns: ['Method', 'Path', 'What it does', 'Scope'],
          rows: Object.entries(paths).flatMap(([path, methods]) =>
            Object.entries(methods).map(([method, { summary, security = [] }]) => [
              html`<code>${method.toUpperCase()}</code>`,
              html`<code>${breakable(path)}</code>`,
              summary,
              security.flatMap((each) => each['oauth2'] ?? []).join(' '),
            ]),
          ),
        })}`,
    }),
  })
}

/** Long paths go on in the next line, after a slash. */
function breakable(path: string): Html[] {
  return path.split(/(?<=.\/)/).map((part, index) => html`${index > 0 && html`<wbr />`}${part}`)
}
