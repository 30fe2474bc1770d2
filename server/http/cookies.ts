import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/**
 * The cookies of pages: HttpOnly, SameSite=Lax, for the whole host and no other. The prefix `__Host-`
 * makes browsers hold to that; on http they refuse it, and there (localhost only) it is left out.
 */
declare module 'fastify' {
  interface FastifyInstance {
    cookiePrefix: string
  }
}

export type CookieName = 'mapgate-browser' | 'mapgate-session'

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
    ...attributes(reply.server),
    ...(maxAgeSeconds !== null && { maxAge: maxAgeSeconds }),
  })
}

export function clearCookie(reply: FastifyReply, name: CookieName): void {
  void reply.clearCookie(reply.server.cookiePrefix + name, attributes(reply.server))
}

function attributes({ cookiePrefix }: FastifyInstance) {
  return { path: '/', httpOnly: true, sameSite: 'lax', secure: cookiePrefix !== '' } as const
}
