import { isObject, shortened } from './reading.ts'

/** What the columns of a CSV file mean: which hold the place, and of what type the others are. */
export interface CsvOptions {
  /** The names of the columns that hold degrees; by default usual ones are recognised. */
  longitude?: string
  latitude?: string
  /** One character; by default the one of `,` `;` tab that the header has most of. */
  delimiter?: string
  /** Of columns that are known already; those of others are guessed. */
  types?: ReadonlyMap<string, ColumnType>
}

export type ColumnType = 'string' | 'number' | 'integer' | 'boolean' | 'object'

/** Columns by their index. */
export interface PlaceColumns {
  /** Longitude and latitude, or none. */
  degrees: readonly number[]
  /** GeoJSON or a WKT point, for records without degrees; -1: there is none. */
  geometry: number
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
  if (longitude !== -1 && latitude !== -1) return { degrees: [longitude, latitude], geometry }
  if (geometry !== -1) return { degrees: [], geometry }
  return `has no columns for longitude (${LONGITUDES.join(', ')}) and latitude (${LATITUDES.join(', ')}), nor one named geometry`
}

const LONGITUDES = ['longitude', 'lon', 'lng', 'long', 'x']
const LATITUDES = ['latitude', 'lat', 'y']

/** The narrowest type that all of some texts have; empty ones fit any. */
export function guessType(texts: Iterable<string>): ColumnType {
  let [numbers, integers, booleans, objects, some] = [true, true, true, true, false]
  for (const text of texts) {
    if (text === '') continue
    some = true
    numbers &&= isNumber(text)
    integers &&= INTEGER.test(text)
    booleans &&= BOOLEAN.test(text)
    objects &&= /^[[{]/.test(text) && parsed(text) !== undefined
    if (!numbers && !booleans && !objects) return 'string'
  }
  if (!some) return 'string'
  if (booleans) return 'boolean'
  if (objects) return 'object'
  return integers ? 'integer' : 'number'
}

/** The value that a column's text stands for, null for none; undefined: the text does not fit. */
export function valueOf(text: string, type: ColumnType): unknown {
  if (text === '') return null
  switch (type) {
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
  return NUMBER.test(text) && text.length <= 25 && !/\d{16}/.test(text.split('.')[0]!)
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i
const INTEGER = /^-?(?:0|[1-9]\d{0,14})$/
const BOOLEAN = /^(?:true|false)$/i

/** A geometry out of a column: GeoJSON or a WKT point; undefined: neither. */
export function geometryOf(text: string): unknown {
  const [, longitude, latitude] = /^\s*POINT\s*\(\s*(\S+)\s+(\S+?)\s*\)\s*$/i.exec(text) ?? []
  if (longitude !== undefined) {
    return { type: 'Point', coordinates: [Number(longitude), Number(latitude)] }
  }
  const value = parsed(text)
  return isObject(value) ? value : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
