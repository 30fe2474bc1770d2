import { badParameter } from '../../protocol/problem.ts'
import type { Property } from '../store/collection-state.ts'
import { propertiesIn, withProperties } from '../store/feature-text.ts'
import { createTurn } from '../store/turns.ts'
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
  const kept = Object.entries(propertiesIn(feature)).filter(([name]) => fields.has(name))
  return withProperties(feature, Object.fromEntries(kept))
}

/** Of many features; others have their turn meanwhile. */
export async function selectFieldsOfAll(
  features: readonly string[],
  fields: ReadonlySet<string>,
): Promise<string[]> {
  const turn = createTurn()
  const selected: string[] = []
  for (const feature of features) {
    if (turn.isOver()) await turn.yield()
    selected.push(selectFields(feature, fields))
  }
  return selected
}
