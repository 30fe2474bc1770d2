import type { Geometry } from 'geojson'
import { columnOf } from '../import/readers/csv-columns.ts'
import type { CollectionState, Property } from '../store/collection-state.ts'
import { geometryIn, idIn, propertiesIn } from '../store/feature-text.ts'

/**
 * RFC 4180: `id`, the properties, and the place: of points longitude and latitude, of everything else,
 * and of points that have a height too, GeoJSON in `geometry`.
 */
export function csvHeader({ schema, dimension }: CollectionState): string {
  const names = schema.map(({ name }) => columnOf(name))
  return row(['id', ...names, ...(dimension === 0 ? ['longitude', 'latitude'] : []), 'geometry'])
}

export function csvRow({ schema, dimension }: CollectionState, text: string): string {
  const properties = propertiesIn(text)
  const values = schema.map(({ name, type }) => cell(properties[name], type))
  const geometry = geometryIn(text)
  if (dimension !== 0) return row([idIn(text), ...values, geometry])
  const place = JSON.parse(geometry) as Geometry
  const point = place.type === 'Point' ? place.coordinates : null
  const degrees = [String(point?.[0] ?? ''), String(point?.[1] ?? '')]
  return row([idIn(text), ...values, ...degrees, point?.length === 2 ? '' : geometry])
}

function cell(value: unknown, type: Property['type']): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' && (type !== 'object' || isPlain(value))
    ? value
    : JSON.stringify(value)
}

/** Whether a text among JSON cannot be taken for it. */
function isPlain(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch {
    return text !== ''
  }
}

function row(cells: readonly string[]): string {
  return `${cells.map(quoted).join(',')}\r\n`
}

/** Also what else may stand between columns, for readers that tell by the header which it is. */
function quoted(text: string): string {
  return /[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
