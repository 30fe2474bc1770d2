import { mkdtempSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { createSpool, NoRoomError, TooLargeError } from './spool.ts'

it('leaves no file of what is too large, or has no room', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mapgate-spool-'))
  const body = () => Readable.from([Buffer.alloc(10)])
  try {
    const spool = createSpool({ folder, maximumBytes: 15, sparedBytes: 0 })
    await expect(spool.take('small', body())).resolves.toEqual({ bytes: 10 })
    const large = Readable.from([Buffer.alloc(10), Buffer.alloc(10)])
    await expect(spool.take('large', large)).rejects.toThrow(TooLargeError)
    const full = createSpool({ folder, maximumBytes: 15, sparedBytes: Infinity })
    await expect(full.take('none', body())).rejects.toThrow(NoRoomError)
    expect(await readdir(folder)).toEqual(['small'])
  } finally {
    await rm(folder, { recursive: true })
  }
})
