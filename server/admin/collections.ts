import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Collection } from '../access/collections/collection.ts'
import type { Collections } from '../access/collections/collections.ts'
import { badParameter, conflict, forbidden, notFound } from '../protocol/problem.ts'
import { actorOf } from './caller.ts'
import {
  collectionChanges,
  type CollectionChangesBody,
  type CollectionParams,
  collectionParams,
  collectionSchema,
  newCollection,
  type NewCollectionBody,
  toCollectionWire as toWire,
} from './collections-wire.ts'
import { isOperator, type ManagedClients } from './managed-clients.ts'
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

/**
 * `/admin/collections`: which collections of map data there are, and who may see them. With `manage`
 * those of the caller's own customer, with `operate` all.
 */
export function collectionRoutes(
  app: FastifyInstance,
  options: {
    collections: Collections
    /** Drops the data of a collection that has been deleted. */
    dropMapData: (collection: Collection) => Promise<void>
    /** Drops what a collection of the same id before it has left behind. */
    dropLeftovers: (collection: Collection) => Promise<void>
    managed: ManagedClients
    adminUrl: string
  },
): void {
  const { collections, dropMapData, dropLeftovers, managed, adminUrl } = options
  const url = `${adminUrl}/collections`

  app.get<{ Querystring: Static<typeof query> }>(
    '/collections',
    adminRoute('admin.collections.list', null, {
      summary: 'List collections',
      description: 'With `operate` all, with `manage` those of the own customer.',
      querystring: query,
      response: { 200: pageSchema(collectionSchema) },
    }),
    async (request) => {
      const caller = managed.requireManager(request)
      const { query } = request
      const { limit = 100, after = '' } = query
      const customerId = query.customerId ?? (isOperator(caller) ? null : caller.customerId)
      if (!isOperator(caller) && customerId !== caller.customerId) throw notOwn()
      const found = collections
        .all()
        .filter(({ id, ...of }) => id > after && (!customerId || of.customerId === customerId))
        .slice(0, limit + 1)
      return toPage(found, { limit, url, query, next: ({ id }) => ({ after: id }), toWire })
    },
  )

  app.post<{ Body: NewCollectionBody }>(
    '/collections',
    adminRoute('admin.collections.create', null, {
      summary: 'Create a collection',
      description:
        'It has no data yet, and is private unless `visibility` says otherwise. Needs `manage` (for the own customer) or `operate`.',
      body: newCollection,
      response: {
        201: collectionSchema,
        409: problemResponse('The id is in use, or there are too many.'),
      },
    }),
    async (request, reply) => {
      const caller = managed.requireManager(request)
      const { customerId = caller.customerId, ...described } = request.body
      if (!isOperator(caller) && customerId !== caller.customerId) throw notOwn()
      requireParts(request, described.id, described.madeOf)
      const outcome = await collections.create(actorOf(request), { ...described, customerId })
      switch (outcome.kind) {
        case 'unknown-customer':
          throw badParameter('customerId', 'there is no such customer')
        case 'exists':
          throw conflict('A collection of this id exists already.')
        case 'too-many':
          throw conflict('There are too many collections already.')
        case 'created':
          await dropLeftovers(outcome.collection)
          return reply
            .code(201)
            .header('location', `${url}/${encodeURIComponent(outcome.collection.id)}`)
            .send(toWire(outcome.collection))
      }
    },
  )

  app.get<{ Params: CollectionParams }>(
    '/collections/:collectionId',
    adminRoute('admin.collections.show', null, {
      summary: 'Show a collection',
      params: collectionParams,
      response: { 200: collectionSchema, ...notFoundResponse },
    }),
    async (request) => toWire(own(request, request.params.collectionId)),
  )

  app.patch<{ Params: CollectionParams; Body: CollectionChangesBody }>(
    '/collections/:collectionId',
    adminRoute('admin.collections.change', null, {
      summary: 'Change a collection',
      description:
        'What is left out stays as it is. Who may see it no more does not see it within a second.',
      params: collectionParams,
      body: collectionChanges,
      response: { 200: collectionSchema, ...notFoundResponse },
    }),
    async (request) => {
      const { id, createdAt } = own(request, request.params.collectionId)
      requireParts(request, id, request.body.madeOf)
      const changed = await collections.change(actorOf(request), id, request.body, createdAt)
      if (!changed) throw noCollection()
      return toWire(changed)
    },
  )

  app.delete<{ Params: CollectionParams }>(
    '/collections/:collectionId',
    adminRoute('admin.collections.delete', null, {
      summary: 'Delete a collection with its data and the subscriptions to it',
      params: collectionParams,
      response: { 204: noContent, ...notFoundResponse },
    }),
    async (request, reply) => {
      const { id, createdAt } = own(request, request.params.collectionId)
      const deleted = await collections.delete(actorOf(request), id, createdAt)
      if (!deleted) throw noCollection()
      await dropMapData(deleted)
      return reply.code(204).send()
    },
  )

  /** @throws Problem 404 for those of other customers too */
  function own(request: FastifyRequest, id: string): Collection {
    const caller = managed.requireManager(request)
    const collection = collections.known(id)
    if (!collection || !(isOperator(caller) || collection.customerId === caller.customerId)) {
      throw noCollection()
    }
    return collection
  }

  /** @throws Problem 400 unless it is another collection that the caller manages */
  function requireParts(
    request: FastifyRequest,
    id: string,
    madeOf: string | null | undefined,
  ): void {
    if (madeOf === undefined || madeOf === null) return
    const caller = managed.requireManager(request)
    const parts = collections.known(madeOf)
    if (
      madeOf === id ||
      !parts ||
      !(isOperator(caller) || parts.customerId === caller.customerId)
    ) {
      throw badParameter('madeOf', 'there is no such other collection')
    }
  }
}

const noCollection = () => notFound('There is no such collection.')

const notOwn = () =>
  forbidden('customerId: another customer than the caller’s needs the scope operate.')
