import { UnavailableError } from './unavailable.ts'

/**
 * Runs few things at once, for work that takes much memory and time; the others wait their turn.
 * @throws UnavailableError when too many wait already
 */
export function createBoundedQueue(options: { atOnce: number; waiting: number }) {
  const queue: (() => void)[] = []
  let running = 0

  return async function run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (running < options.atOnce) running++
    else {
      if (queue.length >= options.waiting) throw new UnavailableError('Too many wait already')
      // Whoever ends hands its place over.
      await new Promise<void>((resolve) => queue.push(resolve))
    }
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else running--
    }
  }
}
