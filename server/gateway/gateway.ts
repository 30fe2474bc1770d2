import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Client } from '../access/clients/client.ts'
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
import { Problem } from '../protocol/problem.ts'
import { createAboutApis, tokenIsNeeded } from './about-api.ts'
import type { CheckBinding } from './check-binding.ts'

/**
 * A request's way in: endpoint -> token -> its key -> audience and scope -> where it came from ->
 * limit -> handler. Where a route allows it, a call without a token goes on as nobody's. One hook
 * enforces what routes declare (`http/route.ts`); a route that declares nothing is refused at start.
 * What a token is worth is `access/tokens`' question, whether its key was proven `check-binding.ts`'s,
 * how often a client may call `limit-call.ts`'s.
 */
declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls a protected route; null on public ones, and for nobody's calls. */
    caller: Caller | null
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
  const { issuer, apis, verifyToken, checkBinding, clients, limitCall, limitNetwork } = options
  const { feed } = options.database
  const management = apis.get('management')!
  const about = createAboutApis(options)
  const ownAudiences = [
    ...apis.all.map((api) => api.audience).filter((audience) => audience.startsWith(`${issuer}/`)),
    `${issuer}/oauth2/userinfo`,
  ]
  app.decorateRequest('caller', null)

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
    const limit = () => limitNetwork(request, reply, `network:${networkOf(request.ip)}`)
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
    if (caller.kind === 'client-token') return admitClientToken(request, reply, caller)
    if (credential.inQuery && caller.kind === 'account' && access.queryToken !== 'any') {
      // RFC 9700 §2.3, OAuth 2.1: a person's token in a URL is a person's token in a log.
      throw new BearerError(
        'invalid_request',
        'A token that acts for a person must be in the Authorization header, not in access_token.',
        about.of(access),
      )
    }
    const { clientId, claims } = caller
    // People who share a client must not use up each other's calls.
    return limitCall(request, reply, claims.shared ? claims.sub : clientId)
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
        requireOrigin(request, known)
        return limitCall(request, reply, clientId)
      })
    }
    requireOrigin(request, client)
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

  function requireScope(caller: Caller, access: ProtectedAccess): void {
    // RFC 9068 §4: a token for another API is no token here.
    if (!isMeantFor(caller.claims.aud, access)) {
      throw new BearerError('invalid_token', 'The access token is for another API.', {
        ...about.of(access),
        reason: 'wrong_audience',
      })
    }
    if (access.scope !== null && !caller.scopes.includes(access.scope)) {
      throw new BearerError(
        'insufficient_scope',
        'The access token lacks the scope.',
        about.of(access),
      )
    }
    if (caller.kind !== 'client' && isManagement(access)) {
      throw new BearerError(
        'insufficient_scope',
        'Only a token that a client got for itself manages anything.',
        about.of(access),
      )
    }
  }

  const isManagement = (access: ProtectedAccess) => about.apiOf(access) === management

  function isMeantFor(audience: string | readonly string[], access: ProtectedAccess): boolean {
    const audiences = typeof audience === 'string' ? [audience] : audience
    const api = access.scope === null ? null : apis.ofScope(access.scope)
    if (api !== null && !audiences.includes(api.audience)) return false
    if (api !== null && api !== management) return true
    // OpenID scopes belong to no API: they count in any token that is for this server.
    if (access.scope !== null && api === null) {
      return audiences.some((name) => ownAudiences.includes(name))
    }
    // Each of its audiences gets to see the token: one elsewhere must manage nothing with it.
    return audiences.every((name) => ownAudiences.includes(name))
  }
}

/** @throws Problem 403 for an origin that the client's token is not for, or none */
function requireOrigin({ headers: { origin } }: FastifyRequest, client: Client | null): void {
  const allowed = client?.webOrigins ?? []
  if (allowed.length === 0 || (origin !== undefined && allowed.includes(origin))) return
  throw new Problem(
    403,
    'Forbidden',
    origin === undefined
      ? 'This client token is limited to web origins, and the request has no Origin header.'
      : 'This client token may not be used from this web origin.',
  )
}

/** `access_token`, and the token of what a dialect takes for the header. */
function queryTokens(query: Query, { queryHeader }: ProtectedAccess): string[] {
  const tokens = [query.access_token ?? []].flat()
  if (queryHeader === undefined) return tokens
  const fromHeader = [query[queryHeader] ?? []].flat().map((text) => tokenOfHeader(text) ?? text)
  return [...new Set([...tokens, ...fromHeader])]
}

type Credential = Extract<BearerCredential, { kind: 'token' }>

type Query = Record<string, string | string[] | undefined>
