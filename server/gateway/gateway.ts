import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clients } from '../access/clients/clients.ts'
import type { Apis } from '../access/scopes/apis.ts'
import type { Caller } from '../access/tokens/access-token.ts'
import type { TokenOutcome, VerifyToken } from '../access/tokens/verify.ts'
import type { Database } from '../database/database.ts'
import { authorizationHeaders } from '../http/authorization.ts'
import type { LimitCall, ProtectedAccess } from '../http/route.ts'
import {
  type BearerCredential,
  bearerCredential,
  BearerError,
  tokenOfHeader,
} from '../protocol/bearer.ts'
import { networkOf } from '../protocol/network.ts'
import { createAboutApis, tokenIsNeeded } from './about-api.ts'
import type { CheckBinding } from './check-binding.ts'
import { countedFor } from './counted-for.ts'
import { requireOrigin } from './require-origin.ts'
import { createRequireScope } from './require-scope.ts'

/**
 * A request's way in: endpoint -> token -> its key -> audience and scope -> where it came from ->
 * limit -> handler. Where a route allows it, a call without a token goes on as nobody's. One hook
 * enforces what routes declare (`http/route.ts`); a route that declares nothing is refused at start.
 * What a token is worth is `access/tokens`' question, whether it is meant for the call
 * `require-scope.ts`'s, whether its key was proven `check-binding.ts`'s, how often a client may call
 * `limit-call.ts`'s. `at-once.ts` lets in calls whose answers are at hand, by the same rules.
 */
declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls a protected route; null on public ones, and for nobody's calls. */
    caller: Caller | null
    /**
     * What it is counted as: a client, of one that people share the person, and nobody's calls by
     * their network. '' on public routes.
     */
    countedAs: string
  }
}

export function installGateway(
  app: FastifyInstance,
  options: {
    issuer: string
    apis: Apis
    verifyToken: VerifyToken
    checkBinding: CheckBinding
    clients: Pick<Clients, 'known'>
    limitCall: LimitCall
    limitNetwork: LimitCall
    database: Pick<Database, 'feed'>
  },
): void {
  const { verifyToken, checkBinding, clients, limitCall, limitNetwork } = options
  const { feed } = options.database
  const about = createAboutApis(options)
  const requireScope = createRequireScope(options)
  app.decorateRequest('caller', null)
  app.decorateRequest('countedAs', '')

  // With callbacks, not promises: a token that was seen before is let in without leaving this hook.
  app.addHook('onRequest', (request, reply, done) => {
    const { access } = request.routeOptions.config
    if (!access || access.public) {
      done()
      return
    }
    try {
      const credential = presentedCredential(request, access)
      const admitted = credential
        ? admitToken(request, reply, access, credential)
        : admitNobody(request, reply)
      // oxlint-disable-next-line promise/no-callback-in-promise -- a hook takes callbacks or promises, not both
      if (admitted) admitted.then(() => done(), done)
      else done()
    } catch (error) {
      done(error as Error)
    }
  })

  function admitToken(
    request: FastifyRequest,
    reply: FastifyReply,
    access: ProtectedAccess,
    credential: Credential,
  ): void | Promise<void> {
    const outcome = verifyToken(credential.token)
    return outcome instanceof Promise
      ? outcome.then((known) => admit(request, reply, access, credential, known))
      : admit(request, reply, access, credential, outcome)
  }

  /** What a cache may keep of the answer is the handler's to say. */
  function admitNobody(request: FastifyRequest, reply: FastifyReply): void | Promise<void> {
    void reply.header('vary', 'Authorization')
    request.countedAs = `network:${networkOf(request.ip)}`
    const limit = () => limitNetwork(request, reply, request.countedAs)
    // What is open to all is asked of the caches that the feed keeps right.
    const stale = feed.ensureFresh()
    return stale ? stale.then(limit) : limit()
  }

  function admit(
    request: FastifyRequest,
    reply: FastifyReply,
    access: ProtectedAccess,
    credential: Credential,
    outcome: TokenOutcome,
  ): void | Promise<void> {
    if (outcome.kind === 'invalid') {
      throw new BearerError('invalid_token', 'The access token is not valid.', {
        ...about.of(access),
        reason: outcome.reason,
        ...(credential.scheme === 'dpop' && { scheme: 'DPoP' }),
      })
    }
    const { caller } = outcome
    if (caller.jkt !== null || credential.scheme === 'dpop') {
      checkBinding(request, reply, caller, credential, about.of(access))
    }
    requireScope(caller, access)
    // Answers differ by token: no shared cache may keep them, and a private one asks first.
    void reply.header('cache-control', 'private, no-cache')
    if (access.anonymous) void reply.header('vary', 'Authorization')
    request.caller = caller
    request.principal = caller
    request.countedAs = countedFor(caller)
    if (caller.kind === 'client-token') return admitClientToken(request, reply, caller)
    if (credential.inQuery && caller.kind === 'account' && access.queryToken !== 'any') {
      // RFC 9700 §2.3, OAuth 2.1: a person's token in a URL is a person's token in a log.
      throw new BearerError(
        'invalid_request',
        'A token that acts for a person must be in the Authorization header, not in access_token.',
        about.of(access),
      )
    }
    return limitCall(request, reply, request.countedAs)
  }

  /** It stands in pages that anybody can read; its owner may have said which pages those are. */
  function admitClientToken(
    request: FastifyRequest,
    reply: FastifyReply,
    { clientId }: Caller,
  ): void | Promise<void> {
    const client = clients.known(clientId)
    if (client instanceof Promise) {
      return client.then((known) => {
        requireOrigin(request.headers.origin, known)
        return limitCall(request, reply, clientId)
      })
    }
    requireOrigin(request.headers.origin, client)
    return limitCall(request, reply, clientId)
  }

  /** null: none, on a route that allows it. */
  function presentedCredential(
    request: FastifyRequest,
    access: ProtectedAccess,
  ): Credential | null {
    const headers = authorizationHeaders(request)
    const credential = bearerCredential(
      headers,
      access.queryToken ? queryTokens(request.query as Query, access) : [],
    )
    switch (credential.kind) {
      case 'token':
        return credential
      case 'none':
        // A credential of another kind is a wrong one, not none.
        if (headers.length === 0) {
          const token = access.pageToken?.(request) ?? null
          if (token !== null) return { kind: 'token', token, scheme: 'bearer', inQuery: false }
          if (access.anonymous) return null
        }
        throw tokenIsNeeded(about.of(access))
      case 'bad':
        throw new BearerError('invalid_request', credential.description, about.of(access))
    }
  }
}

/** `access_token`, and the token of what a dialect takes for the header. */
function queryTokens(query: Query, { queryHeader }: ProtectedAccess): string[] {
  const { access_token: token } = query
  const tokens = token === undefined ? [] : [token].flat()
  if (queryHeader === undefined) return tokens
  const fromHeader = [query[queryHeader] ?? []].flat().map((text) => tokenOfHeader(text) ?? text)
  return [...new Set([...tokens, ...fromHeader])]
}

type Credential = Extract<BearerCredential, { kind: 'token' }>

type Query = Record<string, string | string[] | undefined>
