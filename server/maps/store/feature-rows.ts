import { type Box, boxUnion, snapToZero } from '../../geo/box.ts'
import { boxOfGeometry } from '../../geo/geometry.ts'
import type { Candidate } from './candidates.ts'
import type { Collection, CollectionDescription, MapFeature } from './map-store.ts'

/** A feature as both stores write it. */
export interface FeatureRow extends Candidate {
  id: string
}

/** How many rows are written between two looks at anything else. */
const BATCH_SIZE = 1_000

/**
 * Numbers features from 1 in their order, writes them in batches, and sums them up.
 * @throws RangeError when a geometry is empty
 */
export async function writeRows(
  description: CollectionDescription,
  features: Iterable<MapFeature> | AsyncIterable<MapFeature>,
  write: (rows: FeatureRow[]) => Promise<void>,
  onProgress: (done: number) => void = () => {},
): Promise<Collection> {
  let extent: Box | null = null
  let featureCount = 0
  let batch: FeatureRow[] = []
  const flush = async () => {
    await write(batch)
    batch = []
    onProgress(featureCount)
  }
  for await (const { id, geometry, properties } of features) {
    const around = boxOfGeometry(geometry)
    if (!around) throw new RangeError(`feature ${id} has an empty geometry`)
    const box = {
      west: snapToZero(around.west),
      south: snapToZero(around.south),
      east: snapToZero(around.east),
      north: snapToZero(around.north),
    }
    extent = extent ? boxUnion(extent, box) : box
    const feature = JSON.stringify({ type: 'Feature', id, geometry, properties })
    batch.push({ key: ++featureCount, id, ...box, feature })
    if (batch.length === BATCH_SIZE) await flush()
  }
  if (batch.length > 0) await flush()
  return { ...description, featureCount, extent }
}
