import type { Feature } from 'geojson'
import { badParameter } from '../../protocol/problem.ts'
import type { Property } from '../store/collection-state.ts'
import { listed, shown } from './names.ts'

/**
 * Reads `fields`: names of properties, separated by commas.
 * @returns in the order of the schema; null: all
 * @throws Problem 400 naming a property that there is not
 */
export function parseFields(
  text: string | undefined,
  schema: readonly Property[],
): ReadonlySet<string> | null {
  if (text === undefined) return null
  const names = new Set(schema.map(({ name }) => name))
  // Names may hold commas themselves; then the whole text may be one.
  const asked = new Set(names.has(text) ? [text] : text.split(',').filter((name) => name !== ''))
  for (const name of asked) {
    if (!names.has(name)) {
      const all = names.size > 0 ? ` (${listed([...names])})` : ''
      throw badParameter('fields', `"${shown(name)}" is not a property of this collection${all}`)
    }
  }
  return asked
}

/** A feature with these properties only. */
export function selectFields(feature: string, fields: ReadonlySet<string>): string {
  const { properties, ...rest } = JSON.parse(feature) as Feature
  const kept = Object.entries(properties ?? {}).filter(([name]) => fields.has(name))
  return JSON.stringify({ ...rest, properties: Object.fromEntries(kept) })
}
