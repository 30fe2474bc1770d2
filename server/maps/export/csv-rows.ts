import type { Feature } from 'geojson'
import type { CollectionState } from '../store/collection-state.ts'

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
  const { id, geometry, properties } = JSON.parse(text) as Feature
  const values = schema.map(({ name }) => cell(properties?.[name]))
  const point = dimension === 0 && geometry.type === 'Point' ? geometry.coordinates : null
  const place = dimension === 0 ? [String(point?.[0] ?? ''), String(point?.[1] ?? '')] : []
  return row([String(id), ...values, ...place, point ? '' : JSON.stringify(geometry)])
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
