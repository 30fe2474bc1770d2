import { hash } from 'node:crypto'
import { fromGeojsonVt } from '@maplibre/vt-pbf'
import type { SampleCollection, SampleFeature } from './sample-collection.ts'

/**
 * Street images that nobody took: three drives through Madison, Wisconsin, made up the same way each
 * time, so that applications for imagery have something to read. `synthetic` says so on every
 * feature, and the attribution wherever the data is shown.
 *
 * An image carries its detections, whose outlines are vector tiles in base64: layer `mpy-or`, extent
 * 4096, from the image's upper left corner. A sequence names its images in the order of the drive.
 */
export const images: SampleCollection = {
  collection: {
    id: 'images',
    title: 'Images',
    description: 'Places and directions of street images in Madison, Wisconsin, with detections.',
    ...madeUp(),
    madeOf: null,
  },
  definition: {
    schema: [
      { name: 'synthetic', type: 'boolean', title: 'Made up' },
      { name: 'sequence_id', type: 'string' },
      { name: 'captured_at', type: 'integer', description: 'Milliseconds since 1970' },
      { name: 'compass_angle', type: 'number', description: 'Degrees clockwise from north' },
      { name: 'altitude', type: 'number', description: 'Metres above the sea' },
      { name: 'camera_type', type: 'string' },
      { name: 'is_pano', type: 'boolean' },
      { name: 'width', type: 'integer', description: 'Pixels' },
      { name: 'height', type: 'integer', description: 'Pixels' },
      { name: 'make', type: 'string' },
      { name: 'model', type: 'string' },
      { name: 'creator', type: 'object' },
      { name: 'detections', type: 'object', description: 'What is seen in the image' },
    ],
    dimension: 0,
  },
  load: async () => loaded(DRIVES.flatMap(imagesOf)),
}

export const sequences: SampleCollection = {
  collection: {
    id: 'sequences',
    title: 'Sequences',
    description: 'The drives on which the images were taken.',
    ...madeUp(),
    madeOf: 'images',
  },
  definition: {
    schema: [
      { name: 'synthetic', type: 'boolean', title: 'Made up' },
      { name: 'name', type: 'string', title: 'Name', search: 'name' },
      { name: 'captured_at', type: 'integer', description: 'Milliseconds since 1970' },
      { name: 'is_pano', type: 'boolean' },
      { name: 'image_ids', type: 'object', description: 'In the order of the drive' },
    ],
    dimension: 1,
  },
  load: async () => loaded(DRIVES.map(sequenceOf)),
}

function madeUp() {
  return {
    customerId: null,
    visibility: 'public',
    attribution: 'Synthetic: made up by Mapgate, not photographed',
    licence: {
      name: 'CC0 1.0',
      url: 'https://creativecommons.org/publicdomain/zero/1.0/',
    },
  } as const
}

const loaded = (features: SampleFeature[]) => ({ total: features.length, features })

export interface Detection {
  id: string
  /** As Mapillary names what was seen: `object--street-light`. */
  value: string
  /** Epoch milliseconds. */
  created_at: number
  /** base64 */
  geometry: string
}

interface Drive {
  name: string
  from: readonly [longitude: number, latitude: number]
  to: readonly [longitude: number, latitude: number]
  startedAt: number
}

const DRIVES: readonly Drive[] = [
  {
    name: 'State Street',
    from: [-89.38545, 43.07505],
    to: [-89.39745, 43.07495],
    startedAt: Date.parse('2021-05-22T15:20:00Z'),
  },
  {
    name: 'East Washington Avenue',
    from: [-89.3815, 43.07715],
    to: [-89.3661, 43.08765],
    startedAt: Date.parse('2021-06-03T14:05:00Z'),
  },
  {
    name: 'John Nolen Drive',
    from: [-89.38055, 43.06895],
    to: [-89.3847, 43.05545],
    startedAt: Date.parse('2021-06-12T16:40:00Z'),
  },
]

const IMAGES_OF_A_DRIVE = 14
const SECONDS_BETWEEN_IMAGES = 4
const CREATOR = { id: '108800000000001', username: 'mapgate_sample' }

/** The image that the documentation of Mapillary asks for: the first of the first drive. */
const DOCUMENTED_IMAGE_ID = '169979785061521'

