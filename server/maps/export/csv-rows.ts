import type { Geometry } from 'geojson'
import type { CollectionState } from '../store/collection-state.ts'
import { geometryIn, idIn, propertiesIn } from '../store/feature-text.ts'

/**
 * RFC 4180: `id`, the properties, and the place: of points longitude and latitude, of everything else
 * GeoJSON in `geometry`.
 */
export function csvHeader({ schema, dimension }: CollectionState): string {
  const names = schema.map(({ name }) =>
    SPECIAL.has(name.toLowerCase()) ? `properties.${name}` : name,
  )
  return row(['id', ...names, ...(dimension === 0 ? ['longitude', 'latitude'] : []), 'geometry'])
}

/** Names that mean something else to who reads it. */
const SPECIAL = new Set(['id', 'longitude', 'latitude', 'geometry'])

export function csvRow({ schema, dimension }: CollectionState, text: string): string {
  const properties = propertiesIn(text)
  const values = schema.map(({ name }) => cell(properties[name]))
  const geometry = geometryIn(text)
  if (dimension !== 0) return row([idIn(text), ...values, geometry])
  const place = JSON.parse(geometry) as Geometry
  const [longitude = '', latitude = ''] = place.type === 'Point' ? place.coordinates : []
  const rest = place.type === 'Point' ? '' : geometry
  return row([idIn(text), ...values, String(longitude), String(latitude), rest])
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function row(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\r\n`
}

function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
