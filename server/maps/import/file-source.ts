import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Source } from './readers/reading.ts'

/**
 * A file to import.
 * @param onBytes hears how far it has been read, from its start
 * @throws when it cannot be found
 */
export async function fileSource(path: string, onBytes?: (bytes: number) => void): Promise<Source> {
  const { size } = await stat(path)
  return {
    size,
    async *open() {
      let read = 0
      for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
        read += chunk.length
        onBytes?.(read)
        yield chunk
      }
    },
  }
}
