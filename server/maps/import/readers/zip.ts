import { pipeline, Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import { type Source, UnreadableError } from './reading.ts'
import { damaged, readZipDirectory, startOf, type ZipEntry } from './zip-directory.ts'

/** A zip archive. Of its files only those are read that are asked for, as streams. */
export interface ZipArchive {
  /** The names of its files, without their folders. */
  names: readonly string[]
  /**
   * The bytes of a file.
   * @param largest how many there may be
   * @throws UnreadableError, perhaps at the end: when it is damaged, or has more bytes than that
   */
  read(name: string, largest?: number): AsyncGenerator<Uint8Array>
}

/** An unpacked file may have this many bytes: archives of a few bytes can grow to any size. */
const LARGEST_FILE_BYTES = 2 * 1_024 * 1_024 * 1_024

/** @throws UnreadableError when it is none, or not whole */
export async function openZip(source: Source): Promise<ZipArchive> {
  const entries = await readZipDirectory(source)
  return {
    names: entries.flatMap(({ name }) => (name === '' ? [] : [name])),
    read: (name, largest = LARGEST_FILE_BYTES) => readFile(source, entryOf(entries, name), largest),
  }
}

function entryOf(entries: readonly ZipEntry[], name: string): ZipEntry {
  const [entry, second] = entries.filter((each) => each.name === name)
  if (!entry) throw damaged(`has no ${name}`)
  if (second) throw damaged(`has two files ${name}: ${entry.path} and ${second.path}`)
  if ([entry.packed, entry.size, entry.offset].includes(0xff_ff_ff_ff)) {
    throw damaged(`has ${name} as ZIP64, which is not read`)
  }
  if (entry.isEncrypted) throw damaged(`has an encrypted ${name}`)
  if (entry.method !== STORED && entry.method !== DEFLATE) {
    throw damaged(
      `has ${name} packed by method ${entry.method}; only deflate (${DEFLATE}) and none (${STORED}) are read`,
    )
  }
  return entry
}

const STORED = 0
const DEFLATE = 8

async function* readFile(
  source: Source,
  entry: ZipEntry,
  largest: number,
): AsyncGenerator<Uint8Array> {
  const { name } = entry
  let size = 0
  let sum = 0
  for await (const bytes of await unpacked(source, entry)) {
    size += bytes.length
    if (size > largest) {
      throw new UnreadableError(0, `${name} has more than ${largest} bytes when unpacked`)
    }
    sum = crc32(bytes, sum)
    yield bytes
  }
  if (size !== entry.size || sum !== entry.crc32) {
    throw damaged(`is damaged: ${name} is not what was packed (its size or CRC-32 differs)`)
  }
}

async function unpacked(source: Source, entry: ZipEntry): Promise<AsyncIterable<Uint8Array>> {
  const start = await startOf(source, entry)
  const packed = source.open(start, start + entry.packed)
  return entry.method === STORED ? packed : inflated(packed, entry.name)
}

async function* inflated(
  packed: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw()
  const bytes = Readable.from(packed, { objectMode: false })
  // What goes wrong ends the stream, and so is thrown by the loop.
  pipeline(bytes, inflate, () => {})
  try {
    yield* inflate as AsyncIterable<Uint8Array>
  } catch (error) {
    if (!isZlibError(error)) throw error
    throw damaged(`is damaged: ${name} cannot be unpacked: ${error.message}`)
  } finally {
    bytes.destroy()
  }
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}
