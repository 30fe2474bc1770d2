import type { Property } from '../store/collection-state.ts'
import type { ImportOptions } from './import-options.ts'

/** A collection has at most so many properties. */
export const MOST_PROPERTIES = 1_000
/** Characters. */
export const LONGEST_PROPERTY_NAME = 200

/**
 * The schema of features that are looked at one by one: all properties that they have, in the order in
 * which they came, each of the narrowest type that fits all of its values. A collection's schema only
 * grows: what is in it keeps its type, so that the layers of clients stay as they are.
 */
export class SchemaSketch {
  readonly #known: ReadonlyMap<string, Property>
  readonly #found = new Map<string, Found>()
  /** How many geometries there are of points, lines and polygons. */
  readonly #dimensions = [0, 0, 0]
  readonly #mixed: Property['type']
  #features = 0

  /** @param mixed the type of a property whose values have several: of CSV, all that is text is one */
  constructor(known: readonly Property[], mixed: 'string' | 'object' = 'object') {
    this.#known = new Map(known.map((property) => [property.name, property]))
    this.#mixed = mixed
  }

  /** How many have been looked at. */
  get features(): number {
    return this.#features
  }

  add(geometry: unknown, properties: Record<string, unknown>): void {
    this.#features++
    const type = (geometry as { type?: unknown } | null)?.type
    const dimension = typeof type === 'string' ? DIMENSIONS.get(type) : undefined
    if (dimension !== undefined) this.#dimensions[dimension]!++
    for (const name of Object.keys(properties)) {
      const found = this.#found.get(name)
      if (found) found.add(properties[name])
      else if (!this.#known.has(name) && this.#hasRoomFor(name)) {
        const first = new Found()
        first.add(properties[name])
        this.#found.set(name, first)
      }
    }
  }

  /** That of most geometries; null: there are none. */
  dimension(): 0 | 1 | 2 | null {
    const most = Math.max(...this.#dimensions)
    return most === 0 ? null : (this.#dimensions.indexOf(most) as 0 | 1 | 2)
  }

  schema(options: ImportOptions): Property[] {
    const found = [...this.#found].map(([name, types]): Property => ({
      name,
      type: types.among(this.#mixed),
    }))
    return [...this.#known.values(), ...found].map((property) => meaningOf(property, options))
  }

  #hasRoomFor(name: string): boolean {
    return (
      this.#known.size + this.#found.size < MOST_PROPERTIES &&
      name !== '' &&
      name.length <= LONGEST_PROPERTY_NAME
    )
  }
}

/** The types of a property's values so far. */
class Found {
  readonly #types = new Set<Property['type']>()

  add(value: unknown): void {
    const type = typeOf(value)
    if (type) this.#types.add(type)
  }

  /** @param mixed what several make */
  among(mixed: Property['type']): Property['type'] {
    const types = [...this.#types]
    if (types.length === 0) return 'string'
    if (types.length === 1) return types[0]!
    return types.every((type) => type === 'integer' || type === 'number') ? 'number' : mixed
  }
}

/** Null: it has none, as null itself. */
function typeOf(value: unknown): Property['type'] | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint') return 'integer'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number'
  return typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'boolean' : 'object'
}

const DIMENSIONS = new Map<string, 0 | 1 | 2>([
  ['Point', 0],
  ['MultiPoint', 0],
  ['LineString', 1],
  ['MultiLineString', 1],
  ['Polygon', 2],
  ['MultiPolygon', 2],
])

/** What the platform takes from a property: as the options say, else as before, else by its name. */
function meaningOf(property: Property, options: ImportOptions): Property {
  const { role, search, ...rest } = property
  const { name, type } = property
  const chosen = ROLES.find(({ option }) => options[option] === name)?.role
  // A role that the options give to another property is no longer this one's.
  const isTaken = ROLES.some((each) => each.role === role && options[each.option] !== undefined)
  const usual = name === 'level' && type === 'integer' ? 'level' : undefined
  const roleNow = chosen ?? (isTaken ? undefined : (role ?? usual))
  const isName = name === 'name' && type === 'string'
  const isChosen = options.search ? options.search.includes(name) : search !== undefined
  const searchNow = search === 'name' || isName ? 'name' : isChosen ? 'text' : undefined
  return { ...rest, ...(roleNow && { role: roleNow }), ...(searchNow && { search: searchNow }) }
}

const ROLES = [
  { option: 'idProperty', role: 'external-id' },
  { option: 'start', role: 'start' },
  { option: 'end', role: 'end' },
  { option: 'instant', role: 'instant' },
] as const
