import type { FastifyRequest } from 'fastify'
import type { Feature, Point } from 'geojson'
import type { AccessScope } from '../../../access/scopes/access-scope.ts'
import type { MapStore } from '../../../maps/store/map-store.ts'
import { type Field, parseFields, pick, unknownField } from './fields.ts'

/**
 * Images and their detections as the map store keeps them (`maps/sample/sample-imagery.ts`), and the form
 * in which Mapillary's graph tells them.
 */

/** What the endpoints read from. */
export interface GraphData {
  store: MapStore
  /** What the caller of this request may see. */
  accessScope: (request: FastifyRequest) => AccessScope | Promise<AccessScope>
}

export const IMAGES = 'images'
export const SEQUENCES = 'sequences'

export type Image = Feature<Point, ImageProperties> & { id: string }

interface ImageProperties {
  sequence_id: string
  /** Epoch milliseconds. */
  captured_at: number
  compass_angle: number
  altitude: number
  camera_type: string
  is_pano: boolean
  width: number
  height: number
  make: string
  model: string
  creator: { id: string; username: string }
  detections: readonly Detection[]
}

interface Detection {
  id: string
  value: string
  /** Epoch milliseconds. */
  created_at: number
  geometry: string
}

/** null also when it must not be seen. */
export async function findImage(
  { store }: GraphData,
  scope: AccessScope,
  id: string,
): Promise<Image | null> {
  if (!INT64.test(id)) return null
  const found = await store.item(scope, IMAGES, id)
  return found && parseImage(found.feature)
}

export const parseImage = (text: string): Image => JSON.parse(text) as Image

const INT64 = /^\d{1,19}$/

export const parseImageFields = (text: string | undefined): Field[] =>
  parseFields(text, IMAGE_FIELDS, ['id'])

/** An image with the fields that were asked for and are there. */
export function toGraphImage(image: Image, fields: readonly Field[]): Record<string, unknown> {
  const told: Record<string, unknown> = {}
  for (const field of fields) {
    const value = IMAGE_VALUES[field.name]?.(image, field)
    if (field.members.length > 0 && !NESTED.has(field.name)) {
      throw unknownField(`${field.name}.${field.members[0]}`)
    }
    if (value !== undefined) told[field.name] = value
  }
  return { ...told, id: image.id }
}

const IMAGE_VALUES: Record<string, (image: Image, field: Field) => unknown> = {
  id: ({ id }) => id,
  geometry: ({ geometry }) => geometry,
  // What was made up needs no correction.
  computed_geometry: ({ geometry }) => geometry,
  sequence: ({ properties }) => properties.sequence_id,
  captured_at: ({ properties }) => properties.captured_at,
  compass_angle: ({ properties }) => properties.compass_angle,
  computed_compass_angle: ({ properties }) => properties.compass_angle,
  altitude: ({ properties }) => properties.altitude,
  computed_altitude: ({ properties }) => properties.altitude,
  camera_type: ({ properties }) => properties.camera_type,
  is_pano: ({ properties }) => properties.is_pano,
  width: ({ properties }) => properties.width,
  height: ({ properties }) => properties.height,
  make: ({ properties }) => properties.make,
  model: ({ properties }) => properties.model,
  exif_orientation: () => 1,
  creator: ({ properties }, field) =>
    pick(properties.creator, field, ['username', 'id'], 'creator'),
  detections: (image, field) => ({
    data: image.properties.detections.map((detection) =>
      pick(detectionMembers(image, detection), field, USUAL_OF_NESTED, 'detections'),
    ),
  }),
}

/** Fields that Mapillary has: whoever asks for them gets an answer without them. */
const ABSENT_FIELDS = [
  'atomic_scale',
  'camera_parameters',
  'computed_rotation',
  'merge_cc',
  'mesh',
  'organization',
  'quality_score',
  'sfm_cluster',
  'thumb_256_url',
  'thumb_1024_url',
  'thumb_2048_url',
  'thumb_original_url',
]

const IMAGE_FIELDS = new Set([...Object.keys(IMAGE_VALUES), ...ABSENT_FIELDS])
const NESTED = new Set(['creator', 'detections', 'organization', 'mesh', 'sfm_cluster'])

const DETECTION_FIELDS = new Set(['id', 'value', 'created_at', 'geometry', 'image'])
const USUAL_OF_NESTED = ['value', 'created_at', 'geometry', 'id']

export const parseDetectionFields = (text: string | undefined): Field[] =>
  parseFields(text, DETECTION_FIELDS, ['id'])

export function toGraphDetections(
  image: Image,
  fields: readonly Field[],
): Record<string, unknown>[] {
  return image.properties.detections.map((detection) => {
    const all = detectionMembers(image, detection)
    const told: Record<string, unknown> = {}
    for (const field of fields) {
      if (field.name === 'image')
        told['image'] = pick(all.image, field, ['geometry', 'id'], 'image')
      else if (field.members.length > 0) throw unknownField(`${field.name}.${field.members[0]}`)
      else told[field.name] = all[field.name as keyof typeof all]
    }
    return { ...told, id: detection.id }
  })
}

function detectionMembers(image: Image, { id, value, created_at, geometry }: Detection) {
  return {
    id,
    value,
    created_at: toGraphTime(created_at),
    geometry,
    image: { geometry: image.geometry, id: image.id },
  }
}

/** `2021-05-22T15:20:45+0000` */
function toGraphTime(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, '+0000')
}
