import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RandomBytes, randomHex } from '../../../lib/random.ts'

/** The file in the folder of files to be imported that names this folder, and by that its node. */
export const NODE_FILE = 'node-id'

/**
 * Which node this is: servers with the same folder are one node, and a folder that was lost leaves none.
 * Made at the first start.
 */
export async function nodeId(folder: string, random: RandomBytes): Promise<string> {
  const known = await knownNodeId(folder)
  if (known !== null) return known
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const made = join(folder, `${NODE_FILE}.${randomHex(8, random)}`)
  try {
    await writeFile(made, randomHex(16, random), { mode: 0o600 })
    // Of two servers that start at once, one is first; nobody reads half of it.
    await link(made, join(folder, NODE_FILE)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(made, { force: true })
  }
  return (await knownNodeId(folder))!
}

/** Null: none was made yet. */
export async function knownNodeId(folder: string): Promise<string | null> {
  try {
    return await readFile(join(folder, NODE_FILE), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
