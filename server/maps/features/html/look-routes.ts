import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { requireOwnForm } from '../../../pages/form-token.ts'
import { sendPage } from '../../../pages/page.ts'
import { pageRoute } from '../../../pages/route.ts'
import { type Visitor, visitorOf } from '../../../pages/visitor.ts'
import { isAccessToken } from '../../../protocol/bearer.ts'
import { LOOK_PATH, lookForm, STOP_PATH } from './look-form.ts'
import { forgetPageToken, keepPageToken, MAXIMUM_TOKEN } from './page-token.ts'

/** Where a person begins to look with a token, and stops. What the token may see, the pages tell. */
export function lookRoutes(app: FastifyInstance): void {
  const path = (full: string) => full.slice(app.prefix.length)

  app.post(path(LOOK_PATH), pageRoute('maps.look'), async (request, reply) => {
    const visitor = await visitorOf(request, reply)
    const form = requireOwnForm(request, visitor)
    const to = mapsPath(form.get('to'))
    const token = form.get('access_token')?.trim() ?? ''
    if (!isAccessToken(token) || token.length > MAXIMUM_TOKEN) {
      return sendLookPage(request, reply, visitor, to)
    }
    keepPageToken(reply, token)
    return reply.redirect(to, 303)
  })

  app.post(path(STOP_PATH), pageRoute('maps.look.stop'), async (request, reply) => {
    requireOwnForm(request, await visitorOf(request, reply))
    forgetPageToken(reply)
    return reply.redirect(START, 303)
  })
}

function sendLookPage(
  request: FastifyRequest,
  reply: FastifyReply,
  visitor: Visitor,
  to: string,
): FastifyReply {
  sendPage(reply, {
    status: 400,
    title: 'Look with a token',
    body: lookForm(request, visitor, {
      to,
      error: `Give an access token of up to ${MAXIMUM_TOKEN} characters, as the server issued it.`,
    }),
  })
  return reply
}

const START = '/maps/collections?f=html'

/** A path of these pages, whatever the form says (RFC 9700 §4.11). */
function mapsPath(given: string | null): string {
  const isOurs = given !== null && given.length <= 2_000 && MAPS_PATH.test(given)
  return isOurs ? given : START
}

const MAPS_PATH = /^\/maps(?:[/?][\x21-\x5B\x5D-\x7E]*)?$/
