import type { AccessScope } from '../../access/scopes/access-scope.ts'
import { isDiskFull } from '../../database/unavailable.ts'
import { type Generation, GenerationLostError, NoRoomError } from '../store/changes.ts'
import type { Property } from '../store/collection-state.ts'
import type { MapStore } from '../store/map-store.ts'
import { FaultList, type ImportFault } from './fault-list.ts'
import { FeatureBatch } from './feature-batch.ts'
import { type ImportOptions, readRecords } from './import-options.ts'
import { judgementOf, judgeRecord, type Judgement } from './judge-record.ts'
import { shortened, type Source, UnreadableError } from './readers/reading.ts'
import { SchemaSketch } from './schema-sketch.ts'

/**
 * Brings a file into a collection, in the place of what it had. The file is read twice, record by
 * record: first to learn what properties there are and of what dimension the geometries
 * (`schema-sketch.ts`); then each record is judged (`judge-record.ts`) and written, in batches
 * (`feature-batch.ts`), into a hidden generation that is swapped in at the end. Readers see the old
 * data until then, and keep it when anything goes wrong.
 *
 * Formats are in `readers/`. The command is `commands/import.ts`, imports over HTTP are in `jobs/`.
 */
export async function runImport(order: ImportOrder): Promise<ImportOutcome> {
  const faults = new FaultList()
  const failed = (reason: string, line?: number): ImportOutcome => ({
    kind: 'failed',
    reason,
    ...(line !== undefined && { line }),
    ...faults.counts,
  })
  try {
    return await run(order, faults, failed)
  } catch (error) {
    if (error instanceof UnreadableError) return failed(error.message, error.line)
    // If it is not deleted, others took the import for dead: it was stopped for too long.
    if (error instanceof GenerationLostError) {
      return { kind: error.isDeleted ? 'gone' : 'busy', ...faults.counts }
    }
    if (error instanceof RefusedError || error instanceof NoRoomError) return failed(error.message)
    if (isDiskFull(error)) return failed(DISK_FULL)
    if (order.signal?.aborted) return failed('it was cancelled')
    throw error
  }
}

async function run(
  order: ImportOrder,
  faults: FaultList,
  failed: (reason: string, line?: number) => ImportOutcome,
): Promise<ImportOutcome> {
  const { store, scope, collectionId, source, options } = order
  const state = await store.state(scope, collectionId)
  if (!state) return { kind: 'gone', ...faults.counts }
  const sketch = await look(order, state.schema)
  const schema = sketch.schema(options)
  const missing = sketch.features > 0 ? missingProperty(schema, options) : undefined
  if (missing !== undefined) return failed(`no record has a property ${shortened(missing)}`)
  const kept = options.merge ? state.dimension : null
  const dimension = kept ?? sketch.dimension() ?? state.dimension ?? 0
  const begun = await store.beginGeneration(scope, collectionId, {
    schema,
    dimension,
    ...(options.merge && { merge: true }),
    ...(source.size !== null && { sentBytes: source.size }),
  })
  if (begun.kind === 'busy') return { kind: 'busy', ...faults.counts }
  if (begun.kind === 'forbidden') return failed('it must not be written')
  await using generation = begun.generation
  const rules = judgementOf(schema, dimension)
  const features = await write(order, typesOf(schema), rules, generation, faults)
  const [first] = faults.kept
  if (first && options.strict) return failed(first.reason, first.line)
  if (first && features === 0) return failed(`no record can be taken: ${first.reason}`, first.line)
  const { featureCount } = await generation.finish(async () => {
    const refusal = await order.refuse?.()
    if (typeof refusal === 'string') throw new RefusedError(refusal)
  })
  return { kind: 'done', features, featureCount, ...faults.counts }
}

/** Learns what is in the file; what is wrong with it is said later. */
async function look(
  { source, options, onProgress, signal }: ImportOrder,
  known: readonly Property[],
): Promise<SchemaSketch> {
  const sketch = new SchemaSketch(known, options.format === 'csv' ? 'string' : 'object')
  let records = 0
  for await (const reading of readRecords(source, options, typesOf(known))) {
    records++
    if ('value' in reading) sketch.add(reading.value.geometry, reading.value.properties)
    if (records % RECORDS_BETWEEN_LOOKS === 0) {
      signal?.throwIfAborted()
      onProgress?.({ phase: 'looking', records, features: 0, faults: 0 })
    }
  }
  return sketch
}

/** For CSV, which does not tell them itself. */
function typesOf(schema: readonly Property[]): Map<string, Property['type']> {
  return new Map(schema.map(({ name, type }) => [name, type]))
}

/** @returns how many were written; with `strict`, it ends at the first fault */
async function write(
  { source, options, onProgress, signal }: ImportOrder,
  types: ReadonlyMap<string, Property['type']>,
  rules: Judgement,
  generation: Generation,
  faults: FaultList,
): Promise<number> {
  const batch = new FeatureBatch(generation, faults)
  let records = 0
  for await (const reading of readRecords(source, options, types)) {
    const { line } = reading
    records++
    const judged = 'fault' in reading ? reading.fault : judgeRecord(reading.value, rules)
    if (typeof judged === 'string') faults.add(line, records, judged)
    else if ('bytes' in reading) await batch.add(line, records, reading.bytes, judged)
    if (options.strict && faults.count > 0) return batch.written
    if (records % RECORDS_BETWEEN_LOOKS === 0) {
      signal?.throwIfAborted()
      onProgress?.({ phase: 'writing', records, features: batch.written, faults: faults.count })
    }
  }
  await batch.flush()
  onProgress?.({ phase: 'writing', records, features: batch.written, faults: faults.count })
  return batch.written
}

/** One that the options name and the collection does not have; of features' own ids, `id` is said too. */
function missingProperty(
  schema: readonly Property[],
  { idProperty, start, end, instant, search = [] }: ImportOptions,
): string | undefined {
  const names = new Set(schema.map(({ name }) => name))
  const ids = idProperty === 'id' ? undefined : idProperty
  return [ids, start, end, instant, ...search].find(
    (name) => name !== undefined && !names.has(name),
  )
}

export const DISK_FULL = 'the disk is full'

class RefusedError extends Error {
  override name = 'RefusedError'
}

/** How many records pass before somebody is told, or may end it. */
const RECORDS_BETWEEN_LOOKS = 1_000

export interface ImportOrder {
  store: MapStore
  /** Must permit to write all of the collection. */
  scope: AccessScope
  collectionId: string
  source: Source
  options: ImportOptions
  onProgress?: (progress: ImportProgress) => void
  signal?: AbortSignal
  /** Asked right before the new data is swapped in: why it must not be; null: it may. */
  refuse?: () => Promise<string | null>
}

export interface ImportProgress {
  phase: 'looking' | 'writing'
  /** Records that were read in this phase. */
  records: number
  features: number
  faults: number
}

/** `errors` are the first of the faults. */
export type ImportOutcome =
  /** Another import of the collection is under way: it can be tried again later. */
  | { kind: 'busy'; faults: number; errors: readonly ImportFault[] }
  /** The collection was deleted. */
  | { kind: 'gone'; faults: number; errors: readonly ImportFault[] }
  | {
      kind: 'done'
      /** How many were written; the collection may have more after a merge. */
      features: number
      featureCount: number
      faults: number
      errors: readonly ImportFault[]
    }
  | {
      kind: 'failed'
      reason: string
      /** Where it ended, if the reason stands in the file; 0 where lines mean nothing. */
      line?: number
      faults: number
      errors: readonly ImportFault[]
    }
