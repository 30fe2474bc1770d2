import { parseExactJson } from '../../../lib/exact-json.ts'
import { isObject, shortened } from './reading.ts'

/** What the columns of a CSV file mean: which hold the place, and of what type the others are. */
export interface CsvOptions {
  /** The names of the columns that hold degrees; by default usual ones are recognised. */
  longitude?: string
  latitude?: string
  /** One character; by default the one of `,` `;` tab that the header has most of. */
  delimiter?: string
  /** Of properties; a value of another one gets the narrowest type that fits it. */
  types?: ReadonlyMap<string, ColumnType>
}

export type ColumnType = 'string' | 'number' | 'integer' | 'boolean' | 'object'

/** Columns by their index. */
export interface PlaceColumns {
  /** Longitude and latitude, or none. */
  degrees: readonly number[]
  /** GeoJSON or a WKT point; -1: there is none. */
  geometry: number
  /** Degrees that somebody named count before the geometry, others only where that is empty. */
  degreesFirst: boolean
  /** Columns that are the place and nothing else. */
  special: readonly number[]
}

/** @returns where the place of a record stands, or what is wrong with the header */
export function placeColumns(
  header: readonly string[],
  options: CsvOptions,
): PlaceColumns | string {
  const lower = header.map((name) => name.toLowerCase())
  const find = (names: readonly string[]) =>
    names.map((name) => lower.indexOf(name)).find((index) => index !== -1) ?? -1
  const named = (name: string) => header.indexOf(name)
  const longitude = options.longitude === undefined ? find(LONGITUDES) : named(options.longitude)
  const latitude = options.latitude === undefined ? find(LATITUDES) : named(options.latitude)
  const geometry = lower.indexOf('geometry')
  if (options.longitude !== undefined && longitude === -1) {
    return `has no column ${shortened(options.longitude)}`
  }
  if (options.latitude !== undefined && latitude === -1) {
    return `has no column ${shortened(options.latitude)}`
  }
  const degreesFirst = options.longitude !== undefined || options.latitude !== undefined
  if (longitude !== -1 && latitude !== -1) {
    const degrees = [longitude, latitude]
    // Beside a geometry, columns such as x and y may be anything.
    const isPlace = (index: number) =>
      geometry === -1 || degreesFirst || PLACE_NAMES.has(lower[index]!)
    return {
      degrees,
      geometry,
      degreesFirst,
      special: [geometry, ...degrees.filter(isPlace)],
    }
  }
  if (geometry !== -1) return { degrees: [], geometry, degreesFirst, special: [geometry] }
  return `has no columns for longitude (${LONGITUDES.join(', ')}) and latitude (${LATITUDES.join(', ')}), nor one named geometry`
}

/**
 * The names of properties in a header, which differ from those of columns that mean something else:
 * `properties.id` is the property `id`.
 */
export function columnOf(property: string): string {
  return AMBIGUOUS.test(property) ? `properties.${property}` : property
}

/** The property of a column that `columnOf` named. */
export function propertyOf(column: string): string {
  const inner = /^properties\.(.+)$/s.exec(column)?.[1]
  return inner !== undefined && AMBIGUOUS.test(inner) ? inner : column
}

/** So that every property has a column of its own, also one that is called `properties.id`. */
const AMBIGUOUS = /^(?:properties\.)*(?:id|longitude|latitude|geometry)$/i
const PLACE_NAMES = new Set(['longitude', 'latitude'])

const LONGITUDES = ['longitude', 'lon', 'lng', 'long', 'x']
const LATITUDES = ['latitude', 'lat', 'y']

/** The narrowest type that a text has; not ''. */
function typeOf(text: string): ColumnType {
  if (BOOLEAN.test(text)) return 'boolean'
  if (isNumber(text)) return INTEGER.test(text) ? 'integer' : 'number'
  return /^[[{]/.test(text) && parsed(text) !== undefined ? 'object' : 'string'
}

/**
 * The value that a column's text stands for, null for none; undefined: the text does not fit.
 * @param type undefined: it is not known yet
 */
export function valueOf(text: string, type: ColumnType | undefined): unknown {
  if (text === '') return null
  switch (type ?? typeOf(text)) {
    case 'string':
      return text
    case 'number':
    case 'integer':
      return isNumber(text) ? Number(text) : undefined
    case 'boolean':
      return BOOLEAN.test(text) ? text.toLowerCase() === 'true' : undefined
    case 'object':
      return parsed(text) ?? text
  }
}

/** A leading zero or many digits make a code, which as a number would be another one. */
function isNumber(text: string): boolean {
  return (
    NUMBER.test(text) &&
    text.length <= 25 &&
    !/\d{16}/.test(text.split('.')[0]!) &&
    Number.isFinite(Number(text))
  )
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i
const INTEGER = /^-?(?:0|[1-9]\d{0,14})$/
const BOOLEAN = /^(?:true|false)$/i

/** A geometry out of a column: GeoJSON or a WKT point; undefined: neither. */
export function geometryOf(text: string): unknown {
  const [, longitude, latitude] = /^\s*POINT\s*\(\s*(\S+)\s+(\S+?)\s*\)\s*$/i.exec(text) ?? []
  if (longitude !== undefined && latitude !== undefined) {
    const coordinates = [degreesOf(longitude), degreesOf(latitude)]
    return coordinates.includes(null) ? undefined : { type: 'Point', coordinates }
  }
  const value = parsed(text)
  return isObject(value) ? value : undefined
}

/** A decimal number; null: the text is something else. */
export function degreesOf(text: string): number | null {
  return DECIMAL.test(text) && Number.isFinite(Number(text)) ? Number(text) : null
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

function parsed(text: string): unknown {
  try {
    return parseExactJson(text)
  } catch {
    return undefined
  }
}
