import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Session, Sessions } from '../access/accounts/session.ts'
import { readCookie, setCookie } from '../http/cookies.ts'
import { type RandomBytes, randomBase62 } from '../lib/random.ts'
import { acceptedLanguages, type Messages, messagesFor } from './messages.ts'

/**
 * Who looks at a page: a browser, known by a cookie that every page sets, and the session that is
 * signed in with it, if any.
 */
export interface Visitor {
  /** The cookie's value: interactions and forms are bound to it. */
  browser: string
  session: Session | null
}

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Pick<Sessions, 'find'>
    pageRandom: RandomBytes
  }
}

export function installVisitors(
  app: FastifyInstance,
  options: { sessions: Pick<Sessions, 'find'>; random: RandomBytes },
): void {
  app.decorate('sessions', options.sessions)
  app.decorate('pageRandom', options.random)
}

/** Finds the visitor of a request; gives the browser its cookie when it has none. */
export async function visitorOf(request: FastifyRequest, reply: FastifyReply): Promise<Visitor> {
  const known = readCookie(request, 'mapgate-browser')
  const browser = known && BROWSER.test(known) ? known : newBrowser(request, reply)
  const cookie = readCookie(request, 'mapgate-session')
  return { browser, session: cookie ? await request.server.sessions.find(cookie) : null }
}

/** @param uiLocales of the interaction: they come before the browser's languages */
export function messagesOf(request: FastifyRequest, uiLocales: readonly string[] = []): Messages {
  return messagesFor([...uiLocales, ...acceptedLanguages(request.headers['accept-language'])])
}

const BROWSER = /^[0-9A-Za-z]{43}$/

function newBrowser(request: FastifyRequest, reply: FastifyReply): string {
  const browser = randomBase62(43, request.server.pageRandom)
  setCookie(reply, 'mapgate-browser', browser, 31_536_000)
  return browser
}
