import type { Collection } from '../../access/collections/collection.ts'
import type { DatabaseLocation } from '../../database/open.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { type RandomBytes, systemRandom } from '../../lib/random.ts'
import type { MapBackend, MapWriter } from './backend.ts'
import { beginGeneration } from './generation.ts'
import { createKnownData } from './known-data.ts'
import type { MapStore } from './map-store.ts'
import { openPostgresBackend } from './postgres/postgres-backend.ts'
import { createReads } from './reads.ts'
import { removeData } from './remove-data.ts'
import { isOf } from './seen.ts'
import { openSqliteBackend } from './sqlite/sqlite-backend.ts'
import { GRACE_MILLISECONDS, sweep } from './sweep.ts'
import { writeFeatures } from './write.ts'

export interface MapStoreOptions {
  /** For a thread of its own: nothing is created or removed, and whatever would write throws. */
  readOnly?: boolean
  clock?: Clock
  random?: RandomBytes
  /** Of a disk, what no import takes: it is for the databases of everything else. */
  sparedBytes?: number
}

/**
 * Opens the map store and creates its tables where they are missing. Tables of an older version are
 * removed with what they hold.
 * @param location a SQLite file of its own, or the same Postgres as everything else
 * @throws NewerSchemaError when a newer version of Mapgate has been there
 */
export async function openMapStore(
  location: DatabaseLocation,
  options: MapStoreOptions = {},
): Promise<MapStore> {
  const { readOnly = false, clock = systemClock, random = systemRandom } = options
  const { sparedBytes = SPARED_BYTES } = options
  const backend: MapBackend =
    location.kind === 'sqlite'
      ? await openSqliteBackend(location.file, { readOnly })
      : await openPostgresBackend(location, { readOnly })
  const known = createKnownData(backend)

  let opening: Promise<MapWriter> | null = null
  const openWriter = () =>
    (opening ??= (async () => backend.openWriter({ bulk: false }))().catch((error: unknown) => {
      opening = null
      throw error
    }))

  // A large table of SQLite takes long to remove, so those wait for the next start or import.
  const mostBytes = location.kind === 'sqlite' ? FEW_BYTES : Infinity
  const sweepNow = async (bytes?: number) => sweep(await openWriter(), clock, bytes)
  const sweeping = setInterval(() => {
    // Failing does no harm.
    if (!readOnly) sweepNow(mostBytes).catch(() => {})
  }, GRACE_MILLISECONDS).unref()

  async function close(): Promise<void> {
    clearInterval(sweeping)
    await (await opening)?.[Symbol.asyncDispose]()
    await backend[Symbol.asyncDispose]()
  }

  try {
    if (!readOnly) await sweepNow()
  } catch (error) {
    await close()
    throw error
  }

  return {
    ...createReads(backend, known),
    changesSince: (revision) => known.changesSince(revision),
    revisionAtHand: () => known.revisionAtHand(),
    async write(scope, collectionId, changes) {
      const writer = await openWriter()
      const outcome = await writeFeatures({ writer, clock, random }, scope, collectionId, changes)
      if (outcome.kind === 'written') known.expire()
      return outcome
    },
    beginGeneration: (scope, collectionId, definition) =>
      beginGeneration({ backend, known, clock, sparedBytes }, scope, collectionId, definition),
    async drop(scope, collectionId) {
      const collection = scope.collection(collectionId)
      if (!collection || scope.write(collectionId) !== 'all') return
      await removeData(await openWriter(), clock, collectionId, collection.createdAt)
      known.expire()
    },
    leftovers: (collections) => leftovers(backend, collections),
    async dropLeftovers(collectionId, createdBefore) {
      await removeData(await openWriter(), clock, collectionId, createdBefore - 1)
      known.expire()
    },
    [Symbol.asyncDispose]: close,
  }
}

async function leftovers(
  backend: MapBackend,
  collections: readonly Collection[],
): Promise<string[]> {
  const registered = new Map(collections.map((collection) => [collection.id, collection]))
  const found: string[] = []
  for (const id of await backend.liveIds()) {
    const live = await backend.live(id)
    const collection = registered.get(id)
    if (live && !(collection && isOf(live, collection))) found.push(id)
  }
  return found
}

/** Of a generation whose tables are removed while others are waiting. */
const FEW_BYTES = 16_000_000
const SPARED_BYTES = 536_870_912
