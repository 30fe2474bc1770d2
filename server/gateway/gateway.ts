import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Apis } from '../access/scopes/apis.ts'
import type { Caller } from '../access/tokens/access-token.ts'
import type { TokenOutcome, VerifyToken } from '../access/tokens/verify.ts'
import { authorizationHeaders } from '../http/authorization.ts'
import type { LimitCall, ProtectedAccess } from '../http/route.ts'
import { bearerCredential, BearerError } from '../protocol/bearer.ts'

/**
 * A request's way in: endpoint -> token -> audience and scope -> limit -> handler. One hook enforces
 * what routes declare (`http/route.ts`); a route that declares nothing is refused at start. What a
 * token is worth is `access/tokens`' question, how often a client may call `limit-call.ts`'s.
 */
declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls a protected route; null on public ones. */
    caller: Caller | null
  }
}

export function installGateway(
  app: FastifyInstance,
  options: { issuer: string; apis: Apis; verifyToken: VerifyToken; limitCall: LimitCall },
): void {
  const { issuer, apis, verifyToken, limitCall } = options
  const management = apis.get('management')!
  const ownAudiences = apis.all
    .map((api) => api.audience)
    .filter((audience) => audience.startsWith(`${issuer}/`))
  app.decorateRequest('caller', null)

  // With callbacks, not promises: a token that was seen before is let in without leaving this hook.
  app.addHook('onRequest', (request, reply, done) => {
    const { access } = request.routeOptions.config
    if (!access || access.public) {
      done()
      return
    }
    try {
      const outcome = verifyToken(presentedToken(request, access))
      const admitted =
        outcome instanceof Promise
          ? outcome.then((known) => admit(request, reply, access, known))
          : admit(request, reply, access, outcome)
      // oxlint-disable-next-line promise/no-callback-in-promise -- a hook takes callbacks or promises, not both
      if (admitted) admitted.then(() => done(), done)
      else done()
    } catch (error) {
      done(error as Error)
    }
  })

  function admit(
    request: FastifyRequest,
    reply: FastifyReply,
    access: ProtectedAccess,
    outcome: TokenOutcome,
  ): void | Promise<void> {
    if (outcome.kind === 'invalid') {
      throw new BearerError('invalid_token', 'The access token is not valid.', {
        ...about(access),
        reason: outcome.reason,
      })
    }
    const { caller } = outcome
    requireScope(caller, access)
    // Answers differ by token: no shared cache may keep them, and a private one asks first.
    void reply.header('cache-control', 'private, no-cache')
    request.caller = caller
    request.principal = caller
    return limitCall(request, reply, caller.clientId)
  }

  function presentedToken(request: FastifyRequest, access: ProtectedAccess): string {
    const credential = bearerCredential(
      authorizationHeaders(request),
      access.queryToken ? [(request.query as Query).access_token ?? []].flat() : [],
    )
    switch (credential.kind) {
      case 'token':
        return credential.token
      case 'none':
        // RFC 6750 §3.1: no error code for a request that lacks authentication.
        throw new BearerError(null, 'An access token is needed.', about(access))
      case 'bad':
        throw new BearerError('invalid_request', credential.description, about(access))
    }
  }

  function requireScope(caller: Caller, access: ProtectedAccess): void {
    // RFC 9068 §4: a token for another API is no token here.
    if (!isMeantFor(caller.claims.aud, access)) {
      throw new BearerError('invalid_token', 'The access token is for another API.', {
        ...about(access),
        reason: 'wrong_audience',
      })
    }
    if (access.scope !== null && !caller.scopes.includes(access.scope)) {
      throw new BearerError(
        'insufficient_scope',
        'The access token lacks the scope.',
        about(access),
      )
    }
  }

  function isMeantFor(audience: string | readonly string[], access: ProtectedAccess): boolean {
    const audiences = typeof audience === 'string' ? [audience] : audience
    const api = access.scope === null ? null : apis.ofScope(access.scope)!
    if (api !== null && !audiences.includes(api.audience)) return false
    if (api !== null && api !== management) return true
    // Each of its audiences gets to see the token: one elsewhere must manage nothing with it.
    return audiences.every((name) => ownAudiences.includes(name))
  }

  /** What a refusal says of the API (RFC 6750 §3, RFC 9728 §5.1). */
  function about(access: ProtectedAccess): { resourceMetadata: string; scope: string | null } {
    const api = access.scope === null ? management : apis.ofScope(access.scope)!
    const path = api.audience.slice(issuer.length)
    return {
      resourceMetadata: `${issuer}/.well-known/oauth-protected-resource${path}`,
      scope: access.scope,
    }
  }
}

type Query = { access_token?: string | string[] }
