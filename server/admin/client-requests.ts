import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import {
  CLIENT_REQUEST_STATUSES,
  type ClientRequestStatus,
} from '../access/requests/client-request.ts'
import type { ClientRequests } from '../access/requests/client-requests.ts'
import type { DeliveryToken } from '../access/requests/delivery.ts'
import { badParameter, conflict, notFound } from '../protocol/problem.ts'
import { actorOf } from './caller.ts'
import { clientSchema, toClientWire } from './client-wire.ts'
import { requestSchema, toRequestWire } from './client-request-wire.ts'
import { pageQuery, pageSchema, toPage } from './paging.ts'
import {
  adminRoute,
  idParameter,
  line,
  notFoundResponse,
  problemResponse,
  prose,
  strict,
} from './route-options.ts'

const deliveryUrlSchema = Type.String({
  description: 'Send it to the applicant: it reveals id and secret once. It is shown this once.',
})

const query = strict({
  ...pageQuery,
  status: Type.Optional(Type.Enum([...CLIENT_REQUEST_STATUSES])),
})
const params = strict({ requestId: idParameter })
type Params = Static<typeof params>

const decision = strict({
  customerId: Type.Optional(line(200, 'Whose client it becomes; by default as requested.')),
  scopes: Type.Optional(
    Type.Array(line(200), {
      maxItems: 100,
      description:
        'By default the permissions requested without `manage` and `operate`, which must be named.',
    }),
  ),
})

const rejection = strict({ reason: Type.Intersect([prose(2_000), Type.String({ minLength: 1 })]) })

const decided = { ...notFoundResponse, 409: problemResponse('It has been decided already.') }

/** What operators do with requests for clients: `/admin/client-requests`. */
export function clientRequestRoutes(
  app: FastifyInstance,
  options: { clientRequests: ClientRequests; adminUrl: string; deliveryUrl: string },
): void {
  const { clientRequests, adminUrl } = options
  const urlOf = (token: DeliveryToken) => `${options.deliveryUrl}/${token}`

  app.get<{ Querystring: Static<typeof query> }>(
    '/client-requests',
    adminRoute('admin.clientRequests.list', 'operate', {
      summary: 'List requests for clients',
      description: 'Oldest first.',
      querystring: query,
      response: { 200: pageSchema(requestSchema) },
    }),
    async ({ query }) => {
      const { limit = 100, after = null, status } = query
      const found = await clientRequests.list({ status, after, limit: limit + 1 })
      const url = `${adminUrl}/client-requests`
      return toPage(found, {
        limit,
        url,
        query,
        next: ({ id }) => ({ after: id }),
        toWire: toRequestWire,
      })
    },
  )

  app.get<{ Params: Params }>(
    '/client-requests/:requestId',
    adminRoute('admin.clientRequests.show', 'operate', {
      summary: 'Show a request for a client',
      params,
      response: { 200: requestSchema, ...notFoundResponse },
    }),
    async ({ params }) => {
      const found = await clientRequests.find(params.requestId)
      if (!found) throw noRequest()
      return toRequestWire(found)
    },
  )

  app.post<{ Params: Params; Body: Static<typeof decision> }>(
    '/client-requests/:requestId/approve',
    adminRoute('admin.clientRequests.approve', 'operate', {
      summary: 'Approve a request: creates the client, or gives it the permissions',
      params,
      body: decision,
      response: {
        200: strict({
          request: requestSchema,
          client: clientSchema,
          deliveryUrl: Type.Optional(deliveryUrlSchema),
        }),
        ...decided,
      },
    }),
    async (request, reply) => {
      const { requestId } = request.params
      const outcome = await clientRequests.approve(actorOf(request), requestId, request.body)
      switch (outcome.kind) {
        case 'approved':
          return reply.header('cache-control', 'no-store').send({
            request: toRequestWire(outcome.request),
            client: toClientWire(outcome.client),
            deliveryUrl: urlOf(outcome.deliveryToken),
          })
        case 'granted':
          return reply.send({
            request: toRequestWire(outcome.request),
            client: toClientWire(outcome.client),
          })
        case 'has-customer':
          throw badParameter('customerId', 'the request is for a client that has a customer')
        case 'unknown-client':
          throw conflict('The client has been deleted: the request can only be rejected.')
        case 'no-customer':
          throw badParameter('customerId', 'is missing: the request names no customer')
        case 'unknown-customer':
          throw badParameter('customerId', 'there is no such customer')
        case 'only-management':
          throw badParameter(
            'scopes',
            'is missing: the request asks for nothing but manage or operate, which must be named',
          )
        case 'unknown-scope':
          throw badParameter('scopes', `no API declares the scope ${outcome.scope}`)
        case 'unknown':
          throw noRequest()
        case 'decided':
          throw alreadyDecided(outcome.status)
      }
    },
  )

  app.post<{ Params: Params; Body: Static<typeof rejection> }>(
    '/client-requests/:requestId/reject',
    adminRoute('admin.clientRequests.reject', 'operate', {
      summary: 'Reject a request',
      params,
      body: rejection,
      response: { 200: requestSchema, ...decided },
    }),
    async (request) => {
      const { params, body } = request
      const outcome = await clientRequests.reject(actorOf(request), params.requestId, body.reason)
      switch (outcome.kind) {
        case 'rejected':
          return toRequestWire(outcome.request)
        case 'unknown':
          throw noRequest()
        case 'decided':
          throw alreadyDecided(outcome.status)
      }
    },
  )

  app.post<{ Params: Params }>(
    '/client-requests/:requestId/redeliver',
    adminRoute('admin.clientRequests.redeliver', 'operate', {
      summary: 'Make a new delivery link; the old one is dead',
      params,
      response: {
        200: strict({ request: requestSchema, deliveryUrl: deliveryUrlSchema }),
        ...notFoundResponse,
        409: problemResponse('It is not approved, or the secret has been revealed.'),
      },
    }),
    async (request, reply) => {
      const outcome = await clientRequests.redeliver(actorOf(request), request.params.requestId)
      switch (outcome.kind) {
        case 'created':
          return reply.header('cache-control', 'no-store').send({
            request: toRequestWire(outcome.request),
            deliveryUrl: urlOf(outcome.deliveryToken),
          })
        case 'unknown':
          throw noRequest()
        case 'not-approved':
          throw conflict('The request is not approved.')
        case 'nothing-to-deliver':
          throw conflict('The request was for permissions only: there is no secret to deliver.')
        case 'delivered':
          throw conflict('The secret has been revealed: create a new one for the client instead.')
      }
    },
  )
}

const noRequest = () => notFound('There is no such request.')

const alreadyDecided = (status: ClientRequestStatus) =>
  conflict(`The request has been decided already: it is ${status}.`)
