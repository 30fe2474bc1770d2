import type { FastifyReply, FastifyRequest } from 'fastify'
import { clearCookie, readCookie, setCookie } from '../../../http/cookies.ts'
import { isAccessToken } from '../../../protocol/bearer.ts'
import type { LinkQuery } from '../links.ts'
import { wouldTakeHtml } from '../representation.ts'

/**
 * The token that a person looks at pages with: in a cookie, which only pages read
 * (docs/decisions/0019-looking-with-a-token.md). The gateway judges it at each of them.
 */

/** Browsers keep cookies of up to 4,096 bytes. */
export const MAXIMUM_TOKEN = 3_500

const LIFETIME_SECONDS = 3_600

/** null: there is none, the request brought one itself, or it asks for something else than a page. */
export function pageTokenOf(request: FastifyRequest): string | null {
  const brought =
    request.headers.authorization !== undefined ||
    (request.query as LinkQuery)['access_token'] !== undefined
  if (brought || !wouldTakeHtml(request)) return null
  const token = readCookie(request, 'mapgate-map-token')
  return token !== null && isAccessToken(token) ? token : null
}

export function keepPageToken(reply: FastifyReply, token: string): void {
  setCookie(reply, 'mapgate-map-token', token, LIFETIME_SECONDS)
}

export function forgetPageToken(reply: FastifyReply): void {
  clearCookie(reply, 'mapgate-map-token')
}
