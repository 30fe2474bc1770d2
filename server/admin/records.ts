import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Audit } from '../access/audit/audit.ts'
import type { StoredAuditEvent } from '../access/audit/audit-event.ts'
import type { Usage } from '../access/usage/usage.ts'
import type { UsageGroup, UsageRow } from '../access/usage/usage-query.ts'
import type { Clock } from '../lib/clock.ts'
import { badParameter } from '../protocol/problem.ts'
import { callerOf } from './caller.ts'
import { isOperator, type ManagedClients } from './managed-clients.ts'
import { pageLimit, pageSchema, toPage } from './paging.ts'
import {
  adminRoute,
  dateTime,
  idParameter,
  notFoundResponse,
  nullable,
  strict,
  toIso,
} from './route-options.ts'

const eventSchema = strict({
  sequence: Type.Integer({ description: 'Its place in the chain, from 1.' }),
  id: Type.String(),
  at: dateTime(),
  actor: strict({
    kind: Type.Enum(['command-line', 'client', 'account', 'anonymous', 'system']),
    id: nullable(Type.String()),
    secretId: nullable(Type.String()),
    address: nullable(Type.String()),
    requestId: nullable(Type.String()),
  }),
  action: Type.String({ description: 'Object and verb: `secret.create`.' }),
  object: strict({ kind: Type.String(), id: Type.String() }),
  customerId: nullable(Type.String()),
  outcome: Type.Enum(['success', 'failure']),
  details: Type.Object({}, { additionalProperties: true }),
  hash: Type.String({ description: 'With `sequence`, of the newest event: the chain’s head.' }),
})

const auditQuery = strict({
  limit: Type.Optional(pageLimit),
  before: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Only events of a lower `sequence`.',
    }),
  ),
  action: Type.Optional(idParameter),
  objectId: Type.Optional(idParameter),
  customerId: Type.Optional(idParameter),
  actorId: Type.Optional(idParameter),
})

const GROUPS = ['period', 'clientId', 'secretId', 'endpoint', 'status'] as const

const RESOLUTIONS = ['minute', 'hour', 'day'] as const

const DAY_MILLISECONDS = 86_400_000

const usageQuery = strict({
  from: Type.Optional(dateTime('Periods that begin at or after it; by default a day before `to`.')),
  to: Type.Optional(dateTime('Periods that begin before it; by default now.')),
  resolution: Type.Optional(Type.Enum([...RESOLUTIONS], { description: 'By default `hour`.' })),
  clientId: Type.Optional(idParameter),
  endpoint: Type.Optional(idParameter),
  groupBy: Type.Optional(
    Type.Array(Type.Enum([...GROUPS]), {
      maxItems: GROUPS.length,
      description: 'Repeated; what each row stands for. By default all of them.',
    }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1_000 })),
})

const usageRowSchema = strict({
  period: Type.Optional(dateTime('When the period begins.')),
  clientId: Type.Optional(Type.String()),
  secretId: Type.Optional(Type.String()),
  endpoint: Type.Optional(Type.String()),
  status: Type.Optional(Type.Integer()),
  requests: Type.Integer(),
  p50: nullable(Type.Number({ description: 'Milliseconds, estimated.' })),
  p95: nullable(Type.Number()),
  p99: nullable(Type.Number()),
})

/** What was done and how much is used: `/admin/audit` for operators, `/admin/usage` for all. */
export function recordRoutes(
  app: FastifyInstance,
  options: { audit: Audit; usage: Usage; managed: ManagedClients; clock: Clock; adminUrl: string },
): void {
  const { audit, usage, managed, clock, adminUrl } = options

  app.get<{ Querystring: Static<typeof auditQuery> }>(
    '/audit',
    adminRoute('admin.audit.list', 'operate', {
      summary: 'Read the audit log',
      description: 'From the newest event.',
      querystring: auditQuery,
      response: { 200: pageSchema(eventSchema) },
    }),
    async ({ query }) => {
      // The log gives no more than 1,000 at once, and one more tells whether there is a next page.
      const limit = Math.min(query.limit ?? 100, 999)
      const found = await audit.list({ ...query, limit: limit + 1 })
      const next = ({ sequence }: StoredAuditEvent) => ({ before: sequence })
      const url = `${adminUrl}/audit`
      return toPage(found, { limit, url, query, next, toWire: toEventWire })
    },
  )

  app.get<{ Querystring: Static<typeof usageQuery> }>(
    '/usage',
    adminRoute('admin.usage.read', null, {
      summary: 'Read how much clients use',
      description:
        'With `operate` of all clients, with `manage` of one of the own customer’s, otherwise of the calling client. Without `clientId`, who lacks `operate` reads its own.',
      querystring: usageQuery,
      response: { 200: strict({ items: Type.Array(usageRowSchema) }), ...notFoundResponse },
    }),
    async (request) => {
      const caller = callerOf(request)
      const { query } = request
      const to = parseTime('to', query.to) ?? clock.now()
      const from = parseTime('from', query.from) ?? to - DAY_MILLISECONDS
      if (from >= to) throw badParameter('from', 'must be before to')
      let { clientId } = query
      if (!isOperator(caller)) {
        clientId = (await managed.visible(request, clientId ?? caller.clientId)).id
      }
      const rows = await usage.query({
        from,
        to,
        resolution: query.resolution ?? 'hour',
        clientId,
        endpoint: query.endpoint,
        groupBy: query.groupBy && ([...new Set(query.groupBy)] as UsageGroup[]),
        limit: query.limit,
      })
      return { items: rows.map(toUsageWire) }
    },
  )
}

function parseTime(parameter: string, text: string | undefined): number | null {
  if (text === undefined) return null
  const at = Date.parse(text)
  // A leap second passes the schema and is no time of JavaScript's.
  if (Number.isNaN(at)) throw badParameter(parameter, 'is not a time')
  return at
}

const toEventWire = (event: StoredAuditEvent) => ({ ...event, at: toIso(event.at) })

const toUsageWire = ({ period, ...row }: UsageRow) =>
  period === undefined ? row : { period: toIso(period), ...row }
