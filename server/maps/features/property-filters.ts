import { badParameter } from '../../protocol/problem.ts'
import type { Property } from '../store/collection-state.ts'
import { listed, shown } from './names.ts'

type Value = string | number | boolean
type Query = Record<string, string | string[] | undefined>

/**
 * Filters by properties (17-069r4 §7.15.5): a parameter that is named as a property of the schema.
 * Properties that are named as a parameter of the endpoint cannot be asked for.
 * @param known the endpoint's own parameters
 * @returns null when there are none
 * @throws Problem 400 naming what the collection does not have (17-069r4 §7.6), or a wrong value
 */
export function parseFilters(
  query: Query,
  known: ReadonlySet<string>,
  schema: readonly Property[],
): ReadonlyMap<string, Value> | null {
  let filters: Map<string, Value> | null = null
  for (const name in query) {
    if (known.has(name)) continue
    const property = schema.find((each) => each.name === name && isFilterable(each))
    if (!property) throw unknownParameter(name, known, schema)
    const text = query[name]
    if (typeof text !== 'string') throw badParameter(shown(name), 'must be there only once')
    const value = valueOf(property, text)
    if (value === null) throw badParameter(shown(name), `must be ${NAMES[property.type]}`)
    filters ??= new Map()
    filters.set(name, value)
  }
  return filters
}

/** JSON has no one text to compare with. */
export const isFilterable = ({ type }: Property) => type !== 'object'

function unknownParameter(name: string, known: ReadonlySet<string>, schema: readonly Property[]) {
  const properties = schema.filter(isFilterable).map((property) => property.name)
  return badParameter(
    shown(name),
    `is not a parameter of this endpoint (${listed([...known])})` +
      (properties.length > 0 ? ` nor a property to filter by (${listed(properties)})` : ''),
  )
}

function valueOf({ type }: Property, text: string): Value | null {
  switch (type) {
    case 'number':
      return NUMBER.test(text) && Number.isFinite(Number(text)) ? Number(text) : null
    case 'integer':
      return /^[+-]?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))
        ? Number(text)
        : null
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : null
    case 'string':
    case 'object':
      return text
  }
}

const NUMBER = /^[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})(e[+-]?\d{1,3})?$/i

const NAMES: Record<Property['type'], string> = {
  number: 'a number',
  integer: 'an integer',
  boolean: 'true or false',
  string: 'a text',
  object: 'JSON',
}
