import type { Feature } from 'geojson'
import type { AccessScope, Limits, Window } from '../../access/scopes/access-scope.ts'
import { common } from '../../access/scopes/limits.ts'
import { type Box, boxContains, boxUnion } from '../../geo/box.ts'
import type { Candidate } from './candidates.ts'
import type { Collection } from './map-store.ts'

/**
 * What a scope leaves of a collection, the same for both stores: which features an index is asked
 * for, which of these are seen, and what is told of the whole.
 */

/** How much of a collection is seen. */
export type View = 'none' | 'all' | Limits

export function viewOf(scope: AccessScope, { id, madeOf }: Collection): View {
  const view = scope.read(id)
  // Its features are seen by their parts, and name those that are not seen too.
  return typeof view === 'object' && madeOf !== undefined ? 'none' : view
}

/** What is left to be judged of features that touch one of the boxes: nothing, if areas hold these. */
export function viewWithin(view: View, boxes: readonly Box[] | undefined): View {
  if (typeof view === 'string' || !boxes) return view
  return boxes.every((box) => view.judge(box) === 'inside') ? 'all' : view
}

/** Whether the feature intersects every area that applies. */
export function isSeen(view: View, candidate: Candidate): boolean {
  if (typeof view === 'string') return view === 'all'
  const verdict = view.judge(candidate)
  if (verdict !== 'edge') return verdict === 'inside'
  return view.sees((JSON.parse(candidate.feature) as Feature).geometry)
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
  { extent }: Collection,
): readonly Window[] | null {
  return windows?.some((window) => extent && boxContains(window, extent)) ? null : windows
}

/** The collection as it is told: cut to the areas' boxes; how many are in them is not said. */
export function cutTo(view: View, collection: Collection): Collection | null {
  if (view === 'none') return null
  if (view === 'all') return collection
  const { extent } = collection
  const seen = extent
    ? view.windows
        .map((window) => common(window, extent))
        .filter(({ west, east, south, north }) => west <= east && south <= north)
    : []
  return {
    ...collection,
    featureCount: null,
    extent: seen.length > 0 ? seen.reduce(boxUnion) : null,
  }
}
