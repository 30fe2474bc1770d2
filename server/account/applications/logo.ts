import type { FastifyInstance } from 'fastify'
import type { Applications } from '../../access/applications/applications.ts'
import type { Client } from '../../access/clients/client.ts'
import { type Html, html } from '../../pages/html.ts'
import { monogram } from '../../pages/parts.ts'
import { pageRoute } from '../../pages/route.ts'
import { notFound } from '../../protocol/problem.ts'

/** The application's picture, or its initials. */
export function logoOf(client: Pick<Client, 'id' | 'displayName' | 'logoAt'>): Html {
  if (client.logoAt === null) return monogram(client.displayName)
  return html`<img class="picture" src="${logoPath(client)}" alt="" width="48" height="48" />`
}

/** With the moment of its last change, so that browsers may keep it. */
const logoPath = ({ id, logoAt }: Pick<Client, 'id' | 'logoAt'>): string =>
  `/applications/${encodeURIComponent(id)}/logo?at=${logoAt ?? 0}`

/**
 * A file that a stranger uploaded: shown by our pages alone, as what its first bytes say that it is,
 * and without anything it could do where it is opened by itself.
 */
export function logoRoute(
  app: FastifyInstance,
  applications: Pick<Applications, 'findLogo'>,
): void {
  app.get<{ Params: { id: string } }>(
    '/applications/:id/logo',
    pageRoute('applications.logo'),
    async ({ params }, reply) => {
      const logo = await applications.findLogo(params.id)
      if (!logo) throw notFound('There is no logo.')
      return reply
        .headers({
          'cache-control': 'public, max-age=86400',
          'content-disposition': 'inline',
          'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
          'cross-origin-resource-policy': 'same-origin',
          'x-content-type-options': 'nosniff',
        })
        .type(logo.contentType)
        .send(logo.body)
    },
  )
}
