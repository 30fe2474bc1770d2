import type { Collection } from '../collections/collection.ts'
import type { AccessScope } from './access-scope.ts'

/** All of everything: for an operator's commands and for tests, never for what a request asks. */
export function wholeScope(collections: () => readonly Collection[]): AccessScope {
  const find = (id: string) => collections().find((collection) => collection.id === id) ?? null
  const view = (id: string) => (find(id) ? 'all' : 'none')
  return { collections, collection: find, read: view, write: view, countedAs: '' }
}

/**
 * Whatever the scope shows anything of, whole and to be read only: for looking up features that
 * follow others, such as a sequence its images. Who asks must judge those.
 */
export function wholeWhereSeen(scope: AccessScope): AccessScope {
  return {
    collections: () => scope.collections(),
    collection: (id) => scope.collection(id),
    read: (id) => (scope.read(id) === 'none' ? 'none' : 'all'),
    write: () => 'none',
    countedAs: scope.countedAs,
  }
}
