import { describe, expect, it } from 'vitest'
import { BUCKET_BOUNDS, bucketOf, estimateQuantile } from './histogram.ts'

function bucketsOf(...latencies: number[]): number[] {
  const buckets = [...BUCKET_BOUNDS, 'more'].map(() => 0)
  for (const latency of latencies) buckets[bucketOf(latency)]!++
  return buckets
}

describe('the buckets', () => {
  it('take what is at most their bound', () => {
    expect([0, 1, 1.01, 2, 5000, 5000.1, Number.NaN].map(bucketOf)).toEqual([
      0, 0, 1, 1, 10, 11, 11,
    ])
  })
})

describe('a quantile', () => {
  it('lies within the bucket of the request it stands for', () => {
    expect(estimateQuantile(bucketsOf(7, 7, 7, 7), 0.5)).toBe(7.5)
    expect(estimateQuantile(bucketsOf(7, 7, 7, 7), 1)).toBe(10)
    expect(estimateQuantile(bucketsOf(0.5, 300), 0.5)).toBe(1)
    expect(estimateQuantile(bucketsOf(0.5, 300), 0.75)).toBe(375)
  })

  it('of the slowest is at least the last bound', () => {
    expect(estimateQuantile(bucketsOf(9000), 0.5)).toBe(5000)
  })

  it('of nothing is nothing', () => {
    expect(estimateQuantile(bucketsOf(), 0.5)).toBeNull()
  })
})
