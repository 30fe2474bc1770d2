import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Areas } from '../access/areas/areas.ts'
import type { Collections } from '../access/collections/collections.ts'
import type { Subscription } from '../access/subscriptions/subscription.ts'
import type { Subscriptions } from '../access/subscriptions/subscriptions.ts'
import type { Caller } from '../access/tokens/access-token.ts'
import { badParameter, conflict, forbidden, notFound } from '../protocol/problem.ts'
import { actorOf, callerOf } from './caller.ts'
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
import {
  listedSubscription,
  newSubscription,
  type NewSubscriptionBody,
  type SubscriptionChangesBody,
  subscriptionChanges,
  type SubscriptionParams,
  subscriptionParams,
  subscriptionSchema,
  toListed,
  toTerms,
} from './subscriptions-wire.ts'

const query = strict({
  ...pageQuery,
  customerId: Type.Optional(idParameter),
  collectionId: Type.Optional(idParameter),
})

const tooMuch = { 409: problemResponse('There is one already, or there are too many.') }

/** An area of 10,000 positions with all their digits. */
const BODY_LIMIT = 1_000_000

/**
 * `/admin/subscriptions`: what customers may do on the collections of others. The collection's owner
 * grants, changes and ends them; the customer that has one sees it and may end it. With `operate` all.
 */
export function subscriptionRoutes(
  app: FastifyInstance,
  options: {
    subscriptions: Subscriptions
    collections: Collections
    areas: Pick<Areas, 'find'>
    managed: ManagedClients
    adminUrl: string
  },
): void {
  const { subscriptions, collections, areas, managed, adminUrl } = options
  const url = `${adminUrl}/subscriptions`

  app.get<{ Querystring: Static<typeof query> }>(
    '/subscriptions',
    adminRoute('admin.subscriptions.list', null, {
      summary: 'List subscriptions',
      description:
        'With `operate` all, with `manage` those that the own customer has and those to its collections; those that are over too.',
      querystring: query,
      response: { 200: pageSchema(listedSubscription) },
    }),
    async (request) => {
      const caller = managed.requireManager(request)
      const { query } = request
      const { limit = 100, after = null } = query
      const found = await subscriptions.list({
        ...query,
        ...(!isOperator(caller) && { partyId: caller.customerId }),
        after,
        limit: limit + 1,
      })
      const next = ({ id }: Subscription) => ({ after: id })
      return toPage(found, { limit, url, query, next, toWire: toListed })
    },
  )

  app.post<{ Body: NewSubscriptionBody }>(
    '/subscriptions',
    {
      ...adminRoute('admin.subscriptions.create', null, {
        summary: 'Let another customer read or write a collection',
        description:
          'Within an area, and for a time. There is one for each customer, collection and action. Needs `manage`, for collections of the own customer, or `operate`.',
        body: newSubscription,
        response: { 201: subscriptionSchema, ...tooMuch },
      }),
      bodyLimit: BODY_LIMIT,
    },
    async (request, reply) => {
      const caller = managed.requireManager(request)
      const { customerId, collectionId, action = 'read', ...terms } = request.body
      const owned = ownerOf(collectionId)
      if (owned === undefined || !(isOperator(caller) || owned === caller.customerId)) {
        throw noCollection()
      }
      const outcome = await subscriptions.create(actorOf(request), {
        customerId,
        collectionId,
        action,
        // It may have been deleted, and its id used by another customer, a moment ago.
        ownerId: owned,
        ...toTerms(terms),
      })
      switch (outcome.kind) {
        case 'created':
          return reply
            .code(201)
            .header('location', `${url}/${outcome.subscription.id}`)
            .send(await toWire(outcome.subscription))
        case 'exists':
          throw conflict(
            'The customer has such a subscription to the collection already: change it.',
          )
        case 'own':
          throw badParameter('customerId', 'the collection is its own')
        case 'unknown-customer':
          throw badParameter('customerId', 'there is no such customer')
        case 'unknown-collection':
          throw noCollection()
        case 'bad-time':
        case 'too-many':
        case 'too-large':
          throw refused(outcome.kind)
      }
    },
  )

  app.get<{ Params: SubscriptionParams }>(
    '/subscriptions/:subscriptionId',
    adminRoute('admin.subscriptions.show', null, {
      summary: 'Show a subscription',
      params: subscriptionParams,
      response: { 200: subscriptionSchema, ...notFoundResponse },
    }),
    async (request) => toWire(await visible(request)),
  )

  app.patch<{ Params: SubscriptionParams; Body: SubscriptionChangesBody }>(
    '/subscriptions/:subscriptionId',
    {
      ...adminRoute('admin.subscriptions.change', null, {
        summary: 'Change a subscription’s area or time',
        description: 'What is left out stays as it is. It counts within a second.',
        params: subscriptionParams,
        body: subscriptionChanges,
        response: { 200: subscriptionSchema, ...notFoundResponse, ...tooMuch },
      }),
      bodyLimit: BODY_LIMIT,
    },
    async (request) => {
      const { id } = await changeable(request)
      const outcome = await subscriptions.change(actorOf(request), id, toTerms(request.body))
      if (outcome.kind === 'changed') return toWire(outcome.subscription)
      throw outcome.kind === 'unknown' ? noSubscription() : refused(outcome.kind)
    },
  )

  app.delete<{ Params: SubscriptionParams }>(
    '/subscriptions/:subscriptionId',
    adminRoute('admin.subscriptions.end', null, {
      summary: 'End a subscription: within a second, nothing of it is left',
      params: subscriptionParams,
      response: { 204: noContent, ...notFoundResponse },
    }),
    async (request, reply) => {
      const { id } = await visible(request)
      if (!(await subscriptions.end(actorOf(request), id))) throw noSubscription()
      return reply.code(204).send()
    },
  )

  /** undefined: there is no such collection. */
  function ownerOf(collectionId: string): string | null | undefined {
    return collections.known(collectionId)?.customerId
  }

  const mayChange = (caller: Caller, { collectionId }: Subscription) =>
    isOperator(caller) || ownerOf(collectionId) === caller.customerId

  /** @throws Problem 404 for those that are no business of the caller's too */
  async function visible(
    request: FastifyRequest<{ Params: SubscriptionParams }>,
  ): Promise<Subscription> {
    const caller = managed.requireManager(request)
    const subscription = await subscriptions.find(request.params.subscriptionId)
    if (
      !subscription ||
      !(mayChange(caller, subscription) || subscription.customerId === caller.customerId)
    ) {
      throw noSubscription()
    }
    return subscription
  }

  /** @throws Problem 403 for the customer that has it, 404 */
  async function changeable(
    request: FastifyRequest<{ Params: SubscriptionParams }>,
  ): Promise<Subscription> {
    const subscription = await visible(request)
    if (mayChange(callerOf(request), subscription)) return subscription
    throw forbidden('The subscription is for the owner of the collection to change.')
  }

  async function toWire(subscription: Subscription) {
    const area = subscription.areaId === null ? null : await areas.find(subscription.areaId)
    return { ...toListed(subscription), area: area && area.geometry }
  }
}

function refused(kind: 'bad-time' | 'too-many' | 'too-large') {
  switch (kind) {
    case 'bad-time':
      return badParameter('to', 'must be after from')
    case 'too-many':
      return conflict('There are too many subscriptions already.')
    case 'too-large':
      return conflict('The areas of all subscriptions of the customer would be too large together.')
  }
}

const noCollection = () => badParameter('collectionId', 'there is no such collection of the caller')

const noSubscription = () => notFound('There is no such subscription.')
