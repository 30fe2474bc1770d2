import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Feature } from 'geojson'
import { badParameter, conflict, forbidden, notFound } from '../../protocol/problem.ts'
import type { FeatureChange, NewFeature } from '../store/changes.ts'
import type { CollectionState } from '../store/collection-state.ts'
import type { MapsContext, SeenCollection } from './context.ts'
import { parseIfMatch } from './if-match.ts'
import { absent } from './item-routes.ts'
import { collectionPath, GEOJSON, itemPath } from './links.ts'
import { isObject, mergePatch } from './merge-patch.ts'
import { shown } from './names.ts'
import { parseFeature, parseFeatureGeometry, parseProperties } from './parse-feature.ts'
import { acceptBodies, FEATURE_TYPES, PATCH_TYPES, readJson } from './read-body.ts'
import { WRITE } from './read-access.ts'
import type { CollectionParams, FeatureParams } from './query-schemas.ts'
import * as schemas from './write-schemas.ts'
import { writeProblem } from './write-problem.ts'

const MAXIMUM_BATCH = 10_000

/** How often a patch is tried anew because somebody else was quicker. */
const PATCH_ATTEMPTS = 5

/** Features after which others get their turn. */
const PARSED_AT_ONCE = 200

/**
 * Creating, replacing, updating and deleting features (20-002r1). A feature is replaced or updated
 * only where it is: `PUT` creates nothing (/per/create-replace-delete/put-create is not taken up).
 */
