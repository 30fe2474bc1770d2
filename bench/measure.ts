import { setTimeout as sleep } from 'node:timers/promises'
import type { Generator } from './processes.ts'
import type { Sample, TargetName } from './ratios.ts'
import type { Target } from './targets.ts'

/** Keep-alive connections that a load uses. */
const CONNECTIONS = 32

/**
 * Loads the targets one at a time: a warm-up of each, then rounds over all of them, so that what
 * slows the machine down for a while slows neighbours alike.
 * @returns one sample a round, by target
 * @throws Error when a server answers anything but 2xx, or nothing
 */
export async function measure(options: {
  targets: Target[]
  generator: Generator
  rounds: number
  milliseconds: number
  /** Load before each counting, and silence after it: time for what servers write behind. */
  leadInMilliseconds: number
  warmUpMilliseconds: number
  progress: (line: string) => void
}): Promise<Map<TargetName, Sample[]>> {
  const { targets, generator, rounds, progress } = options
  const samples = new Map<TargetName, Sample[]>(targets.map(({ name }) => [name, []]))

  async function load(target: Target, milliseconds: number, seed: number): Promise<Sample> {
    const { completed, failed, firstFailure, perSecond, busy } = await generator.run({
      target: target.name,
      ...target.source,
      port: target.server.port,
      pid: target.server.pid,
      connections: CONNECTIONS,
      leadInMilliseconds: options.leadInMilliseconds,
      milliseconds,
      seed,
    })
    if (failed > 0) {
      throw new Error(`${target.name}: ${failed} requests failed, the first with: ${firstFailure}`)
    }
    if (completed === 0) throw new Error(`${target.name}: nothing was answered`)
    await sleep(options.leadInMilliseconds)
    return { perSecond, busy }
  }

  for (const target of targets) {
    progress(`warming up ${target.name}`)
    await load(target, options.warmUpMilliseconds, 0)
  }
  for (let round = 1; round <= rounds; round++) {
    progress(`round ${round} of ${rounds}`)
    for (const target of targets) {
      samples.get(target.name)!.push(await load(target, options.milliseconds, round))
    }
  }
  return samples
}
