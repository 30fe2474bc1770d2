import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { LimitCall } from '../../http/route.ts'
import type { AuthorizationEndpoint } from '../../oauth/authorize/authorize.ts'
import type { AuthorizationProfile } from '../../oauth/authorize/profile.ts'
import { preparePages } from '../../pages/route.ts'
import { Form } from '../../protocol/form.ts'
import { networkOf } from '../../protocol/network.ts'

const CONNECT_PATH = '/mapillary/www/connect'
const RESUME_PATH = `${CONNECT_PATH}/resume`

/**
 * How Mapillary's `/connect` differs from the core's authorization endpoint: the only response type
 * is the default, confidential clients need no PKCE, scopes are `READ`, `WRITE`, `UPLOAD` in any
 * letter case and between commas too, and a person who says no is `user_denied`.
 */
export function mapillaryProfile(issuer: string): AuthorizationProfile {
  return {
    name: 'mapillary',
    issuer,
    resumePath: RESUME_PATH,
    pkce: 'optional',
    deniedError: 'user_denied',
    defaultResponseType: 'code',
    translate: translateScope,
    // The answer is documented to its order, and there is no metadata that names the issuer.
    sendIss: false,
  }
}

function translateScope(parameters: Form): Form {
  const scope = parameters.get('scope')
  if (scope === null) return parameters
  const values = new Map<string, string[]>()
  for (const [name, value] of parameters.entries()) {
    values.set(name, [...(values.get(name) ?? []), value])
  }
  const words = scope.split(/[\s,]+/).filter((word) => word !== '')
  return new Form(
    values.set('scope', [
      words.map((word) => (SCOPES.has(word.toLowerCase()) ? word.toLowerCase() : word)).join(' '),
    ]),
  )
}

const SCOPES = new Set(['read', 'write', 'upload'])

export interface WwwOptions {
  connect: AuthorizationEndpoint
  /** Counts calls of networks: who asks is not proven. */
  limitNetwork: LimitCall
}

/** What is under `https://www.mapillary.com`. */
export function wwwRoutes(app: FastifyInstance, { connect, limitNetwork }: WwwOptions): void {
  preparePages(app)
  app.addHook('onRequest', async (request, reply) => {
    await limitNetwork(request, reply, `network:${networkOf(request.ip)}`)
  })
  const page = (endpoint: string) => ({
    endpoint,
    access: {
      public: true as const,
      page: true as const,
      limit: { quota: 600, windowSeconds: 60 },
    },
  })
  app.get(
    CONNECT_PATH,
    {
      config: page('mapillary.connect'),
      schema: {
        summary: 'Ask a person for access as at Mapillary',
        tags: ['Mapillary'],
        querystring: Type.Object({
          client_id: Type.String(),
          redirect_uri: Type.Optional(
            Type.String({ description: 'Absent: the only one that is registered.' }),
          ),
          response_type: Type.Optional(Type.String({ description: '`code`' })),
          scope: Type.Optional(Type.String({ description: '`READ`, `WRITE`, `UPLOAD`' })),
          state: Type.Optional(Type.String()),
        }),
        response: { 303: Type.Null({ description: 'To the next page, or back to the client.' }) },
      },
      // Judged by hand: what is wrong is told to the client, or on a page.
      validatorCompiler: () => () => true,
    },
    connect.authorize,
  )
  app.get(
    RESUME_PATH,
    { config: page('mapillary.connect.resume'), schema: { hide: true } },
    connect.resume,
  )
  for (const path of [
    '/mapillary/www/dashboard/developers',
    '/mapillary/www/dashboard/developers/',
  ]) {
    app.get(
      path,
      { config: page('mapillary.dashboard'), schema: { hide: true } },
      async (_request, reply) => reply.redirect('/applications', 303),
    )
  }
}
