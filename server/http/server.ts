import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createHttps, type ServerOptions } from 'node:https'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import type { Settings } from '../config/load.ts'
import { notFound, Problem } from '../protocol/problem.ts'
import { collectMethods } from './allowed-methods.ts'
import { allowCrossOrigin } from './cors.ts'
import { endEmptyBodies } from './empty-body.ts'
import { answerProblem } from './errors.ts'
import { acceptJson } from './json.ts'
import { refuseNul } from './nul.ts'
import { type ProtectedAccess, requireDeclarations } from './route.ts'
import { allowShortcuts } from './shortcut.ts'
import { answerClientError } from './slow-body.ts'
import { buildValidator } from './validation.ts'

/**
 * The HTTP server before any surface is added: request ids, size limits, CORS, security headers, the
 * form of errors, and the collection of routes into the API reference.
 * @param isUnavailable whether an error means that the database cannot be used for now
 */
export async function createServer(
  settings: Settings,
  version: string,
  isUnavailable: (error: unknown) => boolean,
): Promise<FastifyInstance> {
  const securityHeaders: Record<string, string> = {
    'x-content-type-options': 'nosniff',
    ...(settings.publicUrl.startsWith('https:') && {
      'strict-transport-security': 'max-age=31536000',
    }),
  }
  const app = Fastify({
    logger: {
      level: settings.log.level,
      // Headers, bodies and query strings hold tokens: what is logged of a request names none of them.
      serializers: { req: () => ({}) },
    },
    // Every message names its request by itself; a logger for each request would cost more than routing.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: settings.trustedProxies.length > 0 ? settings.trustedProxies : false,
    bodyLimit: 256 * 1_024,
    routerOptions: { maxParamLength: 200 },
    // Unique, and cheap to make on every request.
    genReqId: requestIds(),
    ajv: { customOptions: { removeAdditional: false, allErrors: false } },
    schemaController: { compilersFactory: { buildValidator } },
    clientErrorHandler: answerClientError,
    // URLs that no route can be found for, so that no hook runs.
    frameworkErrors(error, request, reply) {
      void reply.headers(securityHeaders)
      answerProblem(error, request, reply)
    },
    serverFactory(handler) {
      const listener: RequestListener = (request, response) => {
        if (app.answerAtOnce?.(request, response)) return
        request.url = toOriginForm(request.url!)
        handler(request, response)
      }
      return settings.tls
        ? createHttps({ ...tlsOptions(settings.tls), ...connections }, listener)
        : createHttp(connections, listener)
    },
  })
  requireDeclarations(app)
  app.decorate('isUnavailable', isUnavailable)
  allowShortcuts(app, securityHeaders)
  app.decorateRequest('principal', null)
  app.decorateRequest('form', null)
  app.setErrorHandler(answerProblem)
  const methodsOf = collectMethods(app)
  app.setNotFoundHandler(({ method, url }) => {
    const methods = methodsOf(url.split('?', 1)[0]!)
    if (methods.length === 0) throw notFound('There is nothing here.')
    throw new Problem(405, 'Method not allowed', `there is no ${method} here`, {
      headers: { allow: methods.join(', ') },
    })
  })
  acceptJson(app)
  endEmptyBodies(app)
  allowCrossOrigin(app)
  refuseNul(app)
  app.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(securityHeaders)
    done()
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Mapgate',
        version,
        description: 'An access platform for map and location data APIs.',
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      },
      servers: [{ url: settings.publicUrl }],
      components: {
        securitySchemes: {
          oauth2: {
            type: 'oauth2',
            flows: {
              clientCredentials: { tokenUrl: `${settings.publicUrl}/oauth2/token`, scopes: {} },
            },
          },
          // Tokens that no flow of those gives: of persons, and of registrations (RFC 7591 §3).
          bearer: { type: 'http', scheme: 'bearer' },
        },
      },
    },
    transform: ({ schema, url, route }) => {
      const { endpoint, access } = route.config ?? {}
      return {
        url,
        schema: {
          ...schema,
          ...(schema?.querystring !== undefined && { querystring: asCalled(schema.querystring) }),
          ...(endpoint && { operationId: endpoint }),
          ...(access && !access.public && { security: securityOf(access) }),
        },
      }
    },
  })
  return app
}

/** A query as callers see it: they need not give what has a default. */
function asCalled(query: unknown): object {
  const { required = [], ...schema } = query as QuerySchema
  const { properties = {} } = schema
  return { ...schema, required: required.filter((name) => properties[name]?.default === undefined) }
}

interface QuerySchema {
  required?: string[]
  properties?: Record<string, { default?: unknown }>
}

/** As OpenAPI says it: `{}` stands for a call without a token. */
function securityOf({ scope, anonymous }: ProtectedAccess): Record<string, string[]>[] {
  const token = { oauth2: scope === null ? [] : [scope] }
  return anonymous ? [{}, token] : [token]
}

/**
 * RFC 9112 §3.2.2: a client may name the whole URL, of whatever host it thinks it talks to. That counts
 * for nothing, so all that comes after sees the path alone (Fastify's `rewriteUrl` would log the query).
 */
function toOriginForm(target: string): string {
  if (target.startsWith('/')) return target
  const [authority] = /^https?:\/\/[^/?#]*/i.exec(target) ?? []
  if (authority === undefined) return target
  const rest = target.slice(authority.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

const connections = {
  // In milliseconds. Longer than proxies keep idle connections, mostly 60 s: where the server closes
  // first, a request that is on its way is lost.
  keepAliveTimeout: 75_000,
  // Requests are small: whoever takes longer to send one holds a connection on purpose.
  requestTimeout: 30_000,
  // What comes without a body has no stream to be read to its end, a fifth of the time of a small answer
  // (`empty-body.ts`).
  optimizeEmptyRequests: true,
}

function tlsOptions(tls: NonNullable<Settings['tls']>): ServerOptions {
  return {
    cert: readFileSync(tls.certificateFile),
    key: readFileSync(tls.keyFile),
    minVersion: 'TLSv1.2',
  }
}

function requestIds(): () => string {
  const prefix = randomBytes(6).toString('hex')
  let count = 0
  return () => `${prefix}-${(count++).toString(36)}`
}
