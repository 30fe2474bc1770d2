import { UnavailableError } from './unavailable.ts'

/**
 * Work that nobody waits for. It begins a random while after it was asked for, each piece after its
 * own, so that neither the time of an answer nor that of the calls right after it tells what was done,
 * and their order tells nothing either.
 *
 * A delay hides when something is done, not how much: whoever measures for long enough and often enough
 * finds a sum. So callers do alike whatever they found, and limit how often anybody may ask.
 */
export interface Background extends AsyncDisposable {
  /**
   * Returns at once. What the work throws is told to `onError`.
   * @param requestId names the call in the log
   * @throws UnavailableError when too many wait already
   */
  later(requestId: string, work: () => Promise<void>): void
}

/** Pieces of work, each a closure of some kilobytes. */
const MAXIMUM_WAITING = 1_000

/**
 * Disposing of it begins at once what still waits, one after the other, and waits for the end.
 * @param options.delay milliseconds, drawn for each piece
 */
export function createBackground({
  delay,
  onError,
}: {
  delay: () => number
  onError: (error: unknown, requestId: string) => void
}): Background {
  const waiting = new Map<NodeJS.Timeout, () => Promise<void>>()
  const running = new Set<Promise<void>>()

  return {
    later(requestId, work) {
      if (waiting.size >= MAXIMUM_WAITING) throw new UnavailableError('Too many wait already')
      const begin = async () => {
        try {
          await work()
        } catch (error) {
          onError(error, requestId)
        }
      }
      const timer = setTimeout(() => {
        waiting.delete(timer)
        const done = begin().finally(() => running.delete(done))
        running.add(done)
      }, delay())
      waiting.set(timer, begin)
    },

    async [Symbol.asyncDispose]() {
      for (const [timer, begin] of waiting) {
        clearTimeout(timer)
        waiting.delete(timer)
        await begin()
      }
      await Promise.all(running)
    },
  }
}
