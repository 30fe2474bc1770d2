import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { PlainHeaders } from './plain-headers.ts'
import type { ProtectedAccess } from './route.ts'

/**
 * Answers that are at hand, given before Fastify sees the request: its routing, hooks, request and
 * reply cost more than all else that such an answer needs. Surfaces declare shortcuts beside the route
 * that they belong to, with the same answers; `gateway/` enforces their access. Whatever a shortcut is
 * not sure of is left to the route, with nothing changed and nothing counted.
 */
export interface Shortcut {
  /** The route's. */
  endpoint: string
  access: ProtectedAccess
  /**
   * @param url of a GET; with a query it is the route's to read
   * @returns how its answer is found; null: it is another's
   */
  match(url: string): FindAtHand | null
}

/** @returns null: it is not at hand */
export type FindAtHand = (
  caller: NonNullable<FastifyRequest['caller']>,
  headers: PlainHeaders,
) => Answer | null

export interface Answer {
  status: number
  /** Names and values in turn. */
  headers: string[]
  /** A string holds one byte a character. */
  body: Buffer | string | null
}

declare module 'fastify' {
  interface FastifyInstance {
    shortcuts: Shortcut[]
    /** Of every answer. */
    securityHeaders: Readonly<Record<string, string>>
    /** Answers by a shortcut, if one can; the gateway's. */
    answerAtOnce: ((request: IncomingMessage, response: ServerResponse) => boolean) | null
  }
}

/** Call it before any surface is added. */
export function allowShortcuts(
  app: FastifyInstance,
  securityHeaders: Readonly<Record<string, string>>,
): void {
  app.decorate('securityHeaders', securityHeaders)
  app.decorate('shortcuts', [])
  app.decorate('answerAtOnce', null)
  // Fastify asks those who still call while the server stops to close their connections.
  app.addHook('preClose', (done) => {
    app.answerAtOnce = null
    done()
  })
}
