import type { FastifyInstance } from 'fastify'
import type { Collection } from '../../access/collections/collection.ts'
import { sendJson } from './answers.ts'
import { tagOf } from './caching.ts'
import { describeCollection } from './collection-body.ts'
import type { MapsContext } from './context.ts'
import { sendCollectionPage } from './html/collection-page.ts'
import { sendCollectionsPage } from './html/collections-page.ts'
import { collectionPath, JSON_FIRST, SCHEMA_TYPE } from './links.ts'
import { featureSchemaOf, queryablesOf, schemaOf } from './property-schema.ts'
import { READ, READ_OR_LOOK } from './read-access.ts'
import { wantsHtml } from './representation.ts'
import type { CollectionParams, PlainQuery, SchemaQuery } from './query-schemas.ts'
import * as schemas from './schemas.ts'
import type { CollectionState } from '../store/collection-state.ts'

/** What collections there are, and what their features are made of (17-069r4 §7.13, §7.14). */
export function collectionRoutes(app: FastifyInstance, context: MapsContext): void {
  const { store, links, accessScope, getCollection, getState } = context

  const described = new WeakMap<CollectionState, Description>()

  function describe(state: CollectionState, query: PlainQuery): Description {
    const { collection } = state
    const body = describeCollection(state, links.ofCollection(collection, query))
    const text = JSON.stringify(body)
    return { text, tag: tagOf(text), collections: [collection] }
  }

  /** Without a token in the URL it is the same for all who see all of the collection. */
  function descriptionOf(state: CollectionState, query: PlainQuery): Description {
    if (query.access_token !== undefined) return describe(state, query)
    const kept = described.get(state) ?? describe(state, query)
    described.set(state, kept)
    return kept
  }

  app.get<{ Querystring: PlainQuery }>(
    '/collections',
    { schema: schemas.collections, config: { endpoint: 'maps.collections', access: READ_OR_LOOK } },
    async (request, reply) => {
      const { query } = request
      const scope = await accessScope(request)
      const states: CollectionState[] = []
      for (const { id } of scope.collections()) {
        const state = await store.state(scope, id)
        if (state) states.push(state)
      }
      if (wantsHtml(request)) return sendCollectionsPage(request, reply, states)
      const head = JSON.stringify(links.variants('/collections', JSON_FIRST, query))
      const texts = states.map((state) => descriptionOf(state, query).text)
      const text = `{"links":${head},"collections":[${texts.join(',')}]}`
      const collections = states.map(({ collection }) => collection)
      return sendJson(request, reply, { text, collections })
    },
  )

  app.get<{ Params: CollectionParams; Querystring: PlainQuery }>(
    '/collections/:collectionId',
    { schema: schemas.collection, config: { endpoint: 'maps.collection', access: READ_OR_LOOK } },
    async (request, reply) => {
      const scope = await accessScope(request)
      const state = await getState(request, scope, request.params.collectionId)
      if (wantsHtml(request)) return sendCollectionPage(request, reply, state)
      return sendJson(request, reply, descriptionOf(state, request.query))
    },
  )

  app.get<{ Params: CollectionParams; Querystring: SchemaQuery }>(
    '/collections/:collectionId/schema',
    { schema: schemas.schema, config: { endpoint: 'maps.schema', access: READ } },
    async (request, reply) => {
      const { type } = request.query
      const state = await getCollection(request, request.params.collectionId)
      const { collection } = state
      const path = `${collectionPath(collection.id)}/schema`
      const { href } = links.to('self', path, SCHEMA_TYPE, { type })
      const body = type === undefined ? schemaOf(state, href) : featureSchemaOf(state, href)
      return sendJson(request, reply, {
        text: JSON.stringify(body),
        collections: [collection],
        type: SCHEMA_TYPE,
      })
    },
  )

  app.get<{ Params: CollectionParams; Querystring: PlainQuery }>(
    '/collections/:collectionId/queryables',
    { schema: schemas.queryables, config: { endpoint: 'maps.queryables', access: READ } },
    async (request, reply) => {
      const state = await getCollection(request, request.params.collectionId)
      const { collection } = state
      const path = `${collectionPath(collection.id)}/queryables`
      const body = queryablesOf(state, links.to('self', path, SCHEMA_TYPE).href)
      return sendJson(request, reply, {
        text: JSON.stringify(body),
        collections: [collection],
        type: SCHEMA_TYPE,
      })
    },
  )
}

interface Description {
  text: string
  tag: string
  collections: readonly Collection[]
}
