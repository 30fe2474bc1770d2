import { basename } from 'node:path'
import { shortened, type Source, UnreadableError } from './reading.ts'

/** What the directory at the end of a zip archive says of a file (APPNOTE 6.3.10 §4.3.12). */
export interface ZipEntry {
  /** Without folders; '' is no file of anybody: a folder, or what macOS adds under the same names. */
  name: string
  path: string
  isEncrypted: boolean
  /** 0: stored, 8: deflate. */
  method: number
  crc32: number
  /** Bytes, packed and unpacked. */
  packed: number
  size: number
  /** Where its local header begins. */
  offset: number
}

/**
 * @throws UnreadableError when there is no such directory, as of an archive that was cut off, or it
 * cannot be right
 */
export async function readZipDirectory(source: Source): Promise<ZipEntry[]> {
  const { size } = source
  if (size === null) throw new TypeError('an archive is read from its end, which must be known')
  const tail = await bytesOf(source, Math.max(0, size - LONGEST_END_BYTES), size)
  const at = endIn(tail)
  if (at === -1) throw damaged('has no directory at its end: it is no zip archive, or was cut off')
  const count = tail.readUInt16LE(at + 10)
  const length = tail.readUInt32LE(at + 12)
  const start = tail.readUInt32LE(at + 16)
  if (count === 0xff_ff || start === 0xff_ff_ff_ff) throw damaged('is ZIP64, which is not read')
  if (count > MOST_FILES) throw damaged(`has more than ${MOST_FILES} files`)
  if (length > LONGEST_DIRECTORY_BYTES) throw damaged('has a directory that is too large')
  if (start + length > size - tail.length + at) throw damaged(WRONG)
  const directory = await bytesOf(source, start, start + length)
  const entries: ZipEntry[] = []
  for (let from = 0; entries.length < count;) {
    if (from + HEADER_BYTES > length || directory.readUInt32LE(from) !== HEADER) {
      throw damaged(WRONG)
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      directory.readUInt16LE(from + field),
    ) as [number, number, number]
    const path = directory.toString('utf8', from + HEADER_BYTES, from + HEADER_BYTES + nameLength)
    entries.push({
      name: nameOf(path),
      path,
      isEncrypted: (directory.readUInt16LE(from + 8) & 1) === 1,
      method: directory.readUInt16LE(from + 10),
      crc32: directory.readUInt32LE(from + 16),
      packed: directory.readUInt32LE(from + 20),
      size: directory.readUInt32LE(from + 24),
      offset: directory.readUInt32LE(from + 42),
    })
    from += HEADER_BYTES + nameLength + extraLength + commentLength
  }
  return entries
}

/**
 * Where the packed bytes of an entry begin, behind a header that says the same of it.
 * @throws UnreadableError when there is none
 */
export async function startOf(source: Source, { name, path, offset }: ZipEntry): Promise<number> {
  const header = await bytesOf(source, offset, offset + LOCAL_HEADER_BYTES)
  if (header.length < LOCAL_HEADER_BYTES || header.readUInt32LE(0) !== LOCAL_HEADER) {
    throw damaged(`is damaged: ${name} is not where its directory says`)
  }
  const [nameLength, extraLength] = [header.readUInt16LE(26), header.readUInt16LE(28)]
  const from = offset + LOCAL_HEADER_BYTES
  const local = (await bytesOf(source, from, from + nameLength)).toString('utf8')
  if (local !== path) {
    throw damaged(`is damaged: where ${name} should be is ${shortened(local)}`)
  }
  return from + nameLength + extraLength
}

export function damaged(reason: string): UnreadableError {
  return new UnreadableError(0, `the archive ${reason}`)
}

const WRONG = 'is damaged: its directory is not where it should be'

const HEADER = 0x02_01_4b_50
const HEADER_BYTES = 46
const LOCAL_HEADER = 0x04_03_4b_50
const LOCAL_HEADER_BYTES = 30
const END = 0x06_05_4b_50
const END_BYTES = 22
/** A comment may follow. */
const LONGEST_END_BYTES = END_BYTES + 0xff_ff
const MOST_FILES = 10_000
const LONGEST_DIRECTORY_BYTES = 16 * 1_024 * 1_024

/** Where the record begins that ends the archive; -1: nowhere. */
function endIn(tail: Buffer): number {
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (
      tail.readUInt32LE(at) === END &&
      at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length
    )
      return at
  }
  return -1
}

function nameOf(path: string): string {
  return path.endsWith('/') || path.startsWith('__MACOSX/') ? '' : basename(path)
}

async function bytesOf(source: Source, from: number, to: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of source.open(from, to)) pieces.push(piece)
  return Buffer.concat(pieces)
}
