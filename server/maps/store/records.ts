import type { MapChange } from './changes.ts'
import type { LiveGeneration, StoredGeneration } from './backend.ts'

/** Rows of `map_generations` and `map_changes`, the same in both databases. */

export interface GenerationRecord {
  number: number
  collection: string
  generation: number
  definition: string
  summary: string
  writer: string | null
  heard_at: number
  retired_at: number | null
}

export function toGeneration(record: GenerationRecord): StoredGeneration {
  return {
    ...toLive(record),
    collectionId: record.collection,
    writer: record.writer,
    heardAt: record.heard_at,
    retiredAt: record.retired_at,
  }
}

export function toLive(
  record: Pick<GenerationRecord, 'number' | 'generation' | 'definition' | 'summary'>,
): LiveGeneration {
  const { number, generation, definition, summary } = record
  return {
    number,
    generation,
    ...(JSON.parse(definition) as Pick<LiveGeneration, 'schema' | 'dimension' | 'since'>),
    ...(JSON.parse(summary) as Pick<
      LiveGeneration,
      'featureCount' | 'extent' | 'interval' | 'bytes'
    >),
  }
}

export function toRecord(
  generation: Omit<StoredGeneration, 'number'>,
): Omit<GenerationRecord, 'number'> {
  const { schema, dimension, since, featureCount, extent, interval, bytes } = generation
  return {
    collection: generation.collectionId,
    generation: generation.generation,
    definition: JSON.stringify({ schema, dimension, since }),
    summary: JSON.stringify({ featureCount, extent, interval, bytes }),
    writer: generation.writer,
    heard_at: generation.heardAt,
    retired_at: generation.retiredAt,
  }
}

export interface ChangeRecord {
  revision: number
  collection: string
  boxes: string | null
}

export function toChange({ revision, collection, boxes }: ChangeRecord): MapChange {
  return {
    revision,
    collectionId: collection,
    boxes: boxes === null ? null : (JSON.parse(boxes) as MapChange['boxes']),
  }
}

/** How long changes are known. */
export const KEPT_MILLISECONDS = 3_600_000
