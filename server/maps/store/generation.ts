import { setImmediate } from 'node:timers/promises'
import type { Collection } from '../../access/collections/collection.ts'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { Clock } from '../../lib/clock.ts'
import type { MapBackend, MapWrite, MapWriter, StoredCollection } from './backend.ts'
import {
  type BeginOutcome,
  type Generation,
  type GenerationDefinition,
  GenerationLostError,
  type RefusedFeature,
} from './changes.ts'
import {
  createRows,
  EMPTY,
  type FeatureRow,
  parseFeature,
  setKey,
  type Summary,
  withRow,
} from './feature-rows.ts'
import type { KnownData } from './known-data.ts'
import { createRoom, type Room } from './room.ts'
import { sweep } from './sweep.ts'
import { HEARD_EVERY_MILLISECONDS, isUnderWay, thisWriter } from './writer-life.ts'

/**
 * An import: a generation is created hidden, filled in short transactions and put in the place of
 * the one before. Whoever fills it says now and then that it is alive. While it does, another import
 * of the collection is refused as busy, and so are single changes (`write.ts`); after that they
 * detach it, so that a writer which only slept finds out by its next transaction.
 */
export async function beginGeneration(
  options: { backend: MapBackend; known: KnownData; clock: Clock; sparedBytes: number },
  scope: AccessScope,
  collectionId: string,
  definition: GenerationDefinition,
): Promise<BeginOutcome> {
  const { backend, known, clock, sparedBytes } = options
  const collection = scope.collection(collectionId)
  if (!collection || scope.write(collectionId) !== 'all') {
    return { kind: 'forbidden' }
  }
  const writer = await backend.openWriter({ bulk: true })
  try {
    await sweep(writer, clock)
    const begun = await writer.transaction((write) => begin(write, collection, definition, clock))
    if (typeof begun === 'string') {
      await writer[Symbol.asyncDispose]()
      return { kind: begun }
    }
    const room = createRoom({ writer, sentBytes: definition.sentBytes ?? Infinity, sparedBytes })
    const filling = { writer, clock, known, collectionId, definition, room, ...begun }
    return { kind: 'begun', generation: fill(filling) }
  } catch (error) {
    await writer[Symbol.asyncDispose]()
    throw error
  }
}

interface Begun {
  number: number
  generation: number
  /** The generation whose keys are kept. */
  live: number | null
}

/** `busy`: another is under way; `forbidden`: the collection has been deleted, and its id used again. */
async function begin(
  write: MapWrite,
  { id: collectionId, createdAt: since }: Collection,
  { schema, dimension }: GenerationDefinition,
  clock: Clock,
): Promise<Begun | 'busy' | 'forbidden'> {
  const held = await write.holdCollection(collectionId)
  const now = clock.now()
  const hidden = held.hidden === null ? null : await write.generation(held.hidden)
  if (hidden && isUnderWay(hidden, now)) return 'busy'
  const live = held.live === null ? null : await write.generation(held.live)
  if (live && live.since > since) return 'forbidden'
  const generation = held.generation + 1
  const number = await write.createGeneration({
    collectionId,
    generation,
    since,
    schema,
    dimension,
    ...EMPTY,
    bytes: null,
    writer: thisWriter(),
    heardAt: now,
    retiredAt: null,
  })
  await write.saveCollection({ ...held, generation, hidden: number })
  return { number, generation, live: live?.since === since ? held.live : null }
}

interface Filling extends Begun {
  writer: MapWriter
  clock: Clock
  known: KnownData
  collectionId: string
  definition: GenerationDefinition
  room: Room
}

