import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Client, ClientChanges } from '../access/clients/client.ts'
import { parseJwks } from '../access/client-keys/jwks.ts'
import { type ClientRules, profileDefaults } from '../access/clients/client-rules.ts'
import type { Clients } from '../access/clients/clients.ts'
import type { SigningAlgorithm } from '../access/keys/algorithms.ts'
import type { Apis } from '../access/scopes/apis.ts'
import { badParameter, conflict, forbidden } from '../protocol/problem.ts'
import { actorOf, callerOf } from './caller.ts'
import {
  type ClientChangesBody,
  clientChanges,
  type ClientParams,
  clientParams,
  clientSchema,
  newClient,
  type NewClientBody,
  toClientWire,
} from './client-wire.ts'
import { isOperator, type ManagedClients, noClient } from './managed-clients.ts'
import { pageQuery, pageSchema, toPage } from './paging.ts'
import {
  adminRoute,
  idParameter,
  noContent,
  notFoundResponse,
  problemResponse,
  strict,
} from './route-options.ts'

const query = strict({ ...pageQuery, customerId: Type.Optional(idParameter) })

const selfHarm = { 409: problemResponse('A client can neither suspend nor delete itself.') }

/**
 * `/admin/clients`. They declare no scope, because two would do: `operate`, or `manage` for clients
 * of the caller's own customer. Any client may look at itself.
 */
