import { mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { isDiskFull } from '../../../database/unavailable.ts'
import { NODE_FILE } from './node-id.ts'

/** Files that were sent to be imported, in a folder of this node: each is named by its job. */
export interface Spool {
  /** @throws TooLargeError, NoRoomError */
  take(id: string, body: Readable): Promise<{ bytes: number }>
  pathOf(id: string): string
  has(id: string): Promise<boolean>
  remove(id: string): Promise<void>
  /** Removes those that no job needs. @param needed asked after it is known which there are */
  sweep(needed: () => Promise<Iterable<string>>): Promise<void>
}

export class TooLargeError extends Error {
  override name = 'TooLargeError'
}

/** The disk has no room for it. */
export class NoRoomError extends Error {
  override name = 'NoRoomError'
}

/** What is left for the databases: a full disk would bring down all that writes. */
const SPARED_BYTES = 1_073_741_824
/** How much comes in before the disk is asked again. */
const ASK_AGAIN_BYTES = 64 * 1_024 * 1_024

/** Whoever sends nothing for so long holds a connection on purpose. */
const PATIENCE_MILLISECONDS = 30_000
/** @param options.sparedBytes of the disk that no file may take */
export function createSpool(options: {
  folder: string
  maximumBytes: number
  sparedBytes?: number
}): Spool {
  const { folder, maximumBytes, sparedBytes = SPARED_BYTES } = options
  const pathOf = (id: string) => join(folder, id)

  async function requireRoom(): Promise<void> {
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize < sparedBytes) throw new NoRoomError('the disk is nearly full')
  }

  /** @returns how many bytes; what cannot be taken whole leaves no file */
  async function write(id: string, body: Readable): Promise<number> {
    const file = await open(pathOf(id), 'wx', 0o600)
    const silence = setTimeout(
      () => body.destroy(new Error('the body of an import stopped coming')),
      PATIENCE_MILLISECONDS,
    )
    let bytes = 0
    let asked = 0
    try {
      // Ended before its end, the stream must stay: the answer goes out over its connection.
      for await (const chunk of body.iterator({ destroyOnReturn: false })) {
        silence.refresh()
        bytes += (chunk as Buffer).length
        if (bytes > maximumBytes) throw new TooLargeError('the body of an import is too large')
        await file.appendFile(chunk as Buffer)
        if (bytes - asked < ASK_AGAIN_BYTES) continue
        asked = bytes
        await requireRoom()
      }
      return bytes
    } catch (error) {
      await rm(pathOf(id), { force: true })
      throw error
    } finally {
      clearTimeout(silence)
      await file.close()
    }
  }

  return {
    async take(id, body) {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await requireRoom()
        return { bytes: await write(id, body) }
      } catch (error) {
        if (isDiskFull(error)) throw new NoRoomError('the disk is full', { cause: error })
        throw error
      }
    },
    pathOf,
    async has(id) {
      try {
        await stat(pathOf(id))
        return true
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
        throw error
      }
    },
    remove: (id) => rm(pathOf(id), { force: true }),
    async sweep(needed) {
      const names = await readdir(folder).catch(() => [])
      const files = names.filter((name) => !name.startsWith(NODE_FILE))
      if (files.length === 0) return
      const kept = new Set(await needed())
      for (const name of files) if (!kept.has(name)) await rm(pathOf(name), { force: true })
    },
  }
}
