import { expect, it } from 'vitest'
import type { SearchQuery } from '../store/search-query.ts'
import { search, type SearchCursor } from './search.ts'
import type { SearchRow } from './search-row.ts'
import { runNow } from './steps.ts'

/** However much a database has. */
function endless(rowAt: (index: number) => SearchRow) {
  let read = 0
  const cursor = (): SearchCursor => ({
    next(count) {
      const first = read
      read += count
      return Array.from({ length: count }, (_, index) => rowAt(first + index))
    },
    close() {},
  })
  const byKeys = (keys: readonly number[]) => ({
    rows: keys.map((key) => ({ ...rowAt(key), starts: null, ends: null, feature: '{}' })),
    read: keys.length,
  })
  const source = { open: cursor, around: cursor, byKeys }
  return { source, read: () => read }
}

const query: Omit<SearchQuery, 'collectionIds'> = { text: 'p', limit: 10 }

it.each([
  ['by name', query],
  ['near a point', { ...query, near: [1, 1] as const }],
])('ends though there is no end of matches, %s', (_, asked) => {
  const name = (index: number) => `place ${index}`
  const place = { west: 1, south: 1, east: 1, north: 1 }
  const { source, read } = endless((key) => ({
    key,
    id: `${key}`,
    name: name(key),
    words: `${key} place`,
    ...place,
  }))
  const collections = Array.from({ length: 100 }, (_each, index) => ({
    id: `c${index}`,
    view: 'all' as const,
    source,
  }))
  const { hits, complete } = runNow(search(asked, collections))
  expect(hits).toHaveLength(10)
  expect(complete).toBe(false)
  // Three kinds of match at most, and batches that were begun.
  expect(read()).toBeLessThan(3 * 2 * (20_000 + 100 * 500))
})
