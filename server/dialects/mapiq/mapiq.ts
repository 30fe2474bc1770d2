import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { answerOAuthError } from '../../http/errors.ts'
import { acceptForms } from '../../http/forms.ts'
import type { TokenEndpoint } from '../../oauth/token.ts'
import { notFound } from '../../protocol/problem.ts'
import { countryRoutes } from './countries.ts'
import { answerMapiqError } from './errors.ts'
import { placeRoutes } from './places.ts'
import type { MapData } from './wire.ts'

/**
 * The Mapiq dialect: what a script written from Mapiq's documentation calls, under another base URL.
 *
 * | documented base              | here             |
 * | ---------------------------- | ---------------- |
 * | `https://account.mapiq.com`  | `/mapiq/account` |
 * | `https://api.mapiq.com`      | `/mapiq/api`     |
 *
 * The token endpoint is the core's own: its answer has Mapiq's members already, and the scope
 * `https://api.mapiq.com/public/.default` is an alias in the configuration (`mapAliases`). The names
 * of Mapiq's v2 endpoints are not public; these are ours, over the same map store as `/maps`, with
 * plain JSON bodies (`places.ts`, `countries.ts`, `wire.ts`) and Mapiq's form of errors (`errors.ts`).
 */
export async function mapiqDialect(
  app: FastifyInstance,
  options: MapData & { token: TokenEndpoint },
): Promise<void> {
  await app.register(
    async (account) => {
      account.setErrorHandler(answerOAuthError)
      acceptForms(account)
      // Forms are judged by hand, as at the core's token endpoint.
      account.setValidatorCompiler(() => () => true)
      account.post(
        '/api/public/oauth2/token',
        {
          config: {
            endpoint: 'mapiq.token',
            access: { public: true, limit: { quota: 6_000, windowSeconds: 60 } },
          },
          schema: {
            summary: 'Get an access token as at Mapiq',
            tags: ['Mapiq'],
            consumes: ['application/x-www-form-urlencoded'],
            body: tokenForm,
            response: { 200: tokenAnswer, 400: oauthError, 401: oauthError, 429: oauthError },
          },
        },
        options.token,
      )
    },
    { prefix: '/mapiq/account' },
  )
  await app.register(
    async (api) => {
      api.setErrorHandler(answerMapiqError)
      api.setNotFoundHandler(() => {
        throw notFound('Resource not found')
      })
      placeRoutes(api, options)
      countryRoutes(api, options)
    },
    { prefix: '/mapiq/api' },
  )
}

const tokenForm = Type.Object({
  grant_type: Type.String({ description: '`client_credentials`' }),
  scope: Type.Optional(
    Type.String({ description: '`https://api.mapiq.com/public/.default`; absent: the same.' }),
  ),
  client_id: Type.String(),
  client_secret: Type.String(),
})

const tokenAnswer = Type.Object(
  {
    access_token: Type.String(),
    token_type: Type.String({ description: 'Bearer' }),
    not_before: Type.Integer({ description: 'Seconds since the epoch.' }),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    expires_on: Type.Integer({ description: 'Seconds since the epoch.' }),
    resource: Type.String({ description: 'The audience of the token.' }),
  },
  { additionalProperties: true },
)

const oauthError = Type.Object(
  { error: Type.String(), error_description: Type.Optional(Type.String()) },
  { additionalProperties: true, description: 'RFC 6749 §5.2' },
)
