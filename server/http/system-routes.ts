import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'

/**
 * What an installation says of itself: the landing document, whether it lives, whether it is ready,
 * and the API reference.
 * @param options.scopes what tokens may be asked for, with what they permit
 * @param options.ready rejects when the server cannot serve now
 */
export function systemRoutes(
  app: FastifyInstance,
  options: {
    publicUrl: string
    version: string
    scopes: readonly { name: string; description: string }[]
    ready: () => Promise<void>
  },
): void {
  const { publicUrl, version, scopes, ready } = options
  const landing = {
    name: 'Mapgate',
    version,
    links: {
      apiReference: `${publicUrl}/openapi.json`,
      authorizationServer: `${publicUrl}/.well-known/oauth-authorization-server`,
      maps: `${publicUrl}/maps`,
    },
  }
  const open = (endpoint: string, summary: string) => ({
    config: { endpoint, access: { public: true as const } },
    schema: { summary, tags: ['System'], response: { 200: anyObject } },
  })

  app.get('/', open('landing', 'Where everything is'), () => landing)
  app.get('/health', open('health', 'Whether the process lives'), () => ({ status: 'ok' }))
  app.get(
    '/ready',
    open('ready', 'Whether the server can serve: 503 when its database does not answer'),
    async () => {
      await ready()
      return { status: 'ready' }
    },
  )
  let reference: string | null = null
  app.get(
    '/openapi.json',
    open('openapi', 'This API reference (OpenAPI 3.1)'),
    (_request, reply) => {
      reference ??= JSON.stringify(withScopes(app.swagger(), scopes))
      return reply.type('application/json').send(reference)
    },
  )
}

/** The security scheme of `http/server.ts` with the scopes, which are known only later. */
function withScopes(
  document: object,
  scopes: readonly { name: string; description: string }[],
): object {
  const { components } = document as { components: { securitySchemes: SecuritySchemes } }
  const { oauth2 } = components.securitySchemes
  oauth2.flows.clientCredentials.scopes = Object.fromEntries(
    scopes.map(({ name, description }) => [name, description]),
  )
  return document
}

interface SecuritySchemes {
  oauth2: { flows: { clientCredentials: { scopes: Record<string, string> } } }
}

const anyObject = Type.Object({}, { additionalProperties: true })
