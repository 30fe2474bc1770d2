import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { AccessScope } from '../../../access/scopes/access-scope.ts'
import { wholeWhereSeen } from '../../../access/scopes/whole-scope.ts'
import { type Box, parseBoxes } from '../../../geo/box.ts'
import { badGraphParameter, unknownObject } from '../errors.ts'
import {
  findImage,
  type GraphData,
  type Image,
  IMAGES,
  parseDetectionFields,
  parseImage,
  parseImageFields,
  SEQUENCES,
  toGraphDetections,
  toGraphImage,
} from './imagery.ts'
import { getRoute, graphRead } from './route.ts'

/**
 * `/images` by box, by ids or by sequences, `/image_ids` of a sequence, and `/{id}/detections`. What
 * an image looks like is in `imagery.ts`. Parameters that Mapillary has and that mean nothing here
 * are ignored, as all unknown ones are: its clients send many.
 */
export function imageRoutes(app: FastifyInstance, data: GraphData): void {
  getRoute<{ Querystring: Static<typeof imagesQuery> }>(
    app,
    '/images',
    graphRead('mapillary.images', 'Find images as at Mapillary', { querystring: imagesQuery }),
    async (request) => {
      const { query } = request
      const fields = parseImageFields(query.fields)
      const matches = toFilter(query)
      const found = await search(data, await data.accessScope(request), query, matches)
      return { data: found.map((image) => toGraphImage(image, fields)) }
    },
  )

  getRoute<{ Querystring: Static<typeof sequenceQuery> }>(
    app,
    '/image_ids',
    graphRead('mapillary.imageIds', 'List the images of a sequence as at Mapillary', {
      querystring: sequenceQuery,
    }),
    async (request) => {
      const { sequence_id } = request.query
      const ids = await imageIdsOf(data, await data.accessScope(request), sequence_id)
      if (ids === null) throw unknownObject(sequence_id)
      return { data: ids.map((id) => ({ id })) }
    },
  )

  getRoute<{ Params: Static<typeof idParams>; Querystring: Static<typeof fieldsQuery> }>(
    app,
    '/:id/detections',
    graphRead('mapillary.detections', 'List what was seen in an image as at Mapillary', {
      params: idParams,
      querystring: fieldsQuery,
    }),
    async (request) => {
      const { id } = request.params
      const fields = parseDetectionFields(request.query.fields)
      const image = await findImage(data, await data.accessScope(request), id)
      if (!image) throw unknownObject(id)
      return { data: toGraphDetections(image, fields) }
    },
  )
}

/** In degrees squared, as Mapillary has it. */
const LARGEST_BOX = 0.01
const MAXIMUM_IMAGES = 2_000
/** Look-ups by id are single ones. */
const MAXIMUM_IDS = 500
/** Of images in a box that no filter lets through. */
const MAXIMUM_PAGES = 10

const fields = Type.Optional(
  Type.String({ description: 'Members of the answer, comma-separated; `id` is always there.' }),
)
export const fieldsQuery = Type.Object({ fields })
export const idParams = Type.Object({ id: Type.String() })
const sequenceQuery = Type.Object({ sequence_id: Type.String({ pattern: '^[\\w-]{1,100}$' }) })

const imagesQuery = Type.Object({
  bbox: Type.Optional(
    Type.String({
      description: `\`west,south,east,north\`, less than ${LARGEST_BOX} square degrees.`,
    }),
  ),
  image_ids: Type.Optional(
    Type.String({ description: `Comma-separated, at most ${MAXIMUM_IDS}.` }),
  ),
  sequence_ids: Type.Optional(
    Type.String({
      description: `Comma-separated; their first ${MAXIMUM_IMAGES} images are looked at.`,
    }),
  ),
  start_captured_at: Type.Optional(Type.String({ description: 'ISO 8601' })),
  end_captured_at: Type.Optional(Type.String({ description: 'ISO 8601' })),
  is_pano: Type.Optional(Type.Boolean()),
  creator_username: Type.Optional(Type.String()),
  limit: Type.Integer({ minimum: 1, maximum: MAXIMUM_IMAGES, default: MAXIMUM_IMAGES }),
  fields,
})

type ImagesQuery = Static<typeof imagesQuery>

function search(
  data: GraphData,
  scope: AccessScope,
  query: ImagesQuery,
  matches: (image: Image) => boolean,
): Promise<Image[]> {
  if (query.image_ids !== undefined) {
    const ids = listOf(query.image_ids, 'image_ids', MAXIMUM_IDS)
    return searchByIds(data, scope, ids, query.limit, matches)
  }
  if (query.sequence_ids !== undefined) return searchBySequences(data, scope, query, matches)
  if (query.bbox !== undefined) {
    return searchByBox(data, scope, parseBbox(query.bbox), query.limit, matches)
  }
  throw badGraphParameter('(#100) bbox is missing: name a bbox, image_ids or sequence_ids')
}

