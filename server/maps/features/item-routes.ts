import type { FastifyInstance } from 'fastify'
import { notFound } from '../../protocol/problem.ts'
import { membersBeside, sendFeature, sendFeatures } from './answers.ts'
import type { MapsContext, SeenCollection } from './context.ts'
import { sendItemPage } from './html/item-page.ts'
import { MAXIMUM_ROWS, sendItemsPage } from './html/items-page.ts'
import { type ParsedItemsQuery, parseItemsQuery, type RawQuery } from './items-query.ts'
import { collectionPath, GEOJSON, GEOJSON_FIRST, type LinkQuery } from './links.ts'
import { shown } from './names.ts'
import { READ_OR_LOOK } from './read-access.ts'
import { wantsHtml } from './representation.ts'
import {
  type CollectionParams,
  type FeatureParams,
  type ItemQuery,
  requireCollectionId,
} from './query-schemas.ts'
import * as schemas from './schemas.ts'
import { parseFields, selectFields, selectFieldsOfAll } from './select-fields.ts'
import type { ItemsPage } from '../store/map-store.ts'

/** How long counting may hold up a page; beyond it, how many there are is not said. */
const COUNT_MILLISECONDS = 200

/** GDAL pages by 10 when nobody tells it otherwise. */
const ITEMS_LIMIT = { quota: 600, windowSeconds: 60 }

/** Features of a collection by page, box, time and properties (17-069r4 §7.15), and one by its id (§7.16). */
export function itemRoutes(app: FastifyInstance, context: MapsContext): void {
  const { store, links, cursors, clock, getCollection } = context

  app.get<{ Params: CollectionParams; Querystring: RawQuery }>(
    '/collections/:collectionId/items',
    {
      schema: schemas.items,
      // `items-query.ts` does: what parameters there are depends on the collection.
      validatorCompiler: () => () => true,
      config: { endpoint: 'maps.items', access: { ...READ_OR_LOOK, limit: ITEMS_LIMIT } },
    },
    async (request, reply) => {
      const { query } = request
      requireCollectionId(request.params.collectionId)
      const seen = await getCollection(request, request.params.collectionId)
      const { scope, collection } = seen
      const asked = parseItemsQuery(query, seen, cursors)
      const { after, filter, fields } = asked
      const asHtml = wantsHtml(request)
      const limit = asHtml ? Math.min(asked.limit, MAXIMUM_ROWS) : asked.limit
      const page = await store.items(scope, collection.id, {
        ...filter,
        limit,
        ...(after !== null && { after }),
      })
      // The collection may have gone meanwhile.
      const { features, next } = page ?? { features: [], next: null }
      const path = `${collectionPath(collection.id)}/items`
      const nextQuery: LinkQuery | null =
        next === null ? null : { ...query, limit, after: cursors.seal(collection.id, next) }
      const numberMatched = await countOf(seen, asked, { features, next })
      if (asHtml) {
        return sendItemsPage(request, reply, { seen, features, limit, nextQuery, numberMatched })
      }
      return sendFeatures(request, reply, {
        collection,
        features: fields ? await selectFieldsOfAll(features, fields) : features,
        numberMatched,
        links: [
          ...links.variants(path, GEOJSON_FIRST, query),
          ...(nextQuery ? [links.to('next', path, GEOJSON, nextQuery)] : []),
          links.collection(collection, query),
        ],
        clock,
      })
    },
  )

  /** Exact, on the first page only; undefined when nobody knows without counting for too long. */
  async function countOf(
    { scope, collection }: SeenCollection,
    { after, filter }: ParsedItemsQuery,
    { features, next }: Pick<ItemsPage, 'features' | 'next'>,
  ): Promise<number | undefined> {
    if (after !== null) return undefined
    if (next === null) return features.length
    const count = await store.count(scope, collection.id, filter, COUNT_MILLISECONDS)
    return typeof count === 'number' ? count : undefined
  }

  app.get<{ Params: FeatureParams; Querystring: ItemQuery }>(
    '/collections/:collectionId/items/:featureId',
    {
      schema: schemas.item,
      config: { endpoint: 'maps.item', access: READ_OR_LOOK },
    },
    async (request, reply) => {
      const { query, params } = request
      const { collectionId, featureId } = params
      const seen = await getCollection(request, collectionId)
      const { scope, collection } = seen
      const fields = parseFields(query.fields, seen.schema)
      const stored = await store.item(scope, collectionId, featureId)
      if (!stored) throw absent(collectionId, featureId)
      if (wantsHtml(request)) return sendItemPage(request, reply, seen, stored.feature)
      return sendFeature(request, reply, {
        collection,
        feature: fields ? selectFields(stored.feature, fields) : stored.feature,
        etag: stored.etag,
        more: membersBeside(featureId, { collection, links, query }),
      })
    },
  )
}

/** Also for what is there and not seen. */
export function absent(collectionId: string, featureId: string) {
  return notFound(`there is no feature "${shown(featureId)}" in ${shown(collectionId)}`)
}
