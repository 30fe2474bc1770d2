import type { GenerationReader } from './backend.ts'
import type { Candidate } from './feature-rows.ts'

/** Thrown by a metered reader: what is left to be read belongs in a worker. */
export class TooMuchTextError extends Error {
  override name = 'TooMuchTextError'
}

/**
 * A reader that gives up before more text than this is judged.
 * @param maximum characters
 */
export function metered(reader: GenerationReader, maximum: number): GenerationReader {
  let left = maximum
  function count(rows: readonly Candidate[]): void {
    for (const { feature } of rows) left -= feature.length
    if (left < 0) throw new TooMuchTextError()
  }
  return {
    ...reader,
    scan(ask, after) {
      const scan = reader.scan(ask, after)
      return {
        async next(many) {
          const batch = await scan.next(many)
          count(batch.rows)
          return batch
        },
      }
    },
    async byKeys(keys) {
      const batch = await reader.byKeys(keys)
      count(batch.rows)
      return batch
    },
  }
}
