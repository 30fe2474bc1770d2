import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/**
 * The cookies of pages: HttpOnly, for the whole host and no other. The prefix `__Host-` makes browsers
 * hold to that; on http they refuse it, and there (localhost only) it is left out.
 */
declare module 'fastify' {
  interface FastifyInstance {
    cookiePrefix: string
  }
}

export type CookieName = keyof typeof SAME_SITE

/** Applications lead people to pages, which must know them then; nobody is led to look with a token. */
const SAME_SITE = {
  'mapgate-browser': 'lax',
  'mapgate-session': 'lax',
  'mapgate-map-token': 'strict',
} as const

/** @param secure whether the server is reached by https */
export async function installCookies(app: FastifyInstance, secure: boolean): Promise<void> {
  app.decorate('cookiePrefix', secure ? '__Host-' : '')
  await app.register(cookie)
}

export function readCookie(request: FastifyRequest, name: CookieName): string | null {
  return request.cookies[request.server.cookiePrefix + name] ?? null
}

/** @param maxAgeSeconds null: until the browser is closed */
export function setCookie(
  reply: FastifyReply,
  name: CookieName,
  value: string,
  maxAgeSeconds: number | null,
): void {
  void reply.setCookie(reply.server.cookiePrefix + name, value, {
    ...attributes(reply.server, name),
    ...(maxAgeSeconds !== null && { maxAge: maxAgeSeconds }),
  })
}

export function clearCookie(reply: FastifyReply, name: CookieName): void {
  void reply.clearCookie(reply.server.cookiePrefix + name, attributes(reply.server, name))
}

function attributes({ cookiePrefix }: FastifyInstance, name: CookieName) {
  const sameSite = SAME_SITE[name]
  return { path: '/', httpOnly: true, sameSite, secure: cookiePrefix !== '' } as const
}
