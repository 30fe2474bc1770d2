import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { answerOAuthError } from '../http/errors.ts'
import { acceptForms } from '../http/forms.ts'
import type { AuthorizationEndpoint } from './authorize/authorize.ts'
import type { EndSessionEndpoint } from './end-session.ts'
import {
  authorizationQuery,
  deviceAnswer,
  deviceForm,
  endSessionQuery,
  FORM,
  pushedRequestAnswer,
  pushedRequestForm,
  refusals,
  tokenAnswerSchema,
  tokenForm,
  tokenHintForm,
  tokenRefusals,
  userinfoSchema,
} from './schemas.ts'
import type { TokenEndpoint } from './token.ts'

/**
 * The authorization server's endpoints. `token.ts` is the pipeline of the token endpoint, `grants/`
 * holds one file a grant type, `client-authentication.ts` serves all endpoints that clients log in
 * to, `authorize/` is where people come in. `discovery-routes.ts` and `registration/` bring their own
 * routes, `schemas.ts` what the API reference says. Tokens, secrets, keys and clients themselves are
 * in `access/`.
 */
type Handler<Answer> = (request: FastifyRequest, reply: FastifyReply) => Promise<Answer>

/** What clients log in to. */
export function oauthRoutes(
  app: FastifyInstance,
  options: {
    token: TokenEndpoint
    introspect: Handler<object>
    revoke: Handler<void>
  },
): void {
  prepare(app)
  app.post(
    '/oauth2/token',
    {
      config: { endpoint: 'oauth2.token', access: { public: true, limit: perMinute(6_000) } },
      schema: {
        summary: 'Get an access token',
        tags: [TAG],
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
        tags: [TAG],
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
        tags: [TAG],
        consumes: [FORM],
        body: tokenHintForm,
        response: { 200: Type.Object({}, { description: 'The token is dead.' }), ...refusals },
      },
    },
    options.revoke,
  )
}

/** RFC 9126 */
export function pushedRequestRoutes(app: FastifyInstance, par: Handler<unknown>): void {
  prepare(app)
  app.post(
    '/oauth2/par',
    {
      config: { endpoint: 'oauth2.par', access: { public: true, limit: perMinute(600) } },
      schema: {
        summary: 'Push an authorization request (RFC 9126)',
        tags: [TAG],
        consumes: [FORM],
        body: pushedRequestForm,
        response: { 201: pushedRequestAnswer, ...refusals },
      },
    },
    par,
  )
}

/** RFC 8628 §3.1 */
export function deviceRoutes(app: FastifyInstance, deviceAuthorization: Handler<unknown>): void {
  prepare(app)
  app.post(
    '/oauth2/device',
    {
      config: { endpoint: 'oauth2.device', access: { public: true, limit: perMinute(60) } },
      schema: {
        summary: 'Begin to let a device in (RFC 8628)',
        tags: [TAG],
        consumes: [FORM],
        body: deviceForm,
        response: { 200: deviceAnswer, ...refusals },
      },
    },
    deviceAuthorization,
  )
}

/** OpenID Connect Core §5.3 */
export function userinfoRoutes(app: FastifyInstance, userinfo: Handler<void>): void {
  prepare(app)
  const declared = (endpoint: string) => ({
    config: { endpoint, access: { public: true as const, limit: perMinute(600) } },
    schema: {
      summary: 'Who let the client in (OpenID Connect)',
      description: 'With an access token for the scope `openid`, as bearer token or by DPoP.',
      tags: [TAG],
      security: [{ bearer: [] }],
      response: { 200: userinfoSchema, ...tokenRefusals },
    },
  })
  app.get('/oauth2/userinfo', declared('oauth2.userinfo'), userinfo)
  app.post('/oauth2/userinfo', declared('oauth2.userinfoPost'), userinfo)
}

/**
 * Where people come in. Refusals are pages, and the body of a POST stays as it came: the caller has
 * made `app` ready for that (`authorize/parameters.ts`).
 */
export function authorizationRoutes(app: FastifyInstance, endpoint: AuthorizationEndpoint): void {
  app.setValidatorCompiler(() => () => true)
  const authorization = {
    summary: 'Ask a person for permission (RFC 6749 §4.1)',
    description: 'Opened in a browser; ends at the redirect URI with a code or an error.',
    tags: [TAG],
    response: { 303: Type.Null({ description: 'On to the sign-in, or back to the client.' }) },
  }
  app.get(
    '/oauth2/authorize',
    {
      config: { endpoint: 'oauth2.authorize', access: page },
      schema: { ...authorization, querystring: authorizationQuery },
    },
    endpoint.authorize,
  )
  app.post(
    '/oauth2/authorize',
    {
      config: { endpoint: 'oauth2.authorizePost', access: page },
      schema: { ...authorization, consumes: [FORM], body: authorizationQuery },
    },
    endpoint.authorize,
  )
  app.get(
    '/oauth2/authorize/resume',
    { config: { endpoint: 'oauth2.authorizeResume', access: page }, schema: { hide: true } },
    endpoint.resume,
  )
}

/** Where clients send people to sign them out. The caller has made `app` one of pages. */
export function endSessionRoutes(app: FastifyInstance, endpoint: EndSessionEndpoint): void {
  app.setValidatorCompiler(() => () => true)
  const logout = {
    summary: 'Sign a person out (OpenID Connect RP-Initiated Logout)',
    description: 'Opened in a browser; ends at the post-logout redirect URI, if one is given.',
    tags: [TAG],
    response: { 303: Type.Null({ description: 'Back to the client.' }) },
  }
  app.get(
    END_SESSION_PATH,
    {
      config: { endpoint: 'oauth2.endSession', access: page },
      schema: { ...logout, querystring: endSessionQuery },
    },
    endpoint.begin,
  )
  app.post(
    END_SESSION_PATH,
    {
      config: { endpoint: 'oauth2.endSessionPost', access: page },
      schema: { ...logout, consumes: [FORM], body: endSessionQuery },
    },
    endpoint.begin,
  )
  app.post(
    CONFIRM_PATH,
    { config: { endpoint: 'oauth2.endSessionConfirm', access: page }, schema: { hide: true } },
    endpoint.confirm,
  )
}

const END_SESSION_PATH = '/oauth2/end_session'
export const CONFIRM_PATH = '/oauth2/end_session/confirm'

/** What programs call: forms in, OAuth's errors out. */
function prepare(app: FastifyInstance): void {
  app.setErrorHandler(answerOAuthError)
  acceptForms(app)
  app.setValidatorCompiler(() => () => true)
}

const TAG = 'OAuth 2.0'

const perMinute = (quota: number) => ({ quota, windowSeconds: 60 })

const page = { public: true as const, page: true as const, limit: perMinute(600) }
