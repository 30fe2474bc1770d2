import { hash } from 'node:crypto'
import type { Feature, Geometry } from 'geojson'
import { type Box, boxContains, boxUnion, snapToZero } from '../../geo/box.ts'
import { boxOfGeometry } from '../../geo/geometry.ts'
import { type SearchRow, searchedOf, searchRowOf } from '../search/search-row.ts'
import type { Property } from './collection-state.ts'
import { createValidTime, type Interval, type ValidTime, widened } from './valid-time.ts'

/** What is known of a feature without reading it: its exact box and its valid time. */
export interface FeatureHead extends Box, ValidTime {
  key: number
}

/** With the feature as GeoJSON text. */
export interface Candidate extends FeatureHead {
  feature: string
}

/** A feature as both stores write it. */
export interface FeatureRow extends Candidate {
  id: string
  /** null: search does not find it. */
  search: SearchRow | null
}

export interface RowSource {
  id: string
  geometry: Geometry
  properties: Record<string, unknown>
}

/**
 * Makes rows of features: all properties of the schema in its order, null where there is none.
 * @returns throws RangeError when a geometry is empty
 */
export function createRows(
  schema: readonly Property[],
): (feature: RowSource, key?: number) => FeatureRow {
  const searched = searchedOf(schema)
  const validTime = createValidTime(schema)
  const names = schema.map(({ name }) => ({ name, label: `${JSON.stringify(name)}:` }))
  return ({ id, geometry, properties }, key = 0) => {
    const around = boxOfGeometry(geometry)
    if (!around) throw new RangeError('the geometry is empty')
    const box = {
      west: snapToZero(around.west),
      south: snapToZero(around.south),
      east: snapToZero(around.east),
      north: snapToZero(around.north),
    }
    // As text, because an object would sort names that look like numbers to the front.
    let members = ''
    for (const { name, label } of names) {
      const value = Object.hasOwn(properties, name) ? properties[name] : null
      members += `${members === '' ? '' : ','}${label}${JSON.stringify(value) ?? 'null'}`
    }
    return {
      key,
      id,
      ...box,
      ...validTime(properties),
      feature: `{"type":"Feature","id":${JSON.stringify(id)},"geometry":${JSON.stringify(geometry)},"properties":{${members}}}`,
      search: searched && searchRowOf(searched, { key, id, ...box }, properties),
    }
  }
}

/** Rows are made before it is known which key they get. */
export function setKey(row: FeatureRow, key: number): void {
  row.key = key
  if (row.search) row.search.key = key
}

export function parseFeature(text: string): Feature & RowSource {
  return JSON.parse(text) as Feature & RowSource
}

/** For If-Match: 132 bits in base64url. */
export const etagOf = (feature: string): string => hash('sha256', feature, 'base64url').slice(0, 22)

/** What is told of many features together. */
export interface Summary {
  featureCount: number
  extent: Box | null
  interval: Interval | null
}

export const EMPTY: Summary = { featureCount: 0, extent: null, interval: null }

export function withRow({ featureCount, extent, interval }: Summary, row: FeatureHead): Summary {
  return {
    featureCount: featureCount + 1,
    extent: extent ? (boxContains(extent, row) ? extent : boxUnion(extent, row)) : sidesOf(row),
    interval: widened(interval, row),
  }
}

export const sidesOf = ({ west, south, east, north }: Box): Box => ({ west, south, east, north })
