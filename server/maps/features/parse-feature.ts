import { dimensionOf } from '../../geo/geometry.ts'
import { parseGeometry, type SimpleGeometry } from '../../geo/parse-geometry.ts'
import type { Effort } from '../../geo/simple-rings.ts'
import { badParameter } from '../../protocol/problem.ts'
import type { NewFeature } from '../store/changes.ts'
import type { CollectionState, Property } from '../store/collection-state.ts'
import { FEATURE_ID, isFeatureId } from '../store/feature-id.ts'
import { createValidTime } from '../store/valid-time.ts'
import { requireCrs84 } from './member-crs.ts'
import { isObject } from './merge-patch.ts'
import { listed, shown } from './names.ts'
import { faultOfValue } from './property-value.ts'

/**
 * A feature of a body, judged by the collection's schema. A fault is named by where it is:
 * `features[3].properties.name`. Other members of GeoJSON, and of our own answers, are left out
 * (RFC 7946 §6.1).
 */

type Judge = Pick<CollectionState, 'schema' | 'dimension'>

/**
 * @param value as `parseExactJson` gives it
 * @param path of the value in the body; empty: the body
 * @param effort grows by what judging its geometry cost
 * @throws Problem 400 naming what is wrong
 */
export function parseFeature(
  value: unknown,
  path: string,
  judge: Judge,
  effort?: Effort,
): NewFeature {
  const at = (member: string) => (path === '' ? member : `${path}.${member}`)
  if (!isObject(value)) throw badParameter(path || 'body', 'must be a GeoJSON feature')
  if (value['type'] !== 'Feature') throw badParameter(at('type'), 'must be "Feature"')
  requireCrs84(value['crs'], at('crs'))
  return {
    id: parseId(value['id'], at('id')),
    geometry: parseFeatureGeometry(value['geometry'], at('geometry'), judge, effort),
    properties: parseProperties(value['properties'], at('properties'), judge.schema),
  }
}

function parseId(value: unknown, path: string): string | null {
  if (value === undefined || value === null) return null
  // RFC 7946 §3.2: a number or a text.
  if (
    typeof value === 'bigint' ||
    (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
  ) {
    throw badParameter(
      path,
      'is a number beyond ±2^53, which is not kept exactly: write it as a text',
    )
  }
  const id = typeof value === 'number' ? String(value) : value
  if (typeof id !== 'string' || !isFeatureId(id)) throw badParameter(path, `must be ${FEATURE_ID}`)
  return id
}

/** @throws Problem 400 naming what is wrong */
export function parseFeatureGeometry(
  value: unknown,
  path: string,
  { dimension }: Pick<Judge, 'dimension'>,
  effort?: Effort,
): SimpleGeometry {
  if (value === undefined || value === null) {
    throw badParameter(path, 'is missing: every feature has a place')
  }
  const parsed = parseGeometry(value, effort && { effort })
  if (parsed.kind === 'refused') {
    const inner = parsed.path === 'geometry' ? '' : `.${parsed.path}`
    throw badParameter(`${path}${inner}`, parsed.reason)
  }
  const { geometry } = parsed
  if (dimension !== null && dimensionOf(geometry.type) !== dimension) {
    throw badParameter(
      `${path}.type`,
      `must be ${KINDS[dimension]} in this collection, not ${geometry.type}`,
    )
  }
  return geometry
}

const KINDS = {
  0: 'Point or MultiPoint',
  1: 'LineString or MultiLineString',
  2: 'Polygon or MultiPolygon',
}

/** @throws Problem 400 naming what is wrong */
export function parseProperties(
  value: unknown,
  path: string,
  schema: readonly Property[],
): Record<string, unknown> {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw badParameter(path, 'must be an object')
  const known = new Map(schema.map((property) => [property.name, property]))
  for (const [name, member] of Object.entries(value)) {
    const property = known.get(name)
    if (!property) {
      const all = known.size > 0 ? ` (${listed([...known.keys()])})` : ''
      throw badParameter(`${path}.${shown(name)}`, `is not a property of this collection${all}`)
    }
    const fault = faultOfValue(property, member)
    if (fault) throw badParameter(`${path}.${shown(name)}`, fault)
  }
  const { starts, ends } = createValidTime(schema)(value)
  if (starts !== null && ends !== null && starts > ends) {
    const end = schema.find(({ role }) => role === 'end')
    throw badParameter(`${path}.${end?.name ?? 'end'}`, 'must not be before the start')
  }
  return value
}
