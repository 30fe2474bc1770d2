import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Source } from './readers/reading.ts'

/**
 * A file to import.
 * @param onBytes hears how far it has been read, counted from its start
 * @throws Error when it cannot be found, or is no regular file: it is read twice
 */
export async function fileSource(path: string, onBytes?: (bytes: number) => void): Promise<Source> {
  const found = await stat(path)
  if (found.isDirectory()) throw new Error('it is a folder')
  if (!found.isFile()) throw new Error('it is no regular file, which could be read twice')
  const { size } = found
  return {
    size,
    async *open(from = 0, to = Infinity) {
      if (to <= from) return
      let read = from
      const stream = createReadStream(path, { start: from, end: to - 1 })
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        read += chunk.length
        onBytes?.(read)
        yield chunk
      }
    },
  }
}
