/** What is compared with what: the "Speed" section of the design, without what is not built yet. */
export interface Ratio {
  name: string
  /** The target whose rate is divided, and the one whose rate it is divided by (`targets.ts`). */
  of: TargetName
  to: TargetName
  /** At least this. */
  target: number
  description: string
}

/** In the order in which they are loaded: what is compared is measured close in time. */
export const TARGET_NAMES = [
  'hello',
  'collection',
  'collections',
  'items',
  'cached-tile',
  'bare-token',
  'token',
  'token-many-clients',
  'oidc-provider-token',
] as const

export type TargetName = (typeof TARGET_NAMES)[number]

export const RATIOS: readonly Ratio[] = [
  {
    name: 'token-vs-bare',
    of: 'token',
    to: 'bare-token',
    target: 0.75,
    description: 'tokens, one client : bare node:http that parses, hashes and signs',
  },
  {
    name: 'token-vs-oidc-provider',
    of: 'token',
    to: 'oidc-provider-token',
    target: 2.3,
    description: 'tokens, one client : oidc-provider in memory, ES256 JWTs',
  },
  {
    name: 'many-clients-vs-one',
    of: 'token-many-clients',
    to: 'token',
    target: 0.9,
    description: 'tokens, many clients drawn uniformly, SQLite : tokens, one client',
  },
  {
    name: 'collection-vs-hello',
    of: 'collection',
    to: 'hello',
    target: 0.5,
    description: 'GET /maps/collections/{id} with a token : bare node:http hello',
  },
  {
    name: 'collections-vs-hello',
    of: 'collections',
    to: 'hello',
    target: 0.5,
    description: 'GET /maps/collections with a token : bare node:http hello',
  },
  {
    name: 'items-vs-hello',
    of: 'items',
    to: 'hello',
    target: 0.15,
    description: 'the places in a small box, with a token : bare node:http hello',
  },
  {
    name: 'cached-tile-vs-hello',
    of: 'cached-tile',
    to: 'hello',
    target: 0.5,
    description: 'a tile that has been drawn, gzip, with a token : bare node:http hello',
  },
]

/** One load of one target. */
export interface Sample {
  perSecond: number
  /** The part of one core that the server used, 0 to 1; null: not known. */
  busy: number | null
}

export interface RatioResult {
  name: string
  description: string
  /** Of the ratios of each round, each between neighbours in time. */
  median: number
  /** The smallest and the largest of them. */
  spread: [number, number]
  /**
   * The median again, of requests per second of the server's CPU time. It leaves out what the server
   * waited for; far from the median, it tells that other processes were in the way. null: not known.
   */
  byCpuTime: number | null
  target: number
  met: boolean
}

/** @param samples by target, one for each round */
export function compare(ratio: Ratio, samples: ReadonlyMap<TargetName, Sample[]>): RatioResult {
  const upper = samples.get(ratio.of) ?? []
  const lower = samples.get(ratio.to) ?? []
  const byRound = (rate: (sample: Sample) => number) =>
    upper.map((sample, round) => rate(sample) / (lower[round] ? rate(lower[round]) : NaN))
  const ratios = byRound((sample) => sample.perSecond)
  const middle = median(ratios)
  const byCpuTime = median(byRound(({ perSecond, busy }) => (busy ? perSecond / busy : NaN)))
  return {
    name: ratio.name,
    description: ratio.description,
    median: round3(middle),
    spread: [round3(Math.min(...ratios)), round3(Math.max(...ratios))],
    byCpuTime: Number.isNaN(byCpuTime) ? null : round3(byCpuTime),
    target: ratio.target,
    met: middle >= ratio.target,
  }
}

/** NaN when there is nothing to choose from. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? NaN)) / 2
}

function round3(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
