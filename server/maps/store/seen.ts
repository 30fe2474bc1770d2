import type { Collection } from '../../access/collections/collection.ts'
import type { AccessScope, View, Window } from '../../access/scopes/access-scope.ts'
import { common } from '../../access/scopes/limits.ts'
import { type Box, boxContains, boxUnion } from '../../geo/box.ts'
import type { CollectionState } from './collection-state.ts'
import { type Candidate, type FeatureHead, parseFeature } from './feature-rows.ts'

/**
 * What a scope leaves of a collection, the same for both stores: which features an index is asked
 * for, which of these are seen, and what is told of the whole.
 */

export interface Viewed {
  collection: Collection
  view: View
}

/** null: there is no such collection for this scope. */
export function viewOf(scope: AccessScope, collectionId: string): Viewed | null {
  const collection = scope.collection(collectionId)
  if (!collection) return null
  const view = scope.read(collectionId)
  // Its features are seen by their parts, and name those that are not seen too.
  if (view === 'none' || (view !== 'all' && collection.madeOf !== null)) return null
  return { collection, view }
}

/** Whether the data is the collection's, and not what one of the same id before it has left behind. */
export const isOf = ({ since }: { since: number }, { createdAt }: Collection): boolean =>
  since === createdAt

/** What is left to be judged of features that touch one of the boxes: nothing, if areas hold these. */
export function viewWithin(view: View, boxes: readonly Box[] | undefined): View {
  if (typeof view === 'string' || !boxes) return view
  return boxes.every((box) => view.judge(box) === 'inside') ? 'all' : view
}

/** By the box alone whether the feature intersects every area that applies; of a point it tells all. */
export function judgeHead(view: View, head: FeatureHead): 'inside' | 'outside' | 'edge' {
  if (typeof view === 'string') return view === 'all' ? 'inside' : 'outside'
  return view.judge(head)
}

/** Whether the feature intersects every area that applies. */
export function isSeen(view: View, candidate: Candidate): boolean {
  const verdict = judgeHead(view, candidate)
  if (verdict !== 'edge') return verdict === 'inside'
  return typeof view === 'object' && view.sees(parseFeature(candidate.feature).geometry)
}

/**
 * Where an index has to look: a candidate touches one of these.
 * @param boxes what was asked for; null: everywhere
 * @returns null: everywhere
 */
export function windowsOf(view: View, boxes: readonly Box[] | null): readonly Window[] | null {
  if (typeof view === 'string') return boxes
  if (!boxes) return view.windows
  return boxes.flatMap((box) => view.windows.map((window) => common(window, box)))
}

/** null: one of them holds the whole collection, so there is no need to ask the index. */
export function narrowed(
  windows: readonly Window[] | null,
  extent: Box | null,
): readonly Window[] | null {
  return windows?.some((window) => extent && boxContains(window, extent)) ? null : windows
}

/** The state as it is told: cut to the areas' boxes; how many are in them is not said. */
export function cutTo(view: View, state: CollectionState): CollectionState {
  if (typeof view === 'string') return state
  const { extent } = state
  const seen = extent
    ? view.windows
        .map((window) => common(window, extent))
        .filter(({ west, east, south, north }) => west <= east && south <= north)
    : []
  return {
    ...state,
    featureCount: null,
    extent: seen.length > 0 ? seen.reduce(boxUnion) : null,
    interval: null,
  }
}
