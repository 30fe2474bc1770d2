import type { Clock } from '../../lib/clock.ts'
import type { MapWriter } from './backend.ts'

/**
 * Takes away what collections hold, an import under way as well. The tables go later (`sweep.ts`);
 * counters stay, so that neither a key nor the number of a generation comes twice.
 */
export async function removeData(
  writer: MapWriter,
  clock: Clock,
  isMeant: (collectionId: string) => boolean,
): Promise<void> {
  const all = await writer.transaction(async (write) => write.collectionIds())
  for (const id of all.filter(isMeant)) {
    await writer.transaction(async (write) => {
      const held = await write.holdCollection(id)
      const now = clock.now()
      for (const number of [held.live, held.hidden]) {
        const generation = number === null ? null : await write.generation(number)
        if (generation) await write.saveGeneration({ ...generation, writer: null, retiredAt: now })
      }
      await write.saveCollection({ ...held, live: null, hidden: null })
      await write.announce(id, null, now)
    })
  }
}
