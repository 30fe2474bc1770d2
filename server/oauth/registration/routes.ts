import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { answerOAuthError } from '../../http/errors.ts'
import type { RegistrationEndpoint } from './register.ts'

/** The routes of `register.ts`. They take JSON, unlike the other OAuth endpoints. */
export function registrationRoutes(app: FastifyInstance, endpoint: RegistrationEndpoint): void {
  app.setErrorHandler(answerOAuthError)
  // Metadata is judged by hand: a schema validator cannot choose OAuth's error codes.
  app.setValidatorCompiler(() => () => true)
  const limit = { quota: 30, windowSeconds: 3_600 }

  app.post(
    '/oauth2/register',
    {
      config: { endpoint: 'oauth2.register', access: { public: true, limit } },
      schema: {
        summary: 'Register a client (RFC 7591)',
        description:
          'With an initial access token as bearer token (`mapgate registration-tokens create`); public clients without one where `registration.open` is set.',
        tags: [TAG],
        security: [{ bearer: [] }],
        body: metadata,
        response: { 201: registrationAnswer, ...refusals },
      },
    },
    endpoint.register,
  )

  const ofOne = (name: string, summary: string, description: string) => ({
    config: {
      endpoint: `oauth2.registration.${name}`,
      access: { public: true as const, limit: { quota: 60, windowSeconds: 60 } },
    },
    schema: {
      summary,
      description,
      tags: [TAG],
      security: [{ bearer: [] }],
      params: Type.Object({ clientId: Type.String() }),
    },
  })
  const path = '/oauth2/register/:clientId'
  const byToken = 'With the registration access token as bearer token.'

  const show = ofOne(
    'show',
    'Show a registration (RFC 7592)',
    `${byToken} A secret is not shown again.`,
  )
  app.get(
    path,
    { ...show, schema: { ...show.schema, response: { 200: registrationAnswer, ...refusals } } },
    endpoint.read,
  )
  const replace = ofOne(
    'replace',
    'Replace a registration (RFC 7592)',
    `${byToken} What is left out gets its default, \`scope\` what it had. More scopes or grants are not to be had so, and what the client must do (PKCE, pushed requests, DPoP) it must go on doing: the answer says what holds. What a new client must obey holds here too.`,
  )
  app.put(
    path,
    {
      ...replace,
      schema: {
        ...replace.schema,
        body: metadata,
        response: { 200: registrationAnswer, ...refusals },
      },
    },
    endpoint.replace,
  )
  const remove = ofOne(
    'delete',
    'End a registration (RFC 7592)',
    `${byToken} All its tokens are dead.`,
  )
  app.delete(
    path,
    {
      ...remove,
      schema: {
        ...remove.schema,
        response: { 204: Type.Null({ description: 'The client is gone.' }), ...refusals },
      },
    },
    endpoint.remove,
  )
}

const TAG = 'Client registration'

const metadata = Type.Object(
  {
    client_name: Type.Optional(Type.String()),
    redirect_uris: Type.Optional(Type.Array(Type.String())),
    grant_types: Type.Optional(
      Type.Array(Type.String(), { description: 'By default `authorization_code`.' }),
    ),
    response_types: Type.Optional(Type.Array(Type.String())),
    token_endpoint_auth_method: Type.Optional(
      Type.String({
        description:
          '`none`, `client_secret_basic` (the default), `client_secret_post` or `private_key_jwt`.',
      }),
    ),
    scope: Type.Optional(Type.String({ description: 'By default all that may be registered.' })),
    jwks: Type.Optional(Type.Object({}, { additionalProperties: true })),
    jwks_uri: Type.Optional(Type.String()),
    post_logout_redirect_uris: Type.Optional(Type.Array(Type.String())),
    require_pkce: Type.Optional(
      Type.Boolean({
        description: 'By default true; false for confidential OpenID Connect clients.',
      }),
    ),
    require_pushed_authorization_requests: Type.Optional(Type.Boolean()),
    dpop_bound_access_tokens: Type.Optional(Type.Boolean()),
    id_token_signed_response_alg: Type.Optional(Type.String()),
    client_uri: Type.Optional(Type.String()),
    logo_uri: Type.Optional(Type.String()),
    tos_uri: Type.Optional(Type.String()),
    policy_uri: Type.Optional(Type.String()),
    contacts: Type.Optional(Type.Array(Type.String())),
    software_id: Type.Optional(Type.String()),
    software_version: Type.Optional(Type.String()),
  },
  {
    additionalProperties: true,
    description: 'RFC 7591 §2; members that are not known are ignored.',
  },
)

const registrationAnswer = Type.Object(
  {
    client_id: Type.String(),
    client_secret: Type.Optional(Type.String({ description: 'Shown this once.' })),
    client_id_issued_at: Type.Integer({ description: 'Seconds since the epoch.' }),
    registration_access_token: Type.String(),
    registration_client_uri: Type.String(),
  },
  { additionalProperties: true, description: 'RFC 7591 §3.2.1' },
)

const refused = (description: string) =>
  Type.Object(
    { error: Type.String(), error_description: Type.Optional(Type.String()) },
    { additionalProperties: true, description },
  )

const refusals = {
  400: refused('`invalid_redirect_uri` or `invalid_client_metadata`, naming the member.'),
  401: refused('There is no valid token.'),
  429: refused('Too many requests from this network.'),
}