const VALUES = [
  'object--street-light',
  'object--fire-hydrant',
  'object--bench',
  'object--trash-can',
  'object--manhole',
  'object--traffic-light--general-upright',
  'object--sign--store',
  'regulatory--stop--g1',
  'construction--flat--crosswalk-plain',
] as const

function imagesOf(drive: Drive): SampleFeature[] {
  return indexes(IMAGES_OF_A_DRIVE).map((index) => {
    const id = imageId(drive, index)
    const capturedAt = drive.startedAt + index * SECONDS_BETWEEN_IMAGES * 1_000
    return {
      id,
      geometry: { type: 'Point', coordinates: positionOf(drive, index) },
      properties: {
        synthetic: true,
        sequence_id: sequenceId(drive),
        captured_at: capturedAt,
        compass_angle: bearing(drive),
        altitude: 260 + (draw(id, 'altitude') % 200) / 10,
        camera_type: 'perspective',
        is_pano: false,
        width: 4_000,
        height: 3_000,
        make: 'Mapgate',
        model: 'Synthetic',
        creator: CREATOR,
        detections: detectionsOf(id, capturedAt),
      },
    }
  })
}

function sequenceOf(drive: Drive): SampleFeature {
  const images = indexes(IMAGES_OF_A_DRIVE)
  return {
    id: sequenceId(drive),
    geometry: {
      type: 'LineString',
      coordinates: images.map((index) => positionOf(drive, index)),
    },
    properties: {
      synthetic: true,
      name: drive.name,
      captured_at: drive.startedAt,
      is_pano: false,
      image_ids: images.map((index) => imageId(drive, index)),
    },
  }
}

/** Found a minute after the image was taken; every image has one at least. */
function detectionsOf(imageId: string, capturedAt: number): Detection[] {
  return indexes(1 + (draw(imageId, 'detections') % 5)).map((index) => ({
    id: int64(`${imageId}/detection/${index}`),
    value: VALUES[draw(imageId, `value/${index}`) % VALUES.length]!,
    created_at: capturedAt + 45_000 + index * 1_000,
    geometry: outline(imageId, index),
  }))
}

/** An upright rectangle somewhere in the picture. */
function outline(imageId: string, index: number): string {
  const left = draw(imageId, `left/${index}`) % 3_600
  const top = draw(imageId, `top/${index}`) % 3_400
  const right = left + 40 + (draw(imageId, `width/${index}`) % 400)
  const bottom = top + 60 + (draw(imageId, `height/${index}`) % 600)
  const ring = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
    [left, top],
  ]
  const tile = {
    features: [{ type: 3, geometry: [ring], tags: {} }],
  } as unknown as Parameters<typeof fromGeojsonVt>[0][string]
  return Buffer.from(fromGeojsonVt({ 'mpy-or': tile }, { version: 2, extent: 4_096 })).toString(
    'base64',
  )
}

function positionOf({ from, to }: Drive, index: number): [number, number] {
  const part = index / (IMAGES_OF_A_DRIVE - 1)
  const between = (start: number, end: number) => Number((start + (end - start) * part).toFixed(6))
  return [between(from[0], to[0]), between(from[1], to[1])]
}

/** Degrees clockwise from north; the drives are short enough for a flat map. */
function bearing({ from, to }: Drive): number {
  const east = (to[0] - from[0]) * Math.cos((from[1] * Math.PI) / 180)
  const degrees = (Math.atan2(east, to[1] - from[1]) * 180) / Math.PI
  return Number(((degrees + 360) % 360).toFixed(2))
}

function imageId(drive: Drive, index: number): string {
  return drive === DRIVES[0] && index === 0
    ? DOCUMENTED_IMAGE_ID
    : int64(`${drive.name}/image/${index}`)
}

/** 22 letters, digits, - and _, as such ids have at Mapillary. */
function sequenceId({ name }: Drive): string {
  return hash('sha256', `mapgate sample/${name}`, 'base64url').slice(0, 22)
}

/** A number that the same text always gives: 16 digits, which JavaScript’s numbers hold too. */
function int64(text: string): string {
  const digest = hash('sha256', `mapgate sample/${text}`, 'buffer')
  return String(1_000_000_000_000_000n + (digest.readBigUInt64BE() % 8_000_000_000_000_000n))
}

function draw(imageId: string, what: string): number {
  return hash('sha256', `${imageId}/${what}`, 'buffer').readUInt32BE()
}

const indexes = (count: number) => Array.from({ length: count }, (_, index) => index)
