import type { FastifyInstance } from 'fastify'
import { type LonLat, parsePosition } from '../../geo/box.ts'
import { badParameter } from '../../protocol/problem.ts'
import { sendFeatures, withMembers } from './answers.ts'
import type { MapsContext } from './context.ts'
import { collectionPath, GEOJSON } from './links.ts'
import { READ } from './read-access.ts'
import type { CollectionParams, PointQuery } from './query-schemas.ts'
import * as schemas from './schemas.ts'

/** What is at a point: the nearest features, and those that contain it. Not part of the standard. */
export function pointRoutes(app: FastifyInstance, context: MapsContext): void {
  const { store, links, clock, getCollection } = context

  app.get<{ Params: CollectionParams; Querystring: PointQuery }>(
    '/collections/:collectionId/nearest',
    { schema: schemas.nearest, config: { endpoint: 'maps.nearest', access: READ } },
    async (request, reply) => {
      const { query } = request
      const point = getPoint(query.point)
      const { scope, collection, dimension } = await getCollection(
        request,
        request.params.collectionId,
      )
      if (dimension !== 0 && dimension !== null) {
        throw badParameter('collectionId', `"${collection.id}" is not a collection of points`)
      }
      const found = await store.nearest(scope, collection.id, point, query.limit)
      const path = `${collectionPath(collection.id)}/nearest`
      return sendFeatures(request, reply, {
        collection,
        features: (found ?? []).map(({ feature, metres }) =>
          withMembers(feature, { distanceMeters: Math.round(metres * 100) / 100 }),
        ),
        links: [links.to('self', path, GEOJSON, query), links.collection(collection, query)],
        clock,
      })
    },
  )

  app.get<{ Params: CollectionParams; Querystring: PointQuery }>(
    '/collections/:collectionId/containing',
    { schema: schemas.containing, config: { endpoint: 'maps.containing', access: READ } },
    async (request, reply) => {
      const { query } = request
      const point = getPoint(query.point)
      const { scope, collection } = await getCollection(request, request.params.collectionId)
      const found = await store.containing(scope, collection.id, point, query.limit)
      const path = `${collectionPath(collection.id)}/containing`
      return sendFeatures(request, reply, {
        collection,
        features: found ?? [],
        links: [links.to('self', path, GEOJSON, query), links.collection(collection, query)],
        clock,
      })
    },
  )
}

function getPoint(text: string): LonLat {
  const point = parsePosition(text)
  if (point.kind === 'invalid') throw badParameter('point', point.detail)
  return point.position
}
