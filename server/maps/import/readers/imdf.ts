import { readGeoJson } from './geojson.ts'
import { createImdfIndex, type ImdfIndex } from './imdf-index.ts'
import {
  type GoodReading,
  isObject,
  type Reading,
  shortened,
  type Source,
  UnreadableError,
} from './reading.ts'
import { openZip, type ZipArchive } from './zip.ts'

/**
 * An IMDF archive (OGC 20-094, version 1.0.0): a zip of `manifest.json` and one GeoJSON file for each
 * type of feature. Its parts are read one after the other.
 */
export interface ImdfArchive {
  /** The types of which it has a file, in the order of the standard. */
  types: readonly ImdfType[]
  /**
   * The features of a type. Those without geometry get a place from what they refer to, or are faults;
   * each on a level gets the property `level`, the level's ordinal. Labels become text in the
   * archive's language; in others they are `name_fr` and the like.
   */
  read(type: ImdfType): AsyncGenerator<Reading>
}

/** OGC 20-094 §4: in the order in which they refer to each other. */
export const IMDF_TYPES = [
  'venue',
  'building',
  'footprint',
  'level',
  'unit',
  'section',
  'opening',
  'fixture',
  'kiosk',
  'detail',
  'geofence',
  'anchor',
  'amenity',
  'occupant',
  'address',
  'relationship',
] as const

export type ImdfType = (typeof IMDF_TYPES)[number]

/** @throws UnreadableError when it is no such archive */
export async function openImdf(source: Source): Promise<ImdfArchive> {
  const zip = await openZip(source)
  if (!zip.names.includes('manifest.json')) {
    throw new UnreadableError(0, 'has no manifest.json; it must be an IMDF archive')
  }
  const language = languageOf(await readManifest(zip))
  const types = IMDF_TYPES.filter((type) => zip.names.includes(`${type}.geojson`))
  if (types.length === 0) {
    throw new UnreadableError(0, 'has no features: no venue.geojson, unit.geojson or the like')
  }
  const index = await createImdfIndex(types, (type) => readPart(zip, type))
  return {
    types,
    async *read(type) {
      for await (const reading of readPart(zip, type)) {
        yield 'fault' in reading ? reading : placed(reading, type, index, language)
      }
    },
  }
}

/** What ends it says in which file. */
async function* readPart(zip: ZipArchive, type: ImdfType): AsyncGenerator<Reading> {
  const name = `${type}.geojson`
  try {
    yield* readGeoJson(zip.read(name))
  } catch (error) {
    if (!(error instanceof UnreadableError) || error.message.includes(name)) throw error
    throw new UnreadableError(error.line, `${name} ${error.message}`)
  }
}

const LARGEST_MANIFEST_BYTES = 1_024 * 1_024

async function readManifest(zip: ZipArchive): Promise<Record<string, unknown>> {
  const pieces: Uint8Array[] = []
  for await (const piece of zip.read('manifest.json', LARGEST_MANIFEST_BYTES)) {
    pieces.push(piece)
  }
  let manifest: unknown = null
  try {
    manifest = JSON.parse(Buffer.concat(pieces).toString('utf8'))
  } catch {
    // Said below.
  }
  if (!isObject(manifest)) throw new UnreadableError(0, 'manifest.json: is not a JSON object')
  const { version } = manifest
  if (typeof version !== 'string' || !version.startsWith('1.0.')) {
    throw new UnreadableError(
      0,
      `manifest.json: version ${shortened(String(version))} is not known; it must be 1.0.0`,
    )
  }
  return manifest
}

function languageOf({ language }: Record<string, unknown>): string {
  return typeof language === 'string' ? language : 'en'
}

function placed(reading: GoodReading, type: ImdfType, index: ImdfIndex, language: string): Reading {
  const { line, bytes, value } = reading
  const place = value.geometry === null ? index.placeOf(value) : null
  if (value.geometry === null && place === null) {
    return { line, fault: `has no geometry, and nothing that it refers to gives this ${type} one` }
  }
  const level = index.levelOf(value)
  return {
    line,
    bytes,
    value: {
      ...value,
      geometry: value.geometry ?? { type: 'Point', coordinates: place },
      properties: {
        ...withTexts(value.properties, language),
        ...(level !== null && { level }),
      },
    },
  }
}

/** OGC 20-094, LABELS: an object of texts by language. */
function withTexts(properties: Record<string, unknown>, language: string): Record<string, unknown> {
  const entries = Object.entries(properties).flatMap(([name, value]): [string, unknown][] => {
    if (!LABELS.has(name) || !isObject(value)) return [[name, value]]
    const main = language in value ? language : Object.keys(value)[0]
    return Object.entries(value).map(([each, text]) => [
      each === main ? name : `${name}_${each}`,
      text,
    ])
  })
  return Object.fromEntries(entries)
}

const LABELS = new Set(['name', 'alt_name', 'short_name'])
