import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Collection } from '../../access/collections/collection.ts'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import { parsePosition } from '../../geo/box.ts'
import { badParameter } from '../../protocol/problem.ts'
import { withMembers } from '../features/answers.ts'
import { allowCaching, isFresh, tagOf } from '../features/caching.ts'
import { parseBbox } from '../features/items-query.ts'
import { createLinks, GEOJSON, licenceLinks } from '../features/links.ts'
import { shown } from '../features/names.ts'
import { READ } from '../features/read-access.ts'
import type { MapStore } from '../store/map-store.ts'
import type { SearchHit, SearchQuery } from '../store/search-query.ts'
import { wantedOf } from './rank.ts'
import * as schemas from './schemas.ts'
import { MOST_COLLECTIONS, whereToSearch } from './where-to-search.ts'

export interface SearchRoutesOptions {
  store: Pick<MapStore, 'search' | 'state'>
  /** Where clients reach the server, without a slash at the end. */
  publicUrl: string
  /** What the caller of this request may see. */
  accessScope: (request: FastifyRequest) => AccessScope | Promise<AccessScope>
  /** @throws BearerError 401 for a call without a token, where one is needed */
  needToken: (request: FastifyRequest) => never
}

/** `GET /search`: features by their names, of one or several collections. */
export async function searchRoutes(
  app: FastifyInstance,
  { store, publicUrl, accessScope, needToken }: SearchRoutesOptions,
): Promise<void> {
  const links = createLinks(publicUrl + app.prefix)

  app.get<{ Querystring: schemas.SearchParameters }>(
    '/search',
    { schema: schemas.search, config: { endpoint: 'maps.search', access: READ } },
    async (request, reply) => {
      const { query } = request
      const asked = parseQuery(query)
      const scope = await accessScope(request)
      const { collections, all } =
        query.collections === undefined
          ? await whereToSearch(store, scope, request.caller?.customerId ?? null)
          : {
              collections: namedCollections(query.collections, scope, () => {
                if (!request.caller) needToken(request)
              }),
              all: true,
            }
      const collectionIds = collections.map(({ id }) => id)
      const { hits, complete } = await store.search(scope, { ...asked, collectionIds })
      const found = collections.filter(({ id }) =>
        hits.some(({ collectionId }) => collectionId === id),
      )
      const head = JSON.stringify({
        type: 'FeatureCollection',
        numberReturned: hits.length,
        allSearched: all && complete,
        attribution: [...new Set(found.map(({ attribution }) => attribution))]
          .filter((attribution) => attribution !== '')
          .join('; '),
        links: [
          links.to('self', '/search', GEOJSON, query),
          ...found.flatMap((collection) => [
            links.collection(collection, query),
            ...licenceLinks(collection),
          ]),
        ],
      })
      const text = `${head.slice(0, -1)},"features":[${hits.map(featureOf).join(',')}]}`
      allowCaching(request, reply, collections)
      if (isFresh(request, reply, `"${tagOf(text)}"`)) return reply
      // As bytes: to text Fastify would add a charset, which the media type does not have (RFC 7946 §12).
      return reply.header('content-type', GEOJSON).send(Buffer.from(text))
    },
  )
}

function parseQuery({
  q,
  near,
  bbox,
  limit,
}: schemas.SearchParameters): Omit<SearchQuery, 'collectionIds'> {
  if (!wantedOf(q)) throw badParameter('q', 'must have at least one letter or digit')
  const point = near === undefined ? null : parsePosition(near)
  if (point?.kind === 'invalid') throw badParameter('near', point.detail)
  return {
    text: q,
    limit,
    ...(point && { near: point.position }),
    ...(bbox !== undefined && { boxes: parseBbox(bbox) }),
  }
}

/** @param onUnknown is called before the Problem is thrown: it may throw another */
function namedCollections(text: string, scope: AccessScope, onUnknown: () => void): Collection[] {
  const ids = [...new Set(text.split(',', 10 * MOST_COLLECTIONS))]
  if (ids.length > MOST_COLLECTIONS) {
    throw badParameter('collections', `must name at most ${MOST_COLLECTIONS} collections`)
  }
  return ids.map((id) => {
    const collection = scope.collection(id)
    if (collection) return collection
    onUnknown()
    throw badParameter('collections', `there is no collection "${shown(id)}"`)
  })
}

function featureOf({ collectionId, feature, match, metres }: SearchHit): string {
  return withMembers(feature, {
    collection: collectionId,
    match,
    ...(metres !== null && { distanceMeters: Math.round(metres * 100) / 100 }),
  })
}
