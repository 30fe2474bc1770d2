import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { GenerationDefinition, NewFeature, RefusedFeature } from './changes.ts'
import type { MapStore } from './map-store.ts'

/** How many features are handed over at once. */
const BATCH_SIZE = 1_000

export interface ImportedFeatures {
  generation: number
  featureCount: number
  /** By index in all that came: a second one with the same id. */
  refused: RefusedFeature[]
}

/**
 * A whole collection from beginning to end; when anything fails, the old data stays.
 * @param onProgress hears how many features have been taken, now and then
 * @throws Error when another import of the collection is under way, or the scope does not permit it
 */
export async function importFeatures(
  store: Pick<MapStore, 'beginGeneration'>,
  scope: AccessScope,
  collectionId: string,
  definition: GenerationDefinition,
  features: Iterable<NewFeature & { id: string }> | AsyncIterable<NewFeature & { id: string }>,
  onProgress: (done: number) => void = () => {},
): Promise<ImportedFeatures> {
  const begun = await store.beginGeneration(scope, collectionId, definition)
  if (begun.kind !== 'begun') throw new Error(`an import of ${collectionId} is ${begun.kind}`)
  await using generation = begun.generation
  const refused: RefusedFeature[] = []
  let taken = 0
  let batch: (NewFeature & { id: string })[] = []
  const flush = async () => {
    for (const { index, reason } of await generation.add(batch)) {
      refused.push({ index: taken + index, reason })
    }
    taken += batch.length
    batch = []
    onProgress(taken)
  }
  for await (const feature of features) {
    batch.push(feature)
    if (batch.length === BATCH_SIZE) await flush()
  }
  if (batch.length > 0) await flush()
  return { ...(await generation.finish()), refused }
}
