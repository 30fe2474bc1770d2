import type { Collection } from '../../access/collections/collection.ts'
import type { AccessScope, View } from '../../access/scopes/access-scope.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RandomBytes } from '../../lib/random.ts'
import type {
  MapWrite,
  MapWriter,
  RowWriter,
  StoredCollection,
  StoredGeneration,
} from './backend.ts'
import type { FeatureChange, NewFeature, WriteOutcome, WriteRefusal } from './changes.ts'
import {
  type Candidate,
  createRows,
  etagOf,
  type FeatureRow,
  parseFeature,
  setKey,
} from './feature-rows.ts'
import { isOf, isSeen, type Viewed, viewOf } from './seen.ts'
import { createTally, type Tally } from './tally.ts'
import { createTurn } from './turns.ts'
import { isUnderWay } from './writer-life.ts'

/**
 * Single changes to a collection, all or none, in one transaction that holds the collection. Of two
 * that replace the same feature at once, the second finds it changed.
 *
 * While an import is under way all are refused: its end puts its own data in the place of what is
 * there, so they would be lost without a word.
 */
export async function writeFeatures(
  options: { writer: MapWriter; clock: Clock; random: RandomBytes },
  scope: AccessScope,
  collectionId: string,
  changes: readonly FeatureChange[],
): Promise<WriteOutcome> {
  const viewed = viewOf(scope, collectionId)
  if (!viewed) return refusal(0, 'unknown', 'there is no such collection')
  const writable = scope.write(collectionId)
  if (writable === 'none') return refusal(0, 'forbidden', 'this collection may not be written')
  // Its features follow what they are made of, so their own place says nothing.
  if (writable !== 'all' && viewed.collection.madeOf !== null) {
    return refusal(0, 'forbidden', 'this collection may be written only by who may write all of it')
  }
  if (changes.length === 0) return { kind: 'written', features: [] }
  try {
    return await options.writer.transaction(
      async (write) => {
        const held = await write.holdCollection(collectionId)
        const generation = await liveForChanges(write, held, viewed.collection, options.clock.now())
        return applyAll({ ...options, write, held, generation, viewed, writable }, changes)
      },
      { durable: true },
    )
  } catch (error) {
    if (error instanceof Refused) return error.outcome
    throw error
  }
}

class Refused extends Error {
  readonly outcome: WriteOutcome

  constructor(index: number, reason: WriteRefusal, detail: string) {
    super(detail)
    this.outcome = refusal(index, reason, detail)
  }
}

function refusal(index: number, reason: WriteRefusal, detail: string): WriteOutcome {
  return { kind: 'refused', index, reason, detail }
}

async function liveForChanges(
  write: MapWrite,
  held: StoredCollection,
  collection: Collection,
  now: number,
): Promise<StoredGeneration> {
  if (held.hidden !== null) {
    const hidden = await write.generation(held.hidden)
    if (hidden && isUnderWay(hidden, now)) {
      throw new Refused(0, 'importing', 'an import of this collection is under way')
    }
    // Should its writer live after all, it finds that it is no longer waited for.
    held.hidden = null
  }
  const live = held.live === null ? null : await write.generation(held.live)
  if (!live || !isOf(live, collection)) {
    throw new Refused(0, 'no-schema', 'this collection has no data yet: import some first')
  }
  return live
}

interface Applying {
  clock: Clock
  random: RandomBytes
  write: MapWrite
  held: StoredCollection
  generation: StoredGeneration
  viewed: Viewed
  writable: View
}

async function applyAll(
  applying: Applying,
  changes: readonly FeatureChange[],
): Promise<WriteOutcome> {
  const { clock, write, held, generation } = applying
  const rows = write.rows(generation)
  const toRow = createRows(generation.schema)
  const tally = createTally(generation)
  const written: { id: string; etag: string | null }[] = []
  const turn = createTurn(TURN_MILLISECONDS)
  for (const [index, change] of changes.entries()) {
    if (turn.isOver()) await turn.yield()
    written.push(await apply({ ...applying, rows, toRow, tally }, index, change))
  }
  await write.saveCollection(held)
  await write.saveGeneration({ ...generation, ...(await tally.sum(rows)) })
  await write.announce(held.id, tally.boxes(), clock.now())
  return { kind: 'written', features: written }
}

interface Change extends Applying {
  rows: RowWriter
  toRow: ReturnType<typeof createRows>
  tally: Tally
}

async function apply(
  context: Change,
  index: number,
  change: FeatureChange,
): Promise<{ id: string; etag: string | null }> {
  const { held, rows, tally } = context
  if (change.kind === 'create') {
    // Whether an id is taken would tell of features that are not seen.
    const asked = context.viewed.view === 'all' ? change.feature.id : null
    const id = asked ?? context.random(12).toString('hex')
    const row = newRow(context, index, { ...change.feature, id })
    if (await rows.find(id))
      throw new Refused(index, 'exists', `there is a feature "${id}" already`)
    setKey(row, held.nextKey++)
    await rows.insert([row])
    tally.add(row)
    return { id, etag: etagOf(row.feature) }
  }
  const { id } = change
  const old = await oldRow(context, index, change)
  tally.remove(old)
  if (change.kind === 'delete') {
    await rows.remove(old.key)
    return { id, etag: null }
  }
  const row = newRow(context, index, { ...change.feature, id })
  setKey(row, old.key)
  await rows.replace(row)
  tally.add(row)
  return { id, etag: etagOf(row.feature) }
}

function newRow(
  { writable, toRow }: Change,
  index: number,
  feature: NewFeature & { id: string },
): FeatureRow {
  if (typeof writable === 'object' && !writable.covers(feature.geometry)) {
    throw new Refused(
      index,
      'outside',
      'the geometry is not wholly inside the area that may be written',
    )
  }
  return toRow(feature)
}

async function oldRow(
  { rows, viewed, writable }: Change,
  index: number,
  { id, ifMatch, ifNoneMatch = null }: Exclude<FeatureChange, { kind: 'create' }>,
): Promise<Candidate> {
  const old = id.includes('\0') ? undefined : await rows.find(id)
  if (!old || !isSeen(viewed.view, old)) {
    throw new Refused(index, 'unknown', `there is no feature "${id}"`)
  }
  if (typeof writable === 'object' && !writable.covers(parseFeature(old.feature).geometry)) {
    throw new Refused(index, 'outside', `"${id}" is not wholly inside the area that may be written`)
  }
  if (ifMatch !== null && !ifMatch.includes('*') && !ifMatch.includes(etagOf(old.feature))) {
    throw new Refused(index, 'precondition', `"${id}" has been changed meanwhile`)
  }
  if (ifNoneMatch?.includes('*') || ifNoneMatch?.includes(etagOf(old.feature))) {
    throw new Refused(index, 'precondition', `"${id}" is as If-None-Match says`)
  }
  return old
}

/** Longer than that of a read: others that write wait for the whole. */
const TURN_MILLISECONDS = 15
