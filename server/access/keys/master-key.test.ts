import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../lib/random.ts'
import { parseMasterKey, readMasterKeyFile } from './master-key.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mapgate-key-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the file of the master key', () => {
  it('is made once, for its owner alone, and nothing beside it', () => {
    const made = readMasterKeyFile(folder, systemRandom)
    expect(readMasterKeyFile(folder, systemRandom).derive('check')).toEqual(made.derive('check'))
    expect(readdirSync(folder)).toEqual(['master.key'])
    expect(statSync(join(folder, 'master.key')).mode & 0o777).toBe(0o600)
  })

  it('is the one that another process made meanwhile', () => {
    const file = join(folder, 'master.key')
    const other = Buffer.alloc(32, 9).toString('base64url')
    const key = readMasterKeyFile(folder, (bytes) => {
      writeFileSync(file, other)
      return systemRandom(bytes)
    })
    expect(key.derive('check')).toEqual(parseMasterKey(other).derive('check'))
    expect(readFileSync(file, 'utf8')).toBe(other)
    expect(readdirSync(folder)).toEqual(['master.key'])
  })
})
