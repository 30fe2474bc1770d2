import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Customer, Customers } from '../access/customers/customers.ts'
import { CLIENT_ID_PATTERN } from '../access/clients/client.ts'
import { conflict, notFound } from '../protocol/problem.ts'
import { actorOf } from './caller.ts'
import { pageQuery, pageSchema, toPage } from './paging.ts'
import {
  adminRoute,
  dateTime,
  idParameter,
  line,
  noContent,
  notFoundResponse,
  problemResponse,
  strict,
  toIso,
} from './route-options.ts'

const customerSchema = strict({
  id: Type.String(),
  name: Type.String(),
  suspended: Type.Boolean({ description: 'All tokens of its clients are refused.' }),
  createdAt: dateTime(),
})

const newCustomer = strict({
  id: Type.Optional(
    Type.String({ pattern: CLIENT_ID_PATTERN, description: 'By default a decimal int64.' }),
  ),
  name: line(200),
})

const params = strict({ customerId: idParameter })
const query = strict(pageQuery)

type Params = Static<typeof params>

/** Tenants, for operators: `/admin/customers`. */
export function customerRoutes(
  app: FastifyInstance,
  { customers, adminUrl }: { customers: Customers; adminUrl: string },
): void {
  app.get<{ Querystring: Static<typeof query> }>(
    '/customers',
    adminRoute('admin.customers.list', 'operate', {
      summary: 'List customers',
      querystring: query,
      response: { 200: pageSchema(customerSchema) },
    }),
    async ({ query }) => {
      const { limit = 100, after = null } = query
      const found = await customers.list({ after, limit: limit + 1 })
      const url = `${adminUrl}/customers`
      return toPage(found, { limit, url, query, next: ({ id }) => ({ after: id }), toWire })
    },
  )

  app.post<{ Body: Static<typeof newCustomer> }>(
    '/customers',
    adminRoute('admin.customers.create', 'operate', {
      summary: 'Create a customer',
      body: newCustomer,
      response: { 201: customerSchema, 409: problemResponse('The id is in use.') },
    }),
    async (request, reply) => {
      const outcome = await customers.create(actorOf(request), request.body)
      if (outcome.kind === 'exists') throw conflict('A customer of this id exists already.')
      const { customer } = outcome
      return reply
        .code(201)
        .header('location', `${adminUrl}/customers/${encodeURIComponent(customer.id)}`)
        .send(toWire(customer))
    },
  )

  app.get<{ Params: Params }>(
    '/customers/:customerId',
    adminRoute('admin.customers.show', 'operate', {
      summary: 'Show a customer',
      params,
      response: { 200: customerSchema, ...notFoundResponse },
    }),
    async ({ params }) => toWire(existing(await customers.find(params.customerId))),
  )

  for (const verb of ['suspend', 'resume'] as const) {
    app.post<{ Params: Params }>(
      `/customers/:customerId/${verb}`,
      adminRoute(`admin.customers.${verb}`, 'operate', {
        summary:
          verb === 'suspend'
            ? 'Suspend a customer: all tokens of its clients stop'
            : 'Resume a suspended customer',
        params,
        response: { 200: customerSchema, ...notFoundResponse },
      }),
      async (request) => {
        const { customerId } = request.params
        const suspended = verb === 'suspend'
        return toWire(
          existing(await customers.setSuspended(actorOf(request), customerId, suspended)),
        )
      },
    )
  }

  app.delete<{ Params: Params }>(
    '/customers/:customerId',
    adminRoute('admin.customers.delete', 'operate', {
      summary: 'Delete a customer that has neither clients nor collections',
      params,
      response: {
        204: noContent,
        ...notFoundResponse,
        409: problemResponse('It has clients or collections.'),
      },
    }),
    async (request, reply) => {
      const outcome = await customers.delete(actorOf(request), request.params.customerId)
      if (outcome === 'unknown') existing(null)
      if (outcome === 'has-clients') {
        throw conflict('The customer has clients: delete them first, or suspend the customer.')
      }
      if (outcome === 'has-collections') {
        throw conflict('The customer has collections: delete them first, or suspend the customer.')
      }
      return reply.code(204).send()
    },
  )
}

function existing(customer: Customer | null): Customer {
  if (!customer) throw notFound('There is no such customer.')
  return customer
}

const toWire = (customer: Customer) => ({ ...customer, createdAt: toIso(customer.createdAt) })
