import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { MapStore } from '../store/map-store.ts'
import { type ArgumentsOf, type HeavyRead, type Job, jobScope, type ResultOf } from './messages.ts'
import type { WorkerPool } from './pool.ts'

/** Of the nearest, so many are found before another request notices. */
const FEW_NEAREST = 100

/**
 * A store whose reads of many features are done in workers, which have heard of all that it has
 * itself: who wrote sees it.
 */
export function createWorkerStore(options: { store: MapStore; pool: WorkerPool }): MapStore {
  const { store, pool } = options

  async function inWorker<Name extends HeavyRead>(
    name: Name,
    scope: AccessScope,
    collectionIds: readonly string[],
    ...args: ArgumentsOf<Name>
  ): Promise<ResultOf<Name>> {
    const job = { name, arguments: args } as unknown as Job & { name: Name }
    const now = await store.changesSince(0)
    const revision = now === 'lost' ? 0 : now.revision
    return pool.run(jobScope(scope, collectionIds), revision, job)
  }

  return {
    async items(scope, id, query) {
      const page = await store.itemsIfLight(scope, id, query)
      return page === 'heavy' ? inWorker('items', scope, [id], id, query) : page
    },
    async count(scope, id, query, budgetMilliseconds) {
      return (await store.isHeavy(scope, id, { ...query, limit: Infinity }))
        ? inWorker('count', scope, [id], id, query, budgetMilliseconds)
        : store.count(scope, id, query, budgetMilliseconds)
    },
    async nearest(scope, id, point, limit, maximumMetres) {
      // Areas may leave few of those that are near.
      const isQuick = limit <= FEW_NEAREST && typeof scope.read(id) === 'string'
      return isQuick || !(await store.isHeavy(scope, id, { limit: Infinity }))
        ? store.nearest(scope, id, point, limit, maximumMetres)
        : inWorker('nearest', scope, [id], id, point, limit, maximumMetres)
    },
    async containing(scope, id, point, limit) {
      const [longitude, latitude] = point
      const box = { west: longitude, south: latitude, east: longitude, north: latitude }
      return (await store.isHeavy(scope, id, { boxes: [box], limit: Infinity }))
        ? inWorker('containing', scope, [id], id, point, limit)
        : store.containing(scope, id, point, limit)
    },
    search: (scope, query) => inWorker('search', scope, query.collectionIds, query),
    itemsIfLight: (scope, id, query) => store.itemsIfLight(scope, id, query),
    state: (scope, id) => store.state(scope, id),
    item: (scope, id, featureId) => store.item(scope, id, featureId),
    members: (scope, id, box, asked) => store.members(scope, id, box, asked),
    write: (scope, id, changes) => store.write(scope, id, changes),
    beginGeneration: (scope, id, definition) => store.beginGeneration(scope, id, definition),
    changesSince: (revision) => store.changesSince(revision),
    isHeavy: (scope, id, query) => store.isHeavy(scope, id, query),
    drop: (scope, id) => store.drop(scope, id),
    leftovers: (collections) => store.leftovers(collections),
    dropLeftovers: (id, createdBefore) => store.dropLeftovers(id, createdBefore),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
