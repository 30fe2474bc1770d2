import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import { type Box, parseBoxes, parsePosition } from '../../geo/box.ts'
import type { ProtectedAccess } from '../../http/route.ts'
import { badParameter, notFound } from '../../protocol/problem.ts'
import { describe, sendFeature, sendFeatures, withMembers } from './answers.ts'
import { createLinks, GEOJSON } from './links.ts'
import * as schemas from './schemas.ts'
import type { Collection, MapStore } from '../store/map-store.ts'

/**
 * The map data API, after OGC API - Features Part 1 (17-069r4, https://docs.ogc.org/is/17-069r4/17-069r4.html):
 * collections, their features by page, box and id, and the places nearest to a point.
 *
 * Features are kept as text and answers are put together as text (`answers.ts`), so the schemas of
 * those answers (`schemas.ts`) only serve the API reference. What a caller may see is decided by the
 * stores.
 */
export async function mapRoutes(app: FastifyInstance, options: MapRoutesOptions): Promise<void> {
  const { store, accessScope } = options
  const links = createLinks(options.publicUrl + app.prefix)
  const access: ProtectedAccess = { scope: 'read', queryToken: true }

  async function getCollection(request: FastifyRequest, id: string): Promise<Collection> {
    const collection = await store.collection(await accessScope(request), id)
    if (!collection) throw notFound(`there is no collection "${id}"`)
    return collection
  }

  app.get<{ Querystring: schemas.TokenQuery }>(
    '/',
    {
      prefixTrailingSlash: 'no-slash',
      schema: schemas.landing,
      config: { endpoint: 'maps.landing', access: { public: true } },
    },
    async (request) => ({
      title: 'Map data',
      description: 'Collections of map features.',
      links: [
        links.to('self', '', 'application/json', request.query),
        links.to('data', '/collections', 'application/json', request.query),
        links.at('service-desc', `${options.publicUrl}/openapi.json`, OPENAPI),
      ],
    }),
  )

  /** Descriptions by collection; a store hands out the same object as long as nothing changed. */
  const described = new WeakMap<Collection, string>()

  /** As JSON. Without a token in the URL it is the same for all who may see the collection. */
  function descriptionOf(collection: Collection, query: schemas.TokenQuery): string {
    const shared = query.access_token === undefined
    const known = shared ? described.get(collection) : undefined
    if (known !== undefined) return known
    const text = JSON.stringify(describe(collection, links.ofCollection(collection, query)))
    if (shared) described.set(collection, text)
    return text
  }

  app.get<{ Querystring: schemas.TokenQuery }>(
    '/collections',
    { schema: schemas.collections, config: { endpoint: 'maps.collections', access } },
    async (request, reply) => {
      const { query } = request
      const collections = await store.collections(await accessScope(request))
      const self = JSON.stringify(links.to('self', '/collections', 'application/json', query))
      const descriptions = collections.map((collection) => descriptionOf(collection, query))
      return reply
        .type('application/json')
        .send(`{"links":[${self}],"collections":[${descriptions.join(',')}]}`)
    },
  )

  app.get<{ Params: schemas.CollectionParams; Querystring: schemas.TokenQuery }>(
    '/collections/:collectionId',
    { schema: schemas.collection, config: { endpoint: 'maps.collection', access } },
    async (request, reply) => {
      const collection = await getCollection(request, request.params.collectionId)
      return reply.type('application/json').send(descriptionOf(collection, request.query))
    },
  )

  app.get<{ Params: schemas.CollectionParams; Querystring: schemas.ItemsQuery }>(
    '/collections/:collectionId/items',
    { schema: schemas.items, config: { endpoint: 'maps.items', access } },
    async (request, reply) => {
      const { query } = request
      const boxes = query.bbox === undefined ? undefined : getBoxes(query.bbox)
      const after = query.after === undefined ? 0 : getCursor(query.after)
      const collection = await getCollection(request, request.params.collectionId)
      const page = await store.items(await accessScope(request), collection.id, {
        // 17-069r4 §7.15.2: a limit above the maximum is no error, the maximum is used.
        limit: Math.min(query.limit, MAXIMUM_LIMIT),
        after,
        ...(boxes && { boxes }),
      })
      const path = `/collections/${encodeURIComponent(collection.id)}`
      const itemLinks = [links.to('self', `${path}/items`, GEOJSON, query)]
      if (page && page.next !== null) {
        const next = { ...query, after: page.next.toString(36) }
        itemLinks.push(links.to('next', `${path}/items`, GEOJSON, next))
      }
      itemLinks.push(links.collection(collection, query))
      return sendFeatures(reply, collection, page?.features ?? [], itemLinks)
    },
  )

  app.get<{ Params: schemas.FeatureParams; Querystring: schemas.TokenQuery }>(
    '/collections/:collectionId/items/:featureId',
    { schema: schemas.item, config: { endpoint: 'maps.item', access } },
    async (request, reply) => {
      const { collectionId, featureId } = request.params
      const collection = await getCollection(request, collectionId)
      const feature = await store.item(await accessScope(request), collectionId, featureId)
      if (feature === null) throw notFound(`there is no feature "${featureId}" in ${collectionId}`)
      const path = `/collections/${encodeURIComponent(collectionId)}/items/${encodeURIComponent(featureId)}`
      return sendFeature(reply, collection, feature, [
        links.to('self', path, GEOJSON, request.query),
        links.collection(collection, request.query),
      ])
    },
  )

  app.get<{ Params: schemas.CollectionParams; Querystring: schemas.NearestQuery }>(
    '/collections/:collectionId/nearest',
    { schema: schemas.nearest, config: { endpoint: 'maps.nearest', access } },
    async (request, reply) => {
      const { query } = request
      const point = parsePosition(query.point)
      if (point.kind === 'invalid') throw badParameter('point', point.detail)
      const collection = await getCollection(request, request.params.collectionId)
      if (collection.geometryType !== 'Point') {
        throw badParameter('collectionId', `"${collection.id}" is not a collection of points`)
      }
      const found = await store.nearest(
        await accessScope(request),
        collection.id,
        point.position,
        query.limit,
      )
      const path = `/collections/${encodeURIComponent(collection.id)}/nearest`
      return sendFeatures(
        reply,
        collection,
        (found ?? []).map(({ feature, metres }) =>
          withMembers(feature, { distanceMeters: Math.round(metres * 100) / 100 }),
        ),
        [links.to('self', path, GEOJSON, query), links.collection(collection, query)],
      )
    },
  )
}

export interface MapRoutesOptions {
  store: MapStore
  /** Where clients reach the server, without a slash at the end. */
  publicUrl: string
  /** What the caller of this request may see. */
  accessScope: (request: FastifyRequest) => AccessScope | Promise<AccessScope>
}

const OPENAPI = 'application/vnd.oai.openapi+json;version=3.1'

const MAXIMUM_LIMIT = 10_000

/** Keys are 32-bit integers in Postgres. */
const LARGEST_KEY = 2_147_483_647

function getBoxes(text: string): Box[] {
  const parsed = parseBoxes(text)
  if (parsed.kind === 'invalid') throw badParameter('bbox', parsed.detail)
  return parsed.boxes
}

/** A cursor is the key of the last feature seen, in base 36. */
function getCursor(text: string): number {
  const key = /^[0-9a-z]{1,6}$/.test(text) ? Number.parseInt(text, 36) : Infinity
  if (key > LARGEST_KEY) throw badParameter('after', 'is not a cursor from a "next" link')
  return key
}
