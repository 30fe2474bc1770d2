import { parseArgs } from 'node:util'
import { RATIOS } from './ratios.ts'

export interface Options {
  json: boolean
  help: boolean
  /** The name of one ratio, or `memory`; null: all. */
  only: string | null
  rounds: number
  milliseconds: number
  /** See `measure`. */
  leadInMilliseconds: number
  warmUpMilliseconds: number
  manyClients: number
  /** How long a server is idle before its memory is read. */
  settleSeconds: number
}

export const HELP = `Usage: npm run bench -- [options]

Measures Mapgate against other servers, side by side on one core under one load, as ratios: the
median of the rounds' ratios, with the smallest and the largest. Takes about five minutes.

  --only NAME      one of ${[...RATIOS.map((ratio) => ratio.name), 'memory'].join(', ')}
  --rounds N       rounds over all servers, 1 to 50 (5)
  --seconds N      seconds for each server in each round, 0.1 to 60 (3)
  --clients N      clients that requests of many-clients-vs-one are drawn from, 1 to 1000000 (200000)
  --quick          shows only that all works: 1 round of 0.4 s, 2000 clients
  --json           one JSON document on the standard output
  --help           this text

Progress goes to the standard error. The exit code is 1 when a server fails or answers wrongly, and
0 when a target is missed. Where taskset is missing, processes share the cores as the system likes.
`

/** @throws Error that says what is wrong with the arguments */
export function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      clients: { type: 'string' },
    },
  })
  const { quick, only = null } = values
  if (only !== null && only !== 'memory' && !RATIOS.some((ratio) => ratio.name === only)) {
    throw new Error(`--only knows no “${only}”`)
  }
  const seconds = parseNumber('--seconds', values.seconds, { least: 0.1, most: 60 })
  const rounds = parseNumber('--rounds', values.rounds, { least: 1, most: 50, whole: true })
  const clients = parseNumber('--clients', values.clients, { least: 1, most: 1e6, whole: true })
  return {
    json: values.json,
    help: values.help,
    only,
    rounds: rounds ?? (quick ? 1 : 5),
    milliseconds: (seconds ?? (quick ? 0.4 : 3)) * 1_000,
    // Mapgate writes behind after a second.
    leadInMilliseconds: quick ? 100 : 1_200,
    warmUpMilliseconds: quick ? 300 : 4_000,
    manyClients: clients ?? (quick ? 2_000 : 200_000),
    settleSeconds: quick ? 1 : 10,
  }
}

function parseNumber(
  name: string,
  text: string | undefined,
  bounds: { least: number; most: number; whole?: boolean },
): number | null {
  if (text === undefined) return null
  const value = Number(text)
  const fits = value >= bounds.least && value <= bounds.most
  if (fits && (!bounds.whole || Number.isInteger(value))) return value
  const kind = bounds.whole ? 'a whole number' : 'a number'
  throw new Error(`${name} must be ${kind} from ${bounds.least} to ${bounds.most}, not “${text}”`)
}
