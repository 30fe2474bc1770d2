import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { SigningAlgorithm } from '../../access/keys/algorithms.ts'
import type { SigningKeys } from '../../access/keys/signing-keys.ts'
import { answerOAuthError } from '../../http/errors.ts'
import { acceptForms } from '../../http/forms.ts'
import type { AuthorizationEndpoint } from '../../oauth/authorize/authorize.ts'
import type { EndSessionEndpoint } from '../../oauth/end-session.ts'
import { openidMetadata } from '../../oauth/metadata.ts'
import type { LimitCall } from '../../http/route.ts'
import { preparePages } from '../../pages/route.ts'
import { networkOf } from '../../protocol/network.ts'
import { MAPSINDOORS_SCOPES } from './profile.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

export interface OpenIdOptions {
  /** `<publicUrl>/mapsindoors/auth`: its metadata, `iss` and tokens agree. */
  issuer: string
  signingKeys: Pick<SigningKeys, 'jwks'>
  signingAlgorithm: SigningAlgorithm
  authorization: AuthorizationEndpoint
  userinfo: Handler
  endSession: EndSessionEndpoint
  revoke: Handler
  limitNetwork: LimitCall
}

/**
 * OpenID Connect under the paths of IdentityServer4, for `oidc-client-ts` and `@openid/appauth` as the
 * documentation sets them up: discovery, and the core's endpoints under other names. The token
 * endpoint is in `token.ts`.
 */
export async function openIdRoutes(auth: FastifyInstance, options: OpenIdOptions): Promise<void> {
  discoveryRoutes(auth, options)
  await auth.register(async (scope) => programRoutes(scope, options))
  await auth.register(async (scope) => authorizationRoutes(scope, options))
  await auth.register(async (scope) => endSessionRoutes(scope, options.endSession))
}

function discoveryRoutes(app: FastifyInstance, options: OpenIdOptions): void {
  const { issuer, signingKeys, signingAlgorithm } = options
  const at = (path: string) => issuer + path
  const metadata = openidMetadata({
    issuer,
    endpoints: {
      token: at('/connect/token'),
      jwks: at('/.well-known/openid-configuration/jwks'),
      authorize: at('/connect/authorize'),
      userinfo: at('/connect/userinfo'),
      endSession: at('/connect/endsession'),
      revoke: at('/connect/revocation'),
    },
    scopes: [...MAPSINDOORS_SCOPES, 'offline_access'],
    grants: ['authorization_code', 'client_credentials', 'refresh_token', 'password'],
    tokenAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    idTokenAlgorithms: [...new Set([signingAlgorithm, 'RS256' as const])],
    responseModes: ['query', 'fragment', 'form_post'],
    sendIss: true,
  })
  app.get(
    '/.well-known/openid-configuration',
    described('openid', 'Metadata of the authorization server as at MapsIndoors'),
    (_request, reply) => cacheable(reply).send(metadata),
  )
  app.get(
    '/.well-known/openid-configuration/jwks',
    described('jwks', 'The keys that sign tokens, as at MapsIndoors'),
    (_request, reply) =>
      cacheable(reply).type('application/jwk-set+json').send(JSON.stringify(signingKeys.jwks())),
  )
}

function programRoutes(app: FastifyInstance, { userinfo, revoke }: OpenIdOptions): void {
  app.setErrorHandler(answerOAuthError)
  acceptForms(app)
  app.setValidatorCompiler(() => () => true)
  const about = 'Who let the client in, as at MapsIndoors'
  const withToken = (name: string) => {
    const route = described(name, about)
    return { ...route, schema: { ...route.schema, security: [{ bearer: [] }] } }
  }
  app.get('/connect/userinfo', withToken('userinfo'), userinfo)
  app.post('/connect/userinfo', withToken('userinfoPost'), userinfo)
  app.post('/connect/revocation', described('revocation', 'End a token as at MapsIndoors'), revoke)
}

function authorizationRoutes(
  app: FastifyInstance,
  { authorization: endpoint, limitNetwork }: OpenIdOptions,
): void {
  preparePages(app)
  app.setValidatorCompiler(() => () => true)
  // Of networks: who asks is not proven, and a stranger must not use up a client's calls.
  app.addHook('onRequest', async (request, reply) =>
    limitNetwork(request, reply, `network:${networkOf(request.ip)}`),
  )
  app.get('/connect/authorize', page('authorize'), endpoint.authorize)
  app.post('/connect/authorize', page('authorizePost'), endpoint.authorize)
  app.get('/connect/authorize/callback', page('authorizeResume'), endpoint.resume)
}

function endSessionRoutes(app: FastifyInstance, endpoint: EndSessionEndpoint): void {
  preparePages(app)
  app.setValidatorCompiler(() => () => true)
  app.get('/connect/endsession', page('endSession'), endpoint.begin)
  app.post('/connect/endsession', page('endSessionPost'), endpoint.begin)
}

/** Shorter than a key is announced before it signs. */
function cacheable(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'public, max-age=300, stale-while-revalidate=3600')
}

const limit = { quota: 600, windowSeconds: 60 }

const described = (name: string, summary: string) => ({
  config: { endpoint: `mapsindoors.${name}`, access: { public: true as const, limit } },
  schema: {
    summary,
    tags: ['MapsIndoors'],
    response: { 200: Type.Object({}, { additionalProperties: true }) },
  },
})

const page = (name: string) => ({
  config: {
    endpoint: `mapsindoors.${name}`,
    access: { public: true as const, page: true as const, limit },
  },
  schema: { hide: true },
})
