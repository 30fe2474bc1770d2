import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

/** Files that were sent to be imported, in a folder of this node: each is named by its job. */
export interface Spool {
  /** @throws TooLargeError */
  take(id: string, body: Readable): Promise<{ bytes: number }>
  pathOf(id: string): string
  has(id: string): Promise<boolean>
  remove(id: string): Promise<void>
  /** Removes those that no job needs. */
  sweep(needed: ReadonlySet<string>): Promise<void>
}

export class TooLargeError extends Error {
  override name = 'TooLargeError'
}

/** Whoever sends nothing for so long holds a connection on purpose. */
const PATIENCE_MILLISECONDS = 30_000
/** Files that come in meanwhile have no job yet. */
const SWEEP_AFTER_MILLISECONDS = 24 * 3_600_000

export function createSpool(options: { folder: string; maximumBytes: number }): Spool {
  const { folder, maximumBytes } = options
  const pathOf = (id: string) => join(folder, id)

  return {
    async take(id, body) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const file = await open(pathOf(id), 'wx', 0o600)
      const silence = setTimeout(
        () => body.destroy(new Error('the body of an import stopped coming')),
        PATIENCE_MILLISECONDS,
      )
      let bytes = 0
      try {
        // Ended before its end, the stream must stay: the answer goes out over its connection.
        for await (const chunk of body.iterator({ destroyOnReturn: false })) {
          silence.refresh()
          bytes += (chunk as Buffer).length
          if (bytes > maximumBytes) throw new TooLargeError('the body of an import is too large')
          await file.appendFile(chunk as Buffer)
        }
        return { bytes }
      } catch (error) {
        await rm(pathOf(id), { force: true })
        throw error
      } finally {
        clearTimeout(silence)
        await file.close()
      }
    },
    pathOf,
    has: (id) =>
      stat(pathOf(id)).then(
        () => true,
        () => false,
      ),
    remove: (id) => rm(pathOf(id), { force: true }),
    async sweep(needed) {
      const names = await readdir(folder).catch(() => [])
      for (const name of names.filter((each) => !needed.has(each))) {
        const { mtimeMs } = await stat(pathOf(name)).catch(() => ({ mtimeMs: Number.NaN }))
        if (Date.now() - mtimeMs > SWEEP_AFTER_MILLISECONDS) await rm(pathOf(name), { force: true })
      }
    },
  }
}