async function searchByIds(
  data: GraphData,
  scope: AccessScope,
  ids: readonly string[],
  limit: number,
  matches: (image: Image) => boolean,
): Promise<Image[]> {
  const found: Image[] = []
  for (const id of ids) {
    if (found.length >= limit) break
    const image = await findImage(data, scope, id)
    if (image && matches(image)) found.push(image)
  }
  return found
}

async function searchBySequences(
  data: GraphData,
  scope: AccessScope,
  { sequence_ids, limit }: ImagesQuery,
  matches: (image: Image) => boolean,
): Promise<Image[]> {
  const ids: string[] = []
  for (const sequenceId of listOf(sequence_ids!, 'sequence_ids', MAXIMUM_IDS)) {
    ids.push(...((await imageIdsOf(data, scope, sequenceId)) ?? []))
    if (ids.length >= MAXIMUM_IMAGES) break
  }
  return searchByIds(data, scope, ids.slice(0, MAXIMUM_IMAGES), limit, matches)
}

async function searchByBox(
  { store }: GraphData,
  scope: AccessScope,
  boxes: readonly Box[],
  limit: number,
  matches: (image: Image) => boolean,
): Promise<Image[]> {
  const found: Image[] = []
  let after = 0
  for (let count = 0; count < MAXIMUM_PAGES && found.length < limit; count++) {
    const page = await store.items(scope, IMAGES, { boxes, limit: MAXIMUM_IMAGES, after })
    found.push(...(page?.features ?? []).map(parseImage).filter(matches))
    if (!page || page.next === null) break
    after = page.next
  }
  return found.slice(0, limit)
}

/** Those that are seen; null: there is no such sequence, or none of it is seen. */
async function imageIdsOf(
  { store }: GraphData,
  scope: AccessScope,
  sequenceId: string,
): Promise<string[] | null> {
  if (sequenceId.includes('\0')) return null
  // A sequence has no place of its own: it is seen when any of its images is.
  const found = isOfImages(scope)
    ? await store.item(wholeWhereSeen(scope), SEQUENCES, sequenceId)
    : null
  if (found === null) return null
  const { properties } = JSON.parse(found.feature) as { properties: { image_ids: string[] } }
  if (scope.read(IMAGES) === 'all') return properties.image_ids
  const seen: string[] = []
  for (const id of properties.image_ids) {
    if ((await store.item(scope, IMAGES, id)) !== null) seen.push(id)
  }
  return seen.length > 0 ? seen : null
}

/** Of a collection that does not say so, no area would limit what is shown. */
const isOfImages = (scope: AccessScope) => scope.collection(SEQUENCES)?.madeOf === IMAGES

function parseBbox(text: string): Box[] {
  const parsed = parseBoxes(text)
  if (parsed.kind === 'invalid') throw badGraphParameter(`(#100) bbox ${parsed.detail}`)
  const area = parsed.boxes.reduce(
    (sum, { west, south, east, north }) => sum + (east - west) * (north - south),
    0,
  )
  if (area < LARGEST_BOX) return parsed.boxes
  throw badGraphParameter(`(#100) bbox must be smaller than ${LARGEST_BOX} square degrees`)
}

function listOf(text: string, parameter: string, maximum: number): string[] {
  const ids = [...new Set(text.split(',').map((id) => id.trim()))].filter((id) => id !== '')
  if (ids.length <= maximum) return ids
  throw badGraphParameter(`(#100) ${parameter} must name at most ${maximum}`)
}

function toFilter(query: ImagesQuery): (image: Image) => boolean {
  const { is_pano, creator_username } = query
  const from = timeOf(query.start_captured_at, 'start_captured_at') ?? -Infinity
  const until = timeOf(query.end_captured_at, 'end_captured_at') ?? Infinity
  return ({ properties: { captured_at, is_pano: pano, creator } }) =>
    captured_at >= from &&
    captured_at <= until &&
    (is_pano === undefined || pano === is_pano) &&
    (creator_username === undefined || creator.username === creator_username)
}

function timeOf(text: string | undefined, parameter: string): number | null {
  if (text === undefined) return null
  // A space is a plus sign that was not encoded.
  const at = ISO_8601.test(text) ? Date.parse(text.replace(' ', '+')) : Number.NaN
  if (!Number.isNaN(at)) return at
  throw badGraphParameter(`(#100) ${parameter} must be a time by ISO 8601`)
}

const ISO_8601 = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+ -]\d\d:?\d\d)?)?$/
