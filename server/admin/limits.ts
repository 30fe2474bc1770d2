import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Audit } from '../access/audit/audit.ts'
import type { Clients } from '../access/clients/clients.ts'
import type { Limits } from '../access/limits/limits.ts'
import type { Database } from '../database/database.ts'
import { badParameter, notFound } from '../protocol/problem.ts'
import { actorOf } from './caller.ts'
import { adminRoute, noContent, notFoundResponse, strict } from './route-options.ts'

const key = {
  clientId: Type.String({
    maxLength: 200,
    pattern: '^[^\\p{Cc}\\p{Cs}]*$',
    default: '',
    description: 'Empty: each client.',
  }),
  endpoint: Type.String({
    maxLength: 200,
    pattern: '^[^\\p{Cc}\\p{Cs}]*$',
    default: '',
    description: 'The `operationId`; empty: all endpoints of a client together.',
  }),
}

const overrideSchema = strict({
  ...key,
  quota: Type.Integer({ minimum: 1, maximum: 10_000_000, description: 'Calls allowed.' }),
  windowSeconds: Type.Integer({ minimum: 1, maximum: 86_400, description: 'In any such window.' }),
})
const keySchema = strict(key)

/** Rate limits set at run time, for operators: `/admin/limits`. */
export function limitRoutes(
  app: FastifyInstance,
  options: { limits: Limits; clients: Clients; database: Database; audit: Audit },
): void {
  const { limits, clients, database, audit } = options

  app.get(
    '/limits',
    adminRoute('admin.limits.list', 'operate', {
      summary: 'List the limits set at run time',
      description: 'All of them, by client and endpoint. They go over those of the configuration.',
      response: { 200: strict({ items: Type.Array(overrideSchema) }) },
    }),
    async () => ({ items: await limits.listOverrides() }),
  )

  app.put<{ Body: Static<typeof overrideSchema> }>(
    '/limits',
    adminRoute('admin.limits.set', 'operate', {
      summary: 'Set the limit of a client, an endpoint, or a client on an endpoint',
      body: overrideSchema,
      response: { 200: overrideSchema },
    }),
    async (request) => {
      const override = request.body
      const client = override.clientId === '' ? null : await clients.find(override.clientId)
      if (override.clientId !== '' && !client) {
        throw badParameter('clientId', 'there is no such client')
      }
      await database.write(async (write) => {
        const changed = await limits.setOverride(write, override)
        if (!changed) return
        audit.record(write, actorOf(request), {
          action: 'limit.set',
          object: { kind: 'limit', id: objectId(override) },
          customerId: client?.customerId ?? null,
          details: { ...override },
        })
      })
      return override
    },
  )

  app.delete<{ Querystring: Static<typeof keySchema> }>(
    '/limits',
    adminRoute('admin.limits.remove', 'operate', {
      summary: 'Remove a limit that was set at run time',
      querystring: keySchema,
      response: { 204: noContent, ...notFoundResponse },
    }),
    async (request, reply) => {
      const { clientId, endpoint } = request.query
      const client = clientId === '' ? null : await clients.find(clientId)
      const removed = await database.write(async (write) => {
        const found = await limits.removeOverride(write, { clientId, endpoint })
        if (found) {
          audit.record(write, actorOf(request), {
            action: 'limit.remove',
            object: { kind: 'limit', id: objectId(request.query) },
            customerId: client?.customerId ?? null,
          })
        }
        return found
      })
      if (!removed) throw notFound('There is no such limit.')
      return reply.code(204).send()
    },
  )
}

/** `<client> <endpoint>`, with `*` for each and all. */
const objectId = ({ clientId, endpoint }: Static<typeof keySchema>) =>
  `${clientId || '*'} ${endpoint || '*'}`
