import type { Box, LonLat } from '../../geo/box.ts'
import { distanceMetres } from '../../geo/distance.ts'
import { normalise, splitTokens } from './normalise.ts'
import type { SearchRow } from './search-row.ts'

/** How a feature was found, best first. */
export const MATCHES = ['exact', 'prefix', 'word'] as const

/**
 * - `exact`: its name is the query
 * - `prefix`: its name begins with it
 * - `word`: each token of the query begins a word of the name or of another searched property
 */
export type Match = (typeof MATCHES)[number]

/** A query as it is compared. */
export interface Wanted {
  /** Normalised; not ''. */
  text: string
  /** Each once. */
  tokens: readonly string[]
}

/** @returns null: it has no letters or digits, so it finds nothing */
export function wantedOf(query: string): Wanted | null {
  const text = normalise(query)
  return text === '' ? null : { text, tokens: [...new Set(splitTokens(text))] }
}

/** @returns null: the row is not what is wanted */
export function matchOf({ text, tokens }: Wanted, row: SearchRow): Match | null {
  if (row.name === text) return 'exact'
  if (row.name.startsWith(text)) return 'prefix'
  const words = ` ${row.words}`
  return tokens.every((token) => words.includes(` ${token}`)) ? 'word' : null
}

/** What the order of hits depends on. */
export interface Ranked {
  match: Match
  /** Null when the search is near nothing. */
  metres: number | null
  /** Of the name in characters; Infinity: it has none. */
  length: number
  id: string
  collectionId: string
}

/** The better one first: by match, distance, shorter name, id, collection. */
export function compareRanks(a: Ranked, b: Ranked): number {
  return (
    MATCHES.indexOf(a.match) - MATCHES.indexOf(b.match) ||
    (a.metres ?? 0) - (b.metres ?? 0) ||
    (a.length === b.length ? 0 : a.length - b.length) ||
    compareText(a.id, b.id) ||
    compareText(a.collectionId, b.collectionId)
  )
}

/** In characters, as both databases count them. */
export function lengthOf(name: string): number {
  return name === '' ? Infinity : Array.from(name).length
}

/** By code points, as both databases compare (UTF-8), not by UTF-16 units. */
function compareText(a: string, b: string): number {
  if (a === b) return 0
  let index = 0
  while (a.charCodeAt(index) === b.charCodeAt(index)) index++
  // In the middle of a pair: the halves before are the same, so these decide alike.
  return (a.codePointAt(index) ?? -1) - (b.codePointAt(index) ?? -1)
}

/** To the box around a feature: 0 within it. The box of a point is the point. */
export function metresToBox(
  [longitude, latitude]: LonLat,
  { west, south, east, north }: Box,
): number {
  const nearest = Math.max(south, Math.min(north, latitude))
  if (west <= longitude && longitude <= east) {
    return distanceMetres([longitude, latitude], [longitude, nearest])
  }
  return Math.min(
    distanceMetres([longitude, latitude], [west, nearest]),
    distanceMetres([longitude, latitude], [east, nearest]),
  )
}
