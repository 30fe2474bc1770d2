import { hash } from 'node:crypto'
import type { Geometry } from 'geojson'
import { dimensionOf } from '../../geo/geometry.ts'
import { parseGeometry } from '../../geo/parse-geometry.ts'
import { faultOfValue } from '../features/property-value.ts'
import type { Property } from '../store/collection-state.ts'
import { FEATURE_ID, isFeatureId } from '../store/feature-id.ts'
import { createValidTime } from '../store/valid-time.ts'
import { shortened, type SourceRecord } from './readers/reading.ts'
import { LONGEST_PROPERTY_NAME, MOST_PROPERTIES } from './schema-sketch.ts'

/** A feature that may be stored. */
export interface JudgedFeature {
  /** null: its record has none, `contentId` makes one. */
  id: string | null
  geometry: Geometry
  properties: Record<string, unknown>
}

/** What the features of a collection must be like. */
export interface Judgement {
  schema: ReadonlyMap<string, Property>
  dimension: 0 | 1 | 2
  /** The property that holds the ids, if one does. */
  idProperty: string | undefined
  validTime: ReturnType<typeof createValidTime>
}

export function judgementOf(schema: readonly Property[], dimension: 0 | 1 | 2): Judgement {
  return {
    schema: new Map(schema.map((property) => [property.name, property])),
    dimension,
    idProperty: schema.find(({ role }) => role === 'external-id')?.name,
    validTime: createValidTime(schema),
  }
}

/** @returns the feature, or what is wrong with the record, naming its member */
export function judgeRecord(record: SourceRecord, rules: Judgement): JudgedFeature | string {
  const { schema, dimension, idProperty, validTime } = rules
  const id = idOf(record, idProperty)
  if ('fault' in id) return id.fault
  if (record.geometry === null) return 'geometry: is missing'
  const parsed = parseGeometry(record.geometry)
  if (parsed.kind === 'refused') {
    const { path, reason } = parsed
    return `${path === 'geometry' ? path : `geometry: ${path}`} ${reason}`
  }
  const { type } = parsed.geometry
  if (dimensionOf(type) !== dimension) {
    return `geometry: type is ${type} where the collection holds ${DIMENSION_NAMES[dimension]}`
  }
  for (const name of Object.keys(record.properties)) {
    const property = schema.get(name)
    if (!property) return unknownProperty(name)
    const value = record.properties[name]
    const fault = faultOfValue(property, value)
    if (fault !== null) return `properties: ${shortened(name)} ${fault}, not ${valueText(value)}`
  }
  const { starts, ends } = validTime(record.properties)
  if (starts !== null && ends !== null && starts > ends) {
    return 'properties: its time ends before it starts'
  }
  return {
    id: id.text,
    geometry: parsed.geometry,
    properties: record.properties,
  }
}

/**
 * An id for a record without one: importing the same again gives the same.
 * @param occurrence how many records before it say the same
 */
export function contentId({ geometry, properties }: JudgedFeature, occurrence: number): string {
  const content = JSON.stringify([geometry, properties, ...(occurrence > 0 ? [occurrence] : [])])
  return hash('sha256', content, 'hex').slice(0, 24)
}

const DIMENSION_NAMES = ['points', 'lines', 'polygons']

/** Null: it has none. */
function idOf(
  record: SourceRecord,
  property: string | undefined,
): { text: string | null } | { fault: string } {
  const name = property === undefined ? 'id' : `properties: ${shortened(property)}`
  const value: unknown = property === undefined ? record.id : record.properties[property]
  if (value === undefined || value === null) {
    return property === undefined ? { text: null } : { fault: `${name} is missing: it is the id` }
  }
  if (
    typeof value === 'bigint' ||
    (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
  ) {
    return {
      fault: `${name} is a number beyond ±2^53, which is not kept exactly: write it as a text`,
    }
  }
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text === 'string' && isFeatureId(text)) return { text }
  return { fault: `${name} must be a number or ${FEATURE_ID}` }
}

function unknownProperty(name: string): string {
  if (name === '') return 'properties: one has an empty name'
  return name.length > LONGEST_PROPERTY_NAME
    ? `properties: a name has ${name.length} characters; at most ${LONGEST_PROPERTY_NAME} are allowed`
    : `properties: ${shortened(name)} is one too many; a collection has at most ${MOST_PROPERTIES}`
}

function valueText(value: unknown): string {
  // What JSON has beyond all numbers is read so, and would be told as null.
  if (typeof value === 'number' && !Number.isFinite(value)) return 'one beyond 1.8e308'
  if (typeof value === 'bigint') return `${value}`
  return shortened(typeof value === 'string' ? value : (JSON.stringify(value, stated) ?? ''))
}

function stated(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value
}
