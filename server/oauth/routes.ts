import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { SigningKeys } from '../access/keys/signing-keys.ts'
import type { Apis } from '../access/scopes/apis.ts'
import { answerOAuthError } from '../http/errors.ts'
import { acceptForms } from '../http/forms.ts'
import { authorizationServerMetadata, protectedResourceMetadata } from './metadata.ts'
import type { TokenEndpoint } from './token.ts'

/**
 * The authorization server's endpoints. `token.ts` is the pipeline of the token endpoint, `grants/`
 * holds one file a grant type, `client-authentication.ts` serves all endpoints that clients log in
 * to. Tokens, secrets, keys and clients themselves are in `access/`.
 */
export function oauthRoutes(
  app: FastifyInstance,
  options: {
    issuer: string
    apis: Apis
    signingKeys: SigningKeys
    token: TokenEndpoint
    introspect: (request: FastifyRequest, reply: FastifyReply) => Promise<object>
    revoke: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  },
): void {
  const { issuer, apis, signingKeys } = options
  app.setErrorHandler(answerOAuthError)
  acceptForms(app)
  // Forms are judged by hand: a schema validator cannot choose OAuth's error codes.
  app.setValidatorCompiler(() => () => true)

  app.post(
    '/oauth2/token',
    {
      config: { endpoint: 'oauth2.token', access: { public: true, limit: perMinute(6_000) } },
      schema: {
        summary: 'Get an access token',
        tags: ['OAuth 2.0'],
        consumes: [FORM],
        body: tokenForm,
        response: { 200: tokenAnswerSchema, ...refusals },
      },
    },
    options.token,
  )
  app.post(
    '/oauth2/introspect',
    {
      config: { endpoint: 'oauth2.introspect', access: { public: true, limit: perMinute(6_000) } },
      schema: {
        summary: 'Ask what a token is worth',
        tags: ['OAuth 2.0'],
        consumes: [FORM],
        body: tokenHintForm,
        response: {
          200: Type.Object(
            { active: Type.Boolean() },
            { additionalProperties: true, description: 'RFC 7662 §2.2' },
          ),
          ...refusals,
        },
      },
    },
    options.introspect,
  )
  app.post(
    '/oauth2/revoke',
    {
      config: { endpoint: 'oauth2.revoke', access: { public: true, limit: perMinute(600) } },
      schema: {
        summary: 'End a token',
        tags: ['OAuth 2.0'],
        consumes: [FORM],
        body: tokenHintForm,
        response: { 200: Type.Null({ description: 'The token is dead.' }), ...refusals },
      },
    },
    options.revoke,
  )

  const metadata = authorizationServerMetadata(issuer, apis)
  const open = (endpoint: string, summary: string) => ({
    config: { endpoint, access: { public: true as const } },
    schema: { summary, tags: ['Discovery'], response: { 200: anyObject } },
  })
  app.get(
    '/.well-known/oauth-authorization-server',
    open('oauth2.metadata', 'Metadata of the authorization server (RFC 8414)'),
    (_request, reply) => cacheable(reply).send(metadata),
  )
  for (const api of apis.all.filter(({ audience }) => audience.startsWith(`${issuer}/`))) {
    // RFC 9728 §3.1: the resource's path follows the well-known name.
    app.get(
      `/.well-known/oauth-protected-resource${api.audience.slice(issuer.length)}`,
      open(`${api.id}.metadata`, `Metadata of the API ${api.id} (RFC 9728)`),
      (_request, reply) => cacheable(reply).send(protectedResourceMetadata(issuer, api)),
    )
  }
  app.get('/jwks', open('oauth2.jwks', 'The keys that sign tokens (RFC 7517)'), (_request, reply) =>
    cacheable(reply).type('application/jwk-set+json').send(JSON.stringify(signingKeys.jwks())),
  )
}

/** Shorter than a key is announced before it signs. */
function cacheable(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'public, max-age=300, stale-while-revalidate=3600')
}

const perMinute = (quota: number) => ({ quota, windowSeconds: 60 })

const FORM = 'application/x-www-form-urlencoded'

const anyObject = Type.Object({}, { additionalProperties: true })

const tokenForm = Type.Object({
  grant_type: Type.String({ description: 'RFC 6749 §4.4: `client_credentials`' }),
  client_id: Type.Optional(
    Type.String({ description: 'Here, or in the Authorization header (Basic).' }),
  ),
  client_secret: Type.Optional(Type.String()),
  scope: Type.Optional(
    Type.String({
      description: 'Space-separated; or `<API>/.default`; absent: all that is granted.',
    }),
  ),
  resource: Type.Optional(
    Type.String({
      description:
        'The API the token is for (RFC 8707). The management API (`/admin`) without `scope`: a token with which any client manages its own secrets.',
    }),
  ),
})

const tokenHintForm = Type.Object({
  token: Type.String(),
  token_type_hint: Type.Optional(Type.String({ description: 'Not needed.' })),
  client_id: Type.Optional(Type.String()),
  client_secret: Type.Optional(Type.String()),
})

const tokenAnswerSchema = Type.Object(
  {
    access_token: Type.String({ description: 'A JWT by RFC 9068.' }),
    token_type: Type.String({ description: 'Bearer' }),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    scope: Type.String(),
    not_before: Type.Integer({ description: 'Seconds since the epoch.' }),
    expires_on: Type.Integer({ description: 'Seconds since the epoch.' }),
    resource: Type.String({ description: 'The audience of the token.' }),
  },
  { additionalProperties: true },
)

const oauthErrorSchema = (description: string) =>
  Type.Object(
    { error: Type.String(), error_description: Type.Optional(Type.String()) },
    { additionalProperties: true, description },
  )

const refusals = {
  400: oauthErrorSchema('RFC 6749 §5.2'),
  401: oauthErrorSchema('Client authentication failed.'),
  429: oauthErrorSchema('Too many requests, or too many failed attempts.'),
}
