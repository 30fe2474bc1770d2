import type { Collection } from '../../access/collections/collection.ts'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { MapStore } from '../store/map-store.ts'
import { searchedOf } from './search-row.ts'

/** One search looks in no more collections. */
export const MOST_COLLECTIONS = 100

/**
 * Where to search when nobody says: of the collections that the scope sees, those with data and
 * something to search, first the caller's own and those that not all may see. So what others publish
 * never takes the place of these.
 * @param customerId the caller's; null: there is no caller
 * @returns with `all` whether there are no more than these
 */
export async function whereToSearch(
  store: Pick<MapStore, 'state'>,
  scope: AccessScope,
  customerId: string | null,
): Promise<{ collections: readonly Collection[]; all: boolean }> {
  const rankOf = ({ customerId: owner, visibility }: Collection) => {
    if (owner !== null && owner === customerId) return 0
    return { private: 1, subscription: 1, public: 2, open: 3 }[visibility]
  }
  const inOrder = scope.collections().toSorted((a, b) => rankOf(a) - rankOf(b))
  const found: Collection[] = []
  // What is known of data is in memory, but for what has just changed.
  for (let from = 0; from < inOrder.length; from += MOST_COLLECTIONS) {
    const some = inOrder.slice(from, from + MOST_COLLECTIONS)
    const states = await Promise.all(some.map(({ id }) => store.state(scope, id)))
    for (const [index, state] of states.entries()) {
      if (!state || state.featureCount === 0 || !searchedOf(state.schema)) continue
      if (found.length === MOST_COLLECTIONS) return { collections: found, all: false }
      found.push(some[index]!)
    }
  }
  return { collections: found, all: true }
}
