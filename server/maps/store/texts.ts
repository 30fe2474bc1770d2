import type { GenerationReader } from './backend.ts'
import type { Candidate } from './feature-rows.ts'

/** Rows are read so many bytes of text at a time, and at least one: a text may have megabytes. */
export const BYTES_AT_A_TIME = 1_000_000

/** Of features that are given together, in characters. They are joined, hashed and sent while others wait. */
export const MAXIMUM_PAGE = 8_000_000

const KEYS_AT_A_TIME = 1_000

/** Rows in the order of the keys, some at a time; what is gone is left out. */
export async function* rowsByKeys(
  reader: Pick<GenerationReader, 'byKeys'>,
  keys: readonly number[],
): AsyncGenerator<Candidate[]> {
  for (let position = 0; position < keys.length;) {
    const { rows, read } = await reader.byKeys(keys.slice(position, position + KEYS_AT_A_TIME))
    position += read
    yield rows
  }
}
