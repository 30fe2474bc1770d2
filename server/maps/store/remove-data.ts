import type { Clock } from '../../lib/clock.ts'
import type { MapWriter } from './backend.ts'

/**
 * Takes away what collections of this id hold that were created up to a time, an import under way as
 * well: what a later one of the same id has stays. The tables go later (`sweep.ts`); counters stay, so
 * that neither a key nor the number of a generation comes twice.
 */
export async function removeData(
  writer: MapWriter,
  clock: Clock,
  id: string,
  createdUntil: number,
): Promise<void> {
  await writer.transaction(async (write) => {
    const held = await write.holdCollection(id)
    const now = clock.now()
    const kept = { live: held.live, hidden: held.hidden }
    for (const which of ['live', 'hidden'] as const) {
      const number = held[which]
      const generation = number === null ? null : await write.generation(number)
      if (generation && generation.since > createdUntil) continue
      if (generation) await write.saveGeneration({ ...generation, writer: null, retiredAt: now })
      kept[which] = null
    }
    await write.saveCollection({ ...held, ...kept })
    await write.announce(id, null, now)
  })
}
