import type { LiveGeneration, MapBackend } from './backend.ts'
import type { MapChanges } from './map-store.ts'

/** Asking the database takes longer than all else that a small answer needs. */
const LOOK_AGAIN_MILLISECONDS = 100

/** Of changes after one revision; when there were more, all is forgotten. */
const MAXIMUM_CHANGES = 1_000

/**
 * What is live, as the database had it when it was last looked at. A generation that another took
 * the place of can still be read for a while, so being a little behind does no harm.
 */
export interface KnownData {
  live(collectionId: string): Promise<LiveGeneration | null>
  revision(): Promise<number>
  changesSince(revision: number): Promise<MapChanges | 'lost'>
  /** null: the database has to be looked at first. */
  revisionAtHand(): number | null
  /** Something was written here: look again at the next question. */
  expire(): void
}

export function createKnownData(backend: MapBackend): KnownData {
  const generations = new Map<string, LiveGeneration | null>()
  let known = 0
  let lookedAt = Number.NEGATIVE_INFINITY
  /** Counts up with each write of this store: what was read before one is not enough after it. */
  let written = 0
  let looking: { written: number; done: Promise<void> } | null = null

  async function look(): Promise<void> {
    const before = written
    const began = performance.now()
    const revision = await backend.revision()
    if (revision > known) {
      const changes = await backend.changesAfter(known, MAXIMUM_CHANGES)
      if (isComplete(changes, known, revision)) {
        for (const { collectionId } of changes) generations.delete(collectionId)
      } else generations.clear()
      known = revision
    }
    // Behind what was known: another database, put back from a backup.
    else if (revision < known) {
      generations.clear()
      known = revision
    }
    if (before === written) lookedAt = began
  }

  const isRecent = () => performance.now() - lookedAt <= LOOK_AGAIN_MILLISECONDS

  function refresh(): Promise<void> | undefined {
    if (isRecent()) return undefined
    if (looking?.written === written) return looking.done
    const done = look().finally(() => {
      if (looking?.done === done) looking = null
    })
    looking = { written, done }
    return done
  }

  return {
    async live(collectionId) {
      await refresh()
      const kept = generations.get(collectionId)
      if (kept !== undefined) return kept
      const at = known
      const found = await backend.live(collectionId)
      if (at === known) generations.set(collectionId, found)
      return found
    },

    async revision() {
      await refresh()
      return known
    },

    revisionAtHand: () => (isRecent() ? known : null),

    async changesSince(revision) {
      await refresh()
      if (revision > known) {
        // Somebody has heard more than this store.
        lookedAt = Number.NEGATIVE_INFINITY
        await refresh()
      }
      const until = known
      if (revision === until || revision === 0) return { revision: until, changes: [] }
      if (revision > until) return 'lost'
      const changes = await backend.changesAfter(revision, MAXIMUM_CHANGES)
      if (!isComplete(changes, revision, until)) return 'lost'
      return { revision: changes.at(-1)!.revision, changes }
    },

    expire() {
      written++
      lookedAt = Number.NEGATIVE_INFINITY
    },
  }
}

/** Whether they are all from one revision to another, or later: none has been pruned or left out. */
function isComplete(
  changes: readonly { revision: number }[],
  after: number,
  until: number,
): boolean {
  return changes[0]?.revision === after + 1 && changes.at(-1)!.revision >= until
}
