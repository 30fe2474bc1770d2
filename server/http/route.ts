import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/**
 * What a route says of who may call it. Surfaces declare it in `config`, the gateway enforces it by
 * one hook, and a server with a route that declares nothing refuses to start (`requireDeclarations`).
 */
export type RouteAccess = PublicAccess | ProtectedAccess

/** Anyone may call; the route authenticates by itself who needs it, and limits by `LimitCall`. */
export interface PublicAccess {
  public: true
  limit?: Quota
  /** A page for people: other origins' scripts must not read it (RFC 9700 §2.6). */
  page?: true
}

export interface ProtectedAccess {
  public?: false
  /** The scope the token must carry; null: any valid token, and the handler judges who may do what. */
  scope: string | null
  /**
   * A call without any credential goes on as nobody's (`request.caller` is null), limited by its
   * network; one with a wrong credential is refused as elsewhere. The handler says what caches may
   * keep of its answers, which differ by `Authorization`.
   */
  anonymous?: true
  /** How often a client may call, when the configuration does not say; data endpoints: 20 per minute. */
  limit?: Quota
  /**
   * Whether the token may come as `?access_token=`: true for tokens of clients, `any` for those that
   * act for a person too. URLs end up in logs and histories.
   */
  queryToken?: boolean | 'any'
  /**
   * The token that a browser keeps for pages, for requests that bring none. It must be null for all that
   * asks for something else than a page: no other answer goes by cookies.
   */
  pageToken?: (request: FastifyRequest) => string | null
  /**
   * A query parameter that may hold what belongs in the `Authorization` header, for a dialect whose
   * documentation sends it there. The rules of `queryToken` hold for it.
   */
  queryHeader?: string
}

/** At most `quota` calls in any `windowSeconds` seconds. */
export interface Quota {
  quota: number
  windowSeconds: number
}

/** Who the call is counted for: the limits, and the usage when the answer is out. */
export interface Principal {
  clientId: string
  secretId: string | null
}

/**
 * Counts this call of the request's endpoint for the client and sets the `RateLimit` headers.
 * @param own counts under this name and quota instead: for calls that cost more than others there
 * @throws Problem 429 when it is one too many
 */
export type LimitCall = (
  request: FastifyRequest,
  reply: FastifyReply,
  clientId: string,
  own?: { endpoint: string; limit: Quota },
) => void | Promise<void>

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null
  }
  interface FastifyContextConfig {
    access?: RouteAccess
    /** The name of the endpoint: unit of permission, rate limit and usage; the API reference's `operationId`. */
    endpoint?: string
  }
}

/** Makes `app` refuse a route without a declaration; call it before any route is added. */
export function requireDeclarations(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const { access, endpoint } = route.config ?? {}
    if (!access) {
      throw new Error(
        `${String(route.method)} ${route.url} does not declare who may call it (config.access)`,
      )
    }
    if (!endpoint) {
      throw new Error(`${String(route.method)} ${route.url} has no name (config.endpoint)`)
    }
  })
}
