import type { MapWriter } from './backend.ts'
import { NoRoomError } from './changes.ts'

/**
 * Keeps what an import stores within bounds: of the disk, a reserve is left for all else that writes;
 * and of what was sent, it may be some times as much. A feature is stored with all properties of its
 * collection, so a few long names can make little become a lot.
 */
export interface Room {
  /** About how many bytes are stored by now. */
  stored(): number
  /**
   * To be called before something is stored.
   * @param sources characters of what was stored before, that this is made of
   * @throws NoRoomError when it would be too much for what was sent
   */
  take(rows: readonly { feature: string }[], sources?: number): void
  /** Asks the disk now and then. @throws NoRoomError */
  look(): Promise<void>
}

/** @param options.sentBytes of the file that is imported; Infinity: it may be any */
export function createRoom(options: {
  writer: Pick<MapWriter, 'freeBytes'>
  sentBytes: number
  sparedBytes: number
}): Room {
  const { writer, sentBytes, sparedBytes } = options
  let allowed = ALWAYS_ALLOWED + TIMES_ALLOWED * sentBytes
  let stored = 0
  let asked = 0
  return {
    stored: () => stored,
    take(rows, sources = 0) {
      allowed += TIMES_ALLOWED * sources
      for (const { feature } of rows) stored += feature.length + ROW_BYTES
      if (stored <= allowed) return
      const megabytes = Math.round(allowed / 1_048_576)
      throw new NoRoomError(
        `its features would take more than ${megabytes} MiB, as each is stored with all properties of the collection: a file may become ${TIMES_ALLOWED} times as large, and ${ALWAYS_ALLOWED / 1_048_576} MiB`,
      )
    },
    async look() {
      if (stored - asked < ASK_AGAIN_BYTES) return
      asked = stored
      const free = await writer.freeBytes()
      if (free !== null && free < sparedBytes) throw new NoRoomError('the disk has no room')
    },
  }
}

export const ALWAYS_ALLOWED = 64 * 1_048_576
export const TIMES_ALLOWED = 20

/** Of a row, beside its text. */
const ROW_BYTES = 200

/** So that what is small comes in as long as it fits. */
const ASK_AGAIN_BYTES = 16 * 1_048_576
