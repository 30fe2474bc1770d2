import type { Box, LonLat } from '../../geo/box.ts'

/** What is looked for by words (`maps/search/`). */
export interface SearchQuery {
  text: string
  collectionIds: readonly string[]
  /** Of matches that are as good, the nearer come first. */
  near?: LonLat
  boxes?: readonly Box[]
  limit: number
  /** How many features of a kind of match are ranked, as `maps/search/search.ts` says; default: 20,000. */
  most?: number
}

export interface SearchResult {
  /** Best first. */
  hits: SearchHit[]
  /** False: there were more to look at, or more to give, than one search may. */
  complete: boolean
}

export interface SearchHit {
  collectionId: string
  /** GeoJSON feature as text. */
  feature: string
  /** From `near`; null: there was none. */
  metres: number | null
  match: 'exact' | 'prefix' | 'word'
}
