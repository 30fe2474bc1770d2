import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { systemRandom } from '../../../lib/random.ts'
import { knownNodeId, NODE_FILE, nodeId } from './node-id.ts'

it('is the same for all servers with the folder, also those that start at once', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'mapgate-node-'))
  const folder = join(parent, 'imports')
  try {
    expect(await knownNodeId(folder)).toBeNull()
    const ids = await Promise.all([1, 2, 3].map(() => nodeId(folder, systemRandom)))
    expect(new Set(ids).size).toBe(1)
    expect(await nodeId(folder, systemRandom)).toBe(ids[0])
    expect(await readdir(folder)).toEqual([NODE_FILE])
    await rm(folder, { recursive: true })
    expect(await nodeId(folder, systemRandom)).not.toBe(ids[0])
  } finally {
    await rm(parent, { recursive: true })
  }
})
