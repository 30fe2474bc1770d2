import { mkdtempSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { mountSmallDisk, type SmallDisk } from '../../../../test/support/small-disk.ts'
import { NODE_FILE } from './node-id.ts'
import { createSpool, NoRoomError, TooLargeError } from './spool.ts'

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mapgate-spool-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const body = (bytes = 10) => Readable.from([Buffer.alloc(bytes)])

it('leaves no file of what is too large, or has no room', () =>
  inFolder(async (folder) => {
    const spool = createSpool({ folder, maximumBytes: 15, sparedBytes: 0 })
    await expect(spool.take('small', body())).resolves.toEqual({ bytes: 10 })
    const large = Readable.from([Buffer.alloc(10), Buffer.alloc(10)])
    await expect(spool.take('large', large)).rejects.toThrow(TooLargeError)
    const full = createSpool({ folder, maximumBytes: 15, sparedBytes: Infinity })
    await expect(full.take('none', body())).rejects.toThrow(NoRoomError)
    expect(await readdir(folder)).toEqual(['small'])
  }))

it('says that there is no room when the disk fills up meanwhile', ({ skip }) =>
  inFolder(async (folder) => {
    const mounted = mountSmallDisk(folder, '64k')
    if (typeof mounted === 'string') skip(mounted)
    using _disk = mounted as SmallDisk
    const spool = createSpool({ folder, maximumBytes: 1_000_000, sparedBytes: 0 })
    await expect(spool.take('large', body(500_000))).rejects.toThrow(NoRoomError)
    expect(await readdir(folder)).toEqual([])
  }))

it('removes files that no job needs, and knows whether one is there', () =>
  inFolder(async (folder) => {
    const spool = createSpool({ folder, maximumBytes: 15, sparedBytes: 0 })
    for (const id of ['a', 'b', NODE_FILE]) await spool.take(id, body())
    await spool.sweep(async () => ['b', 'c'])
    expect((await readdir(folder)).sort()).toEqual(['b', NODE_FILE])
    expect(await spool.has('b')).toBe(true)
    expect(await spool.has('a')).toBe(false)
  }))
