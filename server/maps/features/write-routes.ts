import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Feature } from 'geojson'
import { badParameter, conflict, forbidden, notFound } from '../../protocol/problem.ts'
import type { FeatureChange, NewFeature } from '../store/changes.ts'
import { membersBeside } from './answers.ts'
import type { MapsContext, SeenCollection } from './context.ts'
import { absent } from './item-routes.ts'
import { itemTag } from './item-tag.ts'
import { collectionPath, GEOJSON, itemPath } from './links.ts'
import { requireCrs84 } from './member-crs.ts'
import { mergePatch } from './merge-patch.ts'
import { shown } from './names.ts'
import { MAXIMUM_BATCH, parseBatch } from './parse-batch.ts'
import { parseFeature, parseFeatureGeometry, parseProperties } from './parse-feature.ts'
import { parsePreconditions } from './preconditions.ts'
import type { CollectionParams, FeatureParams } from './query-schemas.ts'
import { acceptBodies, FEATURE_TYPES, PATCH_TYPES, readBody } from './read-body.ts'
import { WRITE } from './read-access.ts'
import { refuseParameters } from './refuse-parameters.ts'
import * as schemas from './write-schemas.ts'
import { writeProblem } from './write-problem.ts'

/** How often a patch is tried anew because somebody else was quicker. */
const PATCH_ATTEMPTS = 5

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
   * @throws Problem 404, 403 when it is seen, but may not be written, 400 for parameters in the query
   */
  async function getWritable(request: FastifyRequest, id: string): Promise<SeenCollection> {
    refuseParameters(request)
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

  /** As reading the feature gives it, with its quotes. */
  function tagOf({ collection }: SeenCollection, written: { id: string; etag: string | null }) {
    const more = membersBeside(written.id, { collection, links, query: {} })
    return `"${itemTag(written.etag!, more)}"`
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
      const { members, features: texts } = await readBody(request, FEATURE_TYPES, MAXIMUM_BATCH)
      const batch = members['type'] === 'FeatureCollection'
      if (batch) requireCrs84(members['crs'], 'crs')
      const features = batch ? await parseBatch(texts, seen) : [parseFeature(members, '', seen)]
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
        void reply.headers({ location: href(first!.id), etag: tagOf(seen, first!) })
      }
      return reply.code(201).send({
        features: written.map((each) => ({
          id: each.id,
          etag: tagOf(seen, each),
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
      const guards = parsePreconditions(request)
      const { members } = await readBody(request, FEATURE_TYPES, MAXIMUM_BATCH)
      // The id of the body does not count (/req/create-replace-delete/put-rid).
      const feature = parseFeature(members, '', seen)
      const outcome = await store.write(seen.scope, collectionId, [
        { kind: 'replace', id: featureId, feature, ...guards },
      ])
      if (outcome.kind === 'written') {
        return reply.code(204).header('etag', tagOf(seen, outcome.features[0]!)).send()
      }
      // What is not there matches nothing (/req/create-replace-delete/put-rid-exception).
      const isGuarded = outcome.reason === 'unknown' && request.headers['if-match'] !== undefined
      throw writeProblem(isGuarded ? { ...outcome, reason: 'precondition' } : outcome, null)
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
      const guards = parsePreconditions(request)
      const { members } = await readBody(request, PATCH_TYPES, MAXIMUM_BATCH)
      for (let attempt = 1; ; attempt++) {
        const { feature, etag } = await patched(seen, featureId, members)
        const isGuarded = guards.ifMatch !== null && !guards.ifMatch.includes(etag)
        const outcome = await store.write(seen.scope, collectionId, [
          {
            ...guards,
            kind: 'replace',
            id: featureId,
            feature,
            // Of what was read, so that nobody's change in between is lost.
            ifMatch: isGuarded ? guards.ifMatch : [etag],
          },
        ])
        if (outcome.kind === 'written') {
          return reply.code(204).header('etag', tagOf(seen, outcome.features[0]!)).send()
        }
        const isAsked =
          guards.ifMatch !== null ||
          guards.ifNoneMatch?.some((tag) => tag === '*' || tag === etag) === true
        if (outcome.reason !== 'precondition' || isAsked) throw writeProblem(outcome, null)
        // Others were quicker each time: nothing that the caller said has failed.
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
    const { crs, geometry, properties, type } = patch
    if (type !== undefined && type !== 'Feature') throw badParameter('type', 'must be "Feature"')
    requireCrs84(crs, 'crs')
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
      const guards = parsePreconditions(request)
      await write(seen, [{ kind: 'delete', id: featureId, ...guards }], () => null)
      return reply.code(204).send()
    },
  )
}

/** @throws Problem 404 for what no feature is called: Postgres takes no NUL in a text */
function getFeatureId({ collectionId, featureId }: FeatureParams): string {
  if (/[\x00-\x1F\x7F]/.test(featureId)) throw absent(collectionId, featureId)
  return featureId
}
