/** Upper bounds of the latency buckets in milliseconds; one more bucket takes what is slower. */
export const BUCKET_BOUNDS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000] as const

/** The index of the bucket for a latency: the first whose bound it does not exceed. */
export function bucketOf(milliseconds: number): number {
  let index = 0
  while (index < BUCKET_BOUNDS.length && !(milliseconds <= BUCKET_BOUNDS[index]!)) index++
  return index
}

/**
 * The latency in milliseconds that a share `q` (0 to 1) of the requests did not exceed, estimated: in
 * the bucket that holds that request, the requests are taken to lie evenly between its two bounds.
 * The error is therefore at most the bucket's width. What lies in the last bucket, which has no upper
 * bound, is told as its lower one: at least 5000.
 * @param buckets the number of requests in each bucket, from the fastest
 * @returns null when there were no requests
 */
export function estimateQuantile(buckets: readonly number[], q: number): number | null {
  const total = buckets.reduce((sum, requests) => sum + requests, 0)
  if (total === 0) return null
  const rank = q * total
  let before = 0
  for (const [index, upper] of BUCKET_BOUNDS.entries()) {
    const requests = buckets[index] ?? 0
    if (requests > 0 && before + requests >= rank) {
      const lower = BUCKET_BOUNDS[index - 1] ?? 0
      return lower + ((upper - lower) * (rank - before)) / requests
    }
    before += requests
  }
  return BUCKET_BOUNDS.at(-1)!
}
