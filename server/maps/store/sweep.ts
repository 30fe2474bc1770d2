import { isUnavailable } from '../../database/unavailable.ts'
import type { Clock } from '../../lib/clock.ts'
import type { MapWrite, MapWriter } from './backend.ts'
import { isUnderWay } from './writer-life.ts'

/** How long what another took the place of stays for those who still read it. */
export const GRACE_MILLISECONDS = 60_000

/**
 * Removes generations that nobody reads or fills any more, each in a transaction of its own. One that
 * is read in spite of all stays for the next time.
 * @param mostBytes that one may take: a large one takes long to remove
 */
export async function sweep(
  writer: MapWriter,
  clock: Clock,
  mostBytes: number = Infinity,
): Promise<void> {
  const now = clock.now()
  const before = now - GRACE_MILLISECONDS
  const found = await writer.transaction(async (write) => write.generationsToSweep(before))
  for (const { number, collectionId, bytes } of found) {
    if ((bytes ?? Infinity) > mostBytes) continue
    try {
      await writer.transaction((write) => remove(write, number, collectionId, now))
    } catch (error) {
      if (!isUnavailable(error)) throw error
    }
  }
}

async function remove(
  write: MapWrite,
  number: number,
  collectionId: string,
  now: number,
): Promise<void> {
  const held = await write.holdCollection(collectionId)
  const generation = await write.generation(number)
  if (!generation || held.live === number) return
  const isFilled = generation.retiredAt === null && held.hidden === number
  if (isFilled && isUnderWay(generation, now)) return
  if (held.hidden === number) await write.saveCollection({ ...held, hidden: null })
  await write.removeGeneration(number)
}
