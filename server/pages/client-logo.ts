import type { FastifyInstance } from 'fastify'
import type { Applications } from '../access/applications/applications.ts'
import { notFound } from '../protocol/problem.ts'
import { pageRoute } from './route.ts'

/** Where an application's picture is shown from. @param logoAt changes with it, so that caches do not hide that */
export function clientLogoPath(clientId: string, logoAt: number): string {
  return `/assets/clients/${encodeURIComponent(clientId)}/logo?v=${logoAt}`
}

/**
 * A file that a stranger uploaded: shown by our pages alone, as what its first bytes say that it is,
 * and without anything it could do where it is opened by itself.
 */
export function clientLogoRoute(
  app: FastifyInstance,
  applications: Pick<Applications, 'findLogo'>,
): void {
  app.get<{ Params: { id: string } }>(
    '/assets/clients/:id/logo',
    pageRoute('assets.client-logo'),
    async ({ params }, reply) => {
      const logo = await applications.findLogo(params.id)
      if (!logo) throw notFound('The application has no picture.')
      return reply
        .headers({
          'cache-control': 'public, max-age=300',
          'content-disposition': 'inline',
          'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
          'cross-origin-resource-policy': 'same-origin',
        })
        .type(logo.contentType)
        .send(logo.body)
    },
  )
}
