import { readdir, readFile } from 'node:fs/promises'

/** What Linux tells of processes in `/proc`; elsewhere nothing is found. */

/** Process ids. */
export async function childrenOf(parent: number): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  const found = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        const status = await statusOf(Number(name))
        return Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) === parent ? [Number(name)] : []
      }),
  )
  return found.flat()
}

/** The most memory that a process has had so far, in bytes; null: that is not known. */
export async function peakMemoryOf(pid: number): Promise<number | null> {
  const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(await statusOf(pid))?.[1]
  return kibibytes === undefined ? null : Number(kibibytes) * 1_024
}

const statusOf = (pid: number) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