export function writeRoutes(app: FastifyInstance, context: MapsContext): void {
  const { store, links, accessScope } = context
  acceptBodies(app)
  // Bodies are judged by the collection's schema, which the route does not know.
  const unchecked = { validatorCompiler: () => () => true }

  /**
   * The collection as the writer sees it. Whoever may write but not read sees nothing here either.
   * @throws Problem 404, and 403 when it is seen, but may not be written
   */
  async function getWritable(request: FastifyRequest, id: string): Promise<SeenCollection> {
    const scope = await accessScope(request)
    const state = await store.state(scope, id)
    if (!state) throw notFound(`there is no collection "${shown(id)}"`)
    if (scope.write(id) === 'none') throw forbidden(`The token may not write in "${shown(id)}".`)
    return { ...state, scope }
  }

  async function write(
    { scope, collection }: SeenCollection,
    changes: readonly FeatureChange[],
    named: (index: number) => string | null,
  ) {
    const outcome = await store.write(scope, collection.id, changes)
    if (outcome.kind === 'written') return outcome.features
    throw writeProblem(outcome, named(outcome.index))
  }

  app.post<{ Params: CollectionParams }>(
    '/collections/:collectionId/items',
    {
      schema: schemas.createItems,
      ...unchecked,
      config: { endpoint: 'maps.items.create', access: WRITE },
    },
    async (request, reply) => {
      const seen = await getWritable(request, request.params.collectionId)
      const { id } = seen.collection
      const body = readJson(request, FEATURE_TYPES)
      const batch = isObject(body) && body['type'] === 'FeatureCollection'
      const features = batch
        ? await parseBatch(body['features'], seen)
        : [parseFeature(body, '', seen)]
      const written = await write(
        seen,
        features.map((feature) => ({ kind: 'create', feature })),
        (index) => (batch ? `features[${index}]` : null),
      )
      const href = (featureId: string) => links.to('item', itemPath(id, featureId), GEOJSON).href
      if (batch) {
        void reply.header(
          'location',
          links.to('items', `${collectionPath(id)}/items`, GEOJSON).href,
        )
      } else {
        const [first] = written
        void reply.headers({ location: href(first!.id), etag: `"${first!.etag!}"` })
      }
      return reply.code(201).send({
        features: written.map((each) => ({
          id: each.id,
          etag: `"${each.etag!}"`,
          href: href(each.id),
        })),
      })
    },
  )

  app.put<{ Params: FeatureParams }>(
    '/collections/:collectionId/items/:featureId',
    {
      schema: schemas.replaceItem,
      ...unchecked,
      config: { endpoint: 'maps.item.replace', access: WRITE },
    },
    async (request, reply) => {
      const { collectionId } = request.params
      const seen = await getWritable(request, collectionId)
      const featureId = getFeatureId(request.params)
      const ifMatch = parseIfMatch(request)
      // The id of the body does not count (/req/create-replace-delete/put-rid).
      const feature = parseFeature(readJson(request, FEATURE_TYPES), '', seen)
      const [written] = await write(
        seen,
        [{ kind: 'replace', id: featureId, feature, ifMatch }],
        () => null,
      )
      return noContent(reply, written!.etag)
    },
  )

  app.patch<{ Params: FeatureParams }>(
    '/collections/:collectionId/items/:featureId',
    {
      schema: schemas.updateItem,
      ...unchecked,
      config: { endpoint: 'maps.item.update', access: WRITE },
    },
    async (request, reply) => {
      const { collectionId } = request.params
      const seen = await getWritable(request, collectionId)
      const featureId = getFeatureId(request.params)
      const ifMatch = parseIfMatch(request)
      const patch = readJson(request, PATCH_TYPES)
      if (!isObject(patch)) throw badParameter('body', 'must be an object')
      for (let attempt = 1; ; attempt++) {
        const { feature, etag } = await patched(seen, featureId, patch)
        const outcome = await store.write(seen.scope, collectionId, [
          // Of what was read, so that nobody's change in between is lost.
          {
            kind: 'replace',
            id: featureId,
            feature,
            ifMatch: ifMatch && !ifMatch.includes(etag) ? ifMatch : [etag],
          },
        ])
        if (outcome.kind === 'written') return noContent(reply, outcome.features[0]!.etag)
        if (outcome.reason !== 'precondition' || ifMatch) throw writeProblem(outcome, null)
        // Others were quicker each time: the caller said nothing that could have failed.
        if (attempt === PATCH_ATTEMPTS) throw conflict('the feature is being changed by others')
      }
    },
  )

  /** The feature as it would be, and the tag of what it was made of. */
  async function patched(
    seen: SeenCollection,
    featureId: string,
    patch: Record<string, unknown>,
  ): Promise<{ feature: NewFeature; etag: string }> {
    const stored = await store.item(seen.scope, seen.collection.id, featureId)
    if (!stored) throw absent(seen.collection.id, featureId)
    const { geometry, properties, type } = patch
    if (type !== undefined && type !== 'Feature') throw badParameter('type', 'must be "Feature"')
    const before = JSON.parse(stored.feature) as Pick<Feature, 'geometry' | 'properties'>
    return {
      feature: {
        // It stays (/req/update/rid).
        id: null,
        // A value of its own: parts of two geometries would be none.
        geometry:
          geometry === undefined
            ? before.geometry
            : parseFeatureGeometry(geometry, 'geometry', seen),
        properties:
          properties === undefined
            ? { ...before.properties }
            : parseProperties(mergePatch(before.properties, properties), 'properties', seen.schema),
      },
      etag: stored.etag,
    }
  }

  app.delete<{ Params: FeatureParams }>(
    '/collections/:collectionId/items/:featureId',
    {
      schema: schemas.deleteItem,
      ...unchecked,
      config: { endpoint: 'maps.item.delete', access: WRITE },
    },
    async (request, reply) => {
      const { collectionId } = request.params
      const seen = await getWritable(request, collectionId)
      const featureId = getFeatureId(request.params)
      const ifMatch = parseIfMatch(request)
      await write(seen, [{ kind: 'delete', id: featureId, ifMatch }], () => null)
      return reply.code(204).send()
    },
  )
}

/** @throws Problem 404 for what no feature is called: Postgres takes no NUL in a text */
function getFeatureId({ collectionId, featureId }: FeatureParams): string {
  if (/[\x00-\x1F\x7F]/.test(featureId)) throw absent(collectionId, featureId)
  return featureId
}

/** @throws Problem 400 naming the first feature that is not as the schema says */
async function parseBatch(value: unknown, state: CollectionState): Promise<NewFeature[]> {
  if (!Array.isArray(value)) throw badParameter('features', 'must be an array')
  if (value.length === 0 || value.length > MAXIMUM_BATCH) {
    throw badParameter('features', `must be 1 to ${MAXIMUM_BATCH}, not ${value.length}`)
  }
  const features: NewFeature[] = []
  for (const [index, each] of value.entries()) {
    if (index % PARSED_AT_ONCE === PARSED_AT_ONCE - 1) await setImmediate()
    features.push(parseFeature(each, `features[${index}]`, state))
  }
  return features
}

function noContent(reply: FastifyReply, etag: string | null): FastifyReply {
  return reply.code(204).header('etag', `"${etag!}"`).send()
}
