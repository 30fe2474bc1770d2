import type { Collection } from '../access/collections/collection.ts'
import type { AccessScope } from '../access/scopes/access-scope.ts'

/**
 * What a dialect's endpoints read: they know collections by fixed ids, and any customer may have taken
 * one of these. Only the installation's own are the ones that a dialect's documentation speaks of.
 */
export function installationScope(scope: AccessScope): AccessScope {
  const isOwn = ({ customerId }: Collection) => customerId === null
  const find = (id: string) => {
    const collection = scope.collection(id)
    return collection && isOwn(collection) ? collection : null
  }
  return {
    collections: () => scope.collections().filter(isOwn),
    collection: find,
    read: (id) => (find(id) ? scope.read(id) : 'none'),
    write: () => 'none',
    countedAs: scope.countedAs,
  }
}