export function clientRoutes(
  app: FastifyInstance,
  options: {
    clients: Clients
    clientRules: ClientRules
    apis: Apis
    managed: ManagedClients
    adminUrl: string
    /** The installation's. */
    signingAlgorithm: SigningAlgorithm
  },
): void {
  const { clients, clientRules, apis, managed, adminUrl } = options
  const url = `${adminUrl}/clients`

  app.get<{ Querystring: Static<typeof query> }>(
    '/clients',
    adminRoute('admin.clients.list', null, {
      summary: 'List clients',
      description: 'With `operate` all, with `manage` those of the own customer.',
      querystring: query,
      response: { 200: pageSchema(clientSchema) },
    }),
    async (request) => {
      const caller = managed.requireManager(request)
      const { query } = request
      const { limit = 100, after = null } = query
      const customerId = query.customerId ?? (isOperator(caller) ? null : caller.customerId)
      if (customerId !== null) requireOwnCustomer(request, customerId)
      const found = await clients.list({ customerId, after, limit: limit + 1 })
      const next = ({ id }: Client) => ({ after: id })
      return toPage(found, { limit, url, query, next, toWire: toClientWire })
    },
  )

  app.post<{ Body: NewClientBody }>(
    '/clients',
    adminRoute('admin.clients.create', null, {
      summary: 'Create a client',
      description: 'It has no secret yet. Needs `manage` (for the own customer) or `operate`.',
      body: newClient,
      response: { 201: clientSchema, 409: problemResponse('The id is in use.') },
    }),
    async (request, reply) => {
      const caller = managed.requireManager(request)
      const { customerId = caller.customerId, id, apiId, ...rest } = request.body
      requireOwnCustomer(request, customerId)
      if (!isOperator(caller) && (id !== undefined || apiId !== undefined)) {
        throw forbidden('To choose id or apiId needs the scope operate.')
      }
      if (apiId !== undefined && !apis.get(apiId)) {
        throw badParameter('apiId', 'there is no such API')
      }
      requireSigningAlgorithm(rest.signingAlgorithm)
      await managed.requireGrantable(request, rest.scopes ?? [])
      const { type = 'confidential', displayName, ...settings } = rest
      const outcome = await clients.create(actorOf(request), {
        ...judgedChanges({ type }, settings),
        type,
        displayName,
        customerId,
        ...(id !== undefined && { id }),
        ...(apiId !== undefined && { apiId }),
      })
      if (outcome.kind === 'unknown-customer') {
        throw badParameter('customerId', 'there is no such customer')
      }
      if (outcome.kind === 'exists') throw conflict('A client of this id exists already.')
      const { client } = outcome
      return reply
        .code(201)
        .header('location', `${url}/${encodeURIComponent(client.id)}`)
        .send(toClientWire(client))
    },
  )

  app.get<{ Params: ClientParams }>(
    '/clients/:clientId',
    adminRoute('admin.clients.show', null, {
      summary: 'Show a client',
      params: clientParams,
      response: { 200: clientSchema, ...notFoundResponse },
    }),
    async (request) => toClientWire(await managed.visible(request, request.params.clientId)),
  )

  app.patch<{ Params: ClientParams; Body: ClientChangesBody }>(
    '/clients/:clientId',
    adminRoute('admin.clients.change', null, {
      summary: 'Change a client',
      description: 'What is left out stays as it is. Needs `manage` or `operate`.',
      params: clientParams,
      body: clientChanges,
      response: { 200: clientSchema, ...notFoundResponse },
    }),
    async (request) => {
      const client = await managed.manageable(request, request.params.clientId)
      requireSigningAlgorithm(request.body.signingAlgorithm)
      const added = (request.body.scopes ?? []).filter((scope) => !client.scopes.includes(scope))
      await managed.requireGrantable(request, added)
      return toClientWire(
        existing(
          await clients.change(actorOf(request), client.id, judgedChanges(client, request.body)),
        ),
      )
    },
  )

  for (const verb of ['suspend', 'resume'] as const) {
    app.post<{ Params: ClientParams }>(
      `/clients/:clientId/${verb}`,
      adminRoute(`admin.clients.${verb}`, null, {
        summary:
          verb === 'suspend'
            ? 'Suspend a client: all its tokens stop'
            : 'Resume a suspended client',
        params: clientParams,
        response: { 200: clientSchema, ...notFoundResponse, ...selfHarm },
      }),
      async (request) => {
        const { id } = await managed.manageable(request, request.params.clientId)
        refuseSelf(request, id)
        return toClientWire(
          existing(await clients.setSuspended(actorOf(request), id, verb === 'suspend')),
        )
      },
    )
  }

  app.delete<{ Params: ClientParams }>(
    '/clients/:clientId',
    adminRoute('admin.clients.delete', null, {
      summary: 'Delete a client with its secrets: all its tokens are dead',
      params: clientParams,
      response: { 204: noContent, ...notFoundResponse, ...selfHarm },
    }),
    async (request, reply) => {
      const { id } = await managed.manageable(request, request.params.clientId)
      refuseSelf(request, id)
      const outcome = await clients.delete(actorOf(request), id)
      if (outcome === 'unknown') throw noClient()
      return reply.code(204).send()
    },
  )

  /**
   * What the body asks for, with what a profile brings along, judged on the client as it would be.
   * @throws Problem 400 naming the member
   */
  function judgedChanges(
    client: Client | Pick<Client, 'type'>,
    body: ClientChangesBody,
  ): ClientChanges {
    const asked = toChanges(body)
    const changes = { ...profileDefaults(asked), ...asked }
    const fault = clientRules.faultOf(
      'id' in client
        ? { ...client, ...changes }
        : clientRules.settle({ ...changes, type: client.type }),
    )
    if (fault) throw badParameter(fault.member, fault.reason)
    return changes
  }

  /** There are keys of no others. */
  function requireSigningAlgorithm(name: SigningAlgorithm | null | undefined): void {
    const usable = [...new Set<SigningAlgorithm>([options.signingAlgorithm, 'RS256'])]
    if (name === undefined || name === null || usable.includes(name)) return
    throw badParameter('signingAlgorithm', `must be ${usable.join(' or ')}, or null`)
  }
}

function requireOwnCustomer(request: FastifyRequest, customerId: string): void {
  const caller = callerOf(request)
  if (isOperator(caller) || customerId === caller.customerId) return
  throw forbidden('customerId: another customer than the caller’s needs the scope operate.')
}

/** Nobody could let it in again with what it has. */
function refuseSelf(request: FastifyRequest, clientId: string): void {
  if (callerOf(request).clientId === clientId) {
    throw conflict('A client can neither suspend nor delete itself.')
  }
}

function existing(client: Client | null): Client {
  if (!client) throw noClient()
  return client
}

/** Lists are sets; of keys only their public members are kept. */
function toChanges({ jwks, ...body }: ClientChangesBody): ClientChanges {
  return {
    ...body,
    ...(body.scopes && { scopes: [...new Set(body.scopes)] }),
    ...(body.grants && { grants: [...new Set(body.grants)] }),
    ...(body.redirectUris && { redirectUris: [...new Set(body.redirectUris)] }),
    ...(jwks !== undefined && { jwks: jwks && toJwks(jwks) }),
  }
}

function toJwks(value: unknown): NonNullable<ClientChanges['jwks']> {
  const jwks = parseJwks(value)
  if (typeof jwks === 'string') throw badParameter('jwks', jwks)
  return jwks
}
