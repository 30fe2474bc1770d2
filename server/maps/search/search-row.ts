import type { Box } from '../../geo/box.ts'
import { normalise, wordsOf } from './normalise.ts'

/** What the search index of a generation keeps of a feature. */
export interface SearchRow extends Box {
  key: number
  id: string
  /** Normalised; '' when it has none. */
  name: string
  /** Of the name and all other searched properties, joined by single spaces. */
  words: string
}

/** Of a property schema: what search looks at. */
export interface Searched {
  /** The first property with `search: 'name'`. */
  name: string | null
  others: readonly string[]
}

/** @returns null: nothing in the collection is found by search */
export function searchedOf(
  schema: readonly { name: string; search?: 'name' | 'text' }[],
): Searched | null {
  const properties = schema.filter(({ search }) => search !== undefined)
  if (properties.length === 0) return null
  const name = properties.find(({ search }) => search === 'name')?.name ?? null
  return {
    name,
    others: properties.map((property) => property.name).filter((other) => other !== name),
  }
}

/** @returns null: there is nothing to find it by */
export function searchRowOf(
  searched: Searched,
  { key, id, west, south, east, north }: Box & { key: number; id: string },
  properties: Readonly<Record<string, unknown>>,
): SearchRow | null {
  const name = searched.name === null ? '' : textsOf(properties[searched.name]).join(' ')
  const others = searched.others.flatMap((property) => textsOf(properties[property]))
  const words = wordsOf([name, ...others]).join(' ')
  if (words === '') return null
  return { key, id, name: normalise(name), words, west, south, east, north }
}

/** Texts and numbers, also in lists of them. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number') return [String(value)]
  return Array.isArray(value) ? value.slice(0, MOST_TEXTS).flatMap(textsOfMember) : []
}

function textsOfMember(value: unknown): string[] {
  return Array.isArray(value) ? [] : textsOf(value)
}

/** Of one list. */
const MOST_TEXTS = 50
