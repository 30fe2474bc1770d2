import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IdentityProvider } from '../access/identity-providers/identity-provider.ts'
import { errorPage } from '../pages/errors.ts'
import { html } from '../pages/html.ts'
import { messagesOf } from '../pages/visitor.ts'
import { along, type Journey } from './journey.ts'

/** Why a sign-in at a provider came to nothing, as far as it is told to whoever tried. */
export type UpstreamFailure = keyof typeof STATUSES

const STATUSES = {
  'unknown-provider': 404,
  unavailable: 503,
  expired: 400,
  /** The provider said no, or the person did there. */
  denied: 403,
  refused: 403,
  /** The person signed in there too long ago. */
  'not-fresh': 403,
  'no-email': 403,
  'foreign-domain': 403,
  suspended: 403,
} as const

const WORTH_REPEATING: ReadonlySet<UpstreamFailure> = new Set([
  'unavailable',
  'denied',
  'refused',
  'not-fresh',
])

/** Says what to do next; what exactly was wrong is for the log, under the request's id. */
export function sendUpstreamFailure(
  request: FastifyRequest,
  reply: FastifyReply,
  failure: {
    kind: UpstreamFailure
    provider: Pick<IdentityProvider, 'id'> | null
    fields: Journey['fields']
  },
): FastifyReply {
  const { kind, provider } = failure
  const { upstream } = messagesOf(request)
  const again =
    provider && WORTH_REPEATING.has(kind)
      ? along(failure, '/sign-in/upstream', { provider: provider.id })
      : null
  errorPage(reply, {
    status: STATUSES[kind],
    title: upstream.title,
    advice: html`${upstream[kind]}
    ${again && html`<a id="try-again" href="${again}">${upstream.again}</a>.`}`,
    details: provider && `${upstream.provider} ${provider.id}`,
    link: { href: along(failure, '/sign-in'), label: upstream.back },
    requestId: request.id,
  })
  return reply
}
