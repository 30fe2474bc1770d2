import type { FastifyInstance } from 'fastify'
import { pageRoute } from '../pages/route.ts'
import { notFound } from '../protocol/problem.ts'
import type { SignInOptions } from './options.ts'

/** Where an application's picture is shown from. @param logoAt changes with it, so that caches do not hide that */
export function clientLogoPath(clientId: string, logoAt: number): string {
  return `/assets/clients/${encodeURIComponent(clientId)}/logo?v=${logoAt}`
}

export function clientLogoRoute(
  app: FastifyInstance,
  { applications }: Pick<SignInOptions, 'applications'>,
): void {
  app.get<{ Params: { id: string } }>(
    '/assets/clients/:id/logo',
    pageRoute('assets.client-logo'),
    async (request, reply) => {
      const { id } = request.params
      // Postgres takes no NUL in a text.
      const logo = id.includes('\0') ? null : await applications.findLogo(id)
      if (!logo) throw notFound('The application has no picture.')
      return reply
        .headers({
          'cache-control': 'public, max-age=300',
          'content-security-policy': "default-src 'none'; sandbox",
          'cross-origin-resource-policy': 'same-origin',
        })
        .type(logo.contentType)
        .send(logo.body)
    },
  )
}
