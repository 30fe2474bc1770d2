import type { Effort } from '../../geo/simple-rings.ts'
import { badParameter } from '../../protocol/problem.ts'
import type { NewFeature } from '../store/changes.ts'
import type { CollectionState } from '../store/collection-state.ts'
import { createTurn } from '../store/turns.ts'
import { parseFeature } from './parse-feature.ts'
import { parseJson } from './split-body.ts'

export const MAXIMUM_BATCH = 10_000

/** Of all polygons together, far more than those of the real world need: as two of the most intricate. */
const MAXIMUM_EFFORT = 20_000_000

/**
 * The features of a FeatureCollection. Others get their turn between two of them.
 * @param features each JSON text; null: it is no array, or not there
 * @throws Problem 400 naming the first feature that is not as the schema says
 */
export async function parseBatch(
  features: readonly Buffer[] | null,
  state: Pick<CollectionState, 'schema' | 'dimension'>,
): Promise<NewFeature[]> {
  if (!features) throw badParameter('features', 'must be an array')
  if (features.length === 0) throw badParameter('features', `must be 1 to ${MAXIMUM_BATCH}, not 0`)
  const turn = createTurn()
  const effort: Effort = { spent: 0 }
  const parsed: NewFeature[] = []
  for (const [index, text] of features.entries()) {
    const path = `features[${index}]`
    parsed.push(parseFeature(parseJson(text), path, state, effort))
    if (effort.spent > MAXIMUM_EFFORT) {
      throw badParameter(
        `${path}.geometry`,
        'is too intricate together with those before it: send fewer at once',
      )
    }
    if (turn.isOver()) await turn.yield()
  }
  return parsed
}