function fill(filling: Filling): Generation {
  const { writer, clock, known, collectionId, definition, room, number, live } = filling
  const toRow = createRows(definition.schema)
  const fresh = { number, schema: definition.schema }
  let summary: Summary = EMPTY
  let isFinished = false

  /** A transaction on it, as long as it is waited for; it is heard of then. */
  function held<Result>(
    work: (write: MapWrite, held: StoredCollection) => Promise<Result>,
    options?: { durable: boolean },
  ): Promise<Result> {
    return writer.transaction(async (write) => {
      const collection = await write.holdCollection(collectionId)
      if (collection.hidden !== number) {
        const own = await write.generation(number)
        throw new GenerationLostError(own !== null && own.retiredAt !== null)
      }
      const result = await work(write, collection)
      await write.hear(number, clock.now())
      return result
    }, options)
  }

  const hearing = setInterval(() => {
    // Its next transaction tells what is wrong.
    held(async () => {}).catch(() => {})
  }, HEARD_EVERY_MILLISECONDS).unref()

  async function addBatch(batch: readonly { row: FeatureRow; index: number }[]) {
    room.take(batch.map(({ row }) => row))
    await room.look()
    const ids = batch.map(({ row }) => row.id)
    const refused = await held(async (write, collection) => {
      const rows = write.rows(fresh)
      const taken = new Set((await rows.keysOf(ids)).keys())
      const kept = live === null ? null : await write.rows({ ...fresh, number: live }).keysOf(ids)
      const twice: number[] = []
      const added: FeatureRow[] = []
      for (const { row, index } of batch) {
        if (taken.has(row.id)) twice.push(index)
        else {
          taken.add(row.id)
          setKey(row, kept?.get(row.id) ?? collection.nextKey++)
          added.push(row)
        }
      }
      await rows.append(added)
      await write.saveCollection(collection)
      return { twice, added }
    })
    for (const row of refused.added) summary = withRow(summary, row)
    return refused.twice.map((index) => ({
      index,
      reason: `the id "${batch.find((each) => each.index === index)!.row.id}" comes twice`,
    }))
  }

  /** What the import does not have, in the new schema. */
  async function keepOthers(): Promise<void> {
    if (!definition.merge || live === null) return
    const atOnce = Math.max(1, Math.min(MAXIMUM_ROWS, Math.floor(MAXIMUM_SIZE / leastSize(toRow))))
    for (let after = 0, done = false; !done;) {
      await room.look()
      const added = await held(async (write) => {
        const old = await write.rows({ ...fresh, number: live }).after(after, atOnce)
        done = old.length === 0
        after = old.at(-1)?.key ?? after
        const all = old.map(({ key, feature }) => toRow(parseFeature(feature), key))
        const rows = write.rows(fresh)
        const taken = await rows.keysOf(all.map(({ id }) => id))
        const others = all.filter(({ id }) => !taken.has(id))
        const sources = old.reduce((sum, { feature }) => sum + feature.length, 0)
        room.take(others, sources)
        await rows.append(others)
        return others
      })
      for (const row of added) summary = withRow(summary, row)
      await setImmediate()
    }
  }

  async function giveUp(): Promise<void> {
    // Apart from the removal, which may fail where the disk is full: another can begin at once.
    await writer.transaction(async (write) => {
      const collection = await write.holdCollection(collectionId)
      if (collection.hidden === number) await write.saveCollection({ ...collection, hidden: null })
    })
    await writer.transaction(async (write) => {
      const { live: now } = await write.holdCollection(collectionId)
      // Swapped in, if only the answer to that was lost.
      if (now === number || (await write.generation(number))?.retiredAt !== null) return
      await write.removeGeneration(number)
    })
  }

  return {
    async add(features) {
      const refused: RefusedFeature[] = []
      let batch: { row: FeatureRow; index: number }[] = []
      let size = 0
      for (const [index, feature] of features.entries()) {
        const row = toRow(feature)
        batch.push({ row, index })
        size += row.feature.length
        if (batch.length < MAXIMUM_ROWS && size < MAXIMUM_SIZE) continue
        refused.push(...(await addBatch(batch)))
        await setImmediate()
        batch = []
        size = 0
      }
      if (batch.length > 0) refused.push(...(await addBatch(batch)))
      return refused
    },

    async finish(permit) {
      await keepOthers()
      await room.look()
      await writer.indexGeneration(fresh)
      await permit?.()
      await held(
        async (write, collection) => {
          const now = clock.now()
          const old = collection.live === null ? null : await write.generation(collection.live)
          if (old) await write.saveGeneration({ ...old, retiredAt: now })
          const stored = (await write.generation(number))!
          await write.saveGeneration({ ...stored, ...summary, bytes: room.stored(), writer: null })
          await write.saveCollection({ ...collection, live: number, hidden: null })
          await write.announce(collectionId, null, now)
        },
        { durable: true },
      )
      isFinished = true
      clearInterval(hearing)
      known.expire()
      return { generation: filling.generation, featureCount: summary.featureCount }
    },

    async [Symbol.asyncDispose]() {
      clearInterval(hearing)
      try {
        if (!isFinished) await giveUp()
      } catch {
        // What made it fail is what counts. Left behind, it goes when another is begun (`sweep.ts`).
      } finally {
        await writer[Symbol.asyncDispose]()
      }
    },
  }
}

/** Of a feature with no values, in characters. */
function leastSize(toRow: ReturnType<typeof createRows>): number {
  const geometry = { type: 'Point' as const, coordinates: [0, 0] }
  return toRow({ id: '', geometry, properties: {} }).feature.length
}

/** Of one transaction: it is to be short. */
const MAXIMUM_ROWS = 1_000
/** In characters. */
const MAXIMUM_SIZE = 500_000
