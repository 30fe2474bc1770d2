import { hostname } from 'node:os'
import type { StoredGeneration } from './backend.ts'

/** Where imports say that they are alive. */
export const HEARD_EVERY_MILLISECONDS = 5_000

/** Who was not heard of for so long is taken for dead. */
const SILENCE_MILLISECONDS = 30_000

/** This process, as it is named in what it fills. */
export const thisWriter = (): string => `${process.pid}@${hostname()}`

/** Whether somebody still fills it; of this machine's own processes that is known at once. */
export function isUnderWay({ writer, heardAt }: StoredGeneration, now: number): boolean {
  if (writer === null || now - heardAt > SILENCE_MILLISECONDS) return false
  const [pid, host] = writer.split('@', 2)
  return host !== hostname() || isRunning(Number(pid))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It is somebody else's.
    return (error as { code?: unknown }).code === 'EPERM'
  }
}
