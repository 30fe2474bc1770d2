import { expect, it } from 'vitest'
import type { FeatureHead, Summary } from './feature-rows.ts'
import { createTally } from './tally.ts'

const row = (
  [west, south, east, north]: [number, number, number, number],
  starts: number | null = null,
  ends: number | null = null,
): FeatureHead => ({ key: 1, west, south, east, north, starts, ends })

const before: Summary = {
  featureCount: 3,
  extent: { west: 0, south: 0, east: 10, north: 10 },
  interval: [100, null],
}
const inside = [4, 4, 5, 5] as [number, number, number, number]
const atWest = [0, 4, 5, 5] as [number, number, number, number]

/** @returns the sum; 'read': all rows have to be asked */
async function sumOf(changes: [FeatureHead | null, FeatureHead | null][], summary = before) {
  const tally = createTally(summary)
  for (const [old, now] of changes) {
    if (old) tally.remove(old)
    if (now) tally.add(now)
  }
  let isRead = false
  const sum = await tally.sum({
    summary() {
      isRead = true
      return summary
    },
  })
  return isRead ? 'read' : sum
}

it('asks no rows when the one that is gone was nowhere at an end', async () => {
  expect(await sumOf([[row(inside, 150, 200), null]])).toEqual({ ...before, featureCount: 2 })
  expect(await sumOf([[row(inside), row(inside, 50, 60)]])).toEqual({
    ...before,
    interval: [50, null],
  })
})

it('asks none when another keeps the end', async () => {
  expect(await sumOf([[row(atWest, 100, null), row(atWest, 100, null)]])).toEqual(before)
  expect(await sumOf([[row(atWest), row([-1, 4, 5, 5])]])).toMatchObject({ extent: { west: -1 } })
})

it.each<[string, FeatureHead, FeatureHead | null]>([
  ['a side', row(atWest), row(inside)],
  ['the beginning', row(inside, 100, 200), row(inside, 150, 200)],
  ['the open end', row(inside, 150, null), row(inside, 150, 200)],
  ['all', row(inside, 100, null), null],
])('asks all when %s may have been that of the one that is gone', async (_, old, now) => {
  expect(await sumOf([[old, now]])).toBe('read')
})

it('asks none of a large collection', async () => {
  const large = { ...before, featureCount: 20_002 }
  expect(await sumOf([[row(atWest), null]], large)).toEqual({ ...large, featureCount: 20_001 })
})

it('knows an empty collection', async () => {
  const one = { ...before, featureCount: 1 }
  expect(await sumOf([[row(atWest), null]], one)).toEqual({
    featureCount: 0,
    extent: null,
    interval: null,
  })
})
