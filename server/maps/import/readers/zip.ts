import { basename } from 'node:path'
import type { UnzipFile } from 'fflate'
import { type Source, UnreadableError } from './reading.ts'

/** An unpacked file may have this many bytes: archives of a few bytes can grow to any size. */
const LARGEST_FILE_BYTES = 2 * 1_024 * 1_024 * 1_024
const MOST_FILES = 10_000
/** Deflate makes at most 1,032 bytes of one, so a piece becomes at most 17 MB. */
const PIECE_BYTES = 16 * 1_024

/** The names of an archive's files, without their folders. */
export async function zipNames(source: Source): Promise<string[]> {
  const names: string[] = []
  for await (const _ of unzip(source, (file) => {
    if (!file.name.endsWith('/')) names.push(nameOf(file))
    if (names.length > MOST_FILES) {
      throw new UnreadableError(0, `the archive has more than ${MOST_FILES} files`)
    }
    return false
  })) {
    // Nothing is unpacked.
  }
  return names.filter((name) => name !== '')
}

/** The bytes of one file of an archive. The archive is read up to its end, never kept. */
export async function* zipFile(
  source: Source,
  name: string,
  largest = LARGEST_FILE_BYTES,
): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const bytes of unzip(source, (file) => nameOf(file) === name)) {
    size += bytes.length
    if (size > largest) {
      throw new UnreadableError(0, `${name} has more than ${largest} bytes when unpacked`)
    }
    yield bytes
  }
}

/** Metadata that macOS adds has the names of what it describes. */
function nameOf({ name }: UnzipFile): string {
  return name.startsWith('__MACOSX/') ? '' : basename(name)
}

async function* unzip(
  source: Source,
  isWanted: (file: UnzipFile) => boolean,
): AsyncGenerator<Uint8Array> {
  let unpacked: Uint8Array[] = []
  let ended = false
  let failure: Error | null = null
  const { Unzip, UnzipInflate } = await import('fflate')
  const archive = new Unzip((file) => {
    if (ended || !isWanted(file)) return
    file.ondata = (error, bytes, final) => {
      failure ??= error
      ended ||= final
      if (bytes) unpacked.push(bytes)
    }
    file.start()
  })
  archive.register(UnzipInflate)
  for await (const chunk of source.open()) {
    for (let from = 0; from < chunk.length; from += PIECE_BYTES) {
      try {
        archive.push(chunk.subarray(from, from + PIECE_BYTES))
      } catch (error) {
        if (error instanceof UnreadableError) throw error
        throw unreadable(error)
      }
      if (failure) throw unreadable(failure)
      yield* unpacked
      unpacked = []
      if (ended) return
    }
  }
}

function unreadable(error: unknown): UnreadableError {
  return new UnreadableError(0, `the archive cannot be unpacked: ${(error as Error).message}`)
}
