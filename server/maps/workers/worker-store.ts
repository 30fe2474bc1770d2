import type { AccessScope } from '../../access/scopes/access-scope.ts'
import { UnavailableError } from '../../lib/unavailable.ts'
import type { MapStore } from '../store/map-store.ts'
import { type ArgumentsOf, type HeavyRead, type Job, jobScope, type ResultOf } from './messages.ts'
import type { WorkerPool } from './pool.ts'

/**
 * A store whose reads of many features are done in workers, which have heard of all that it has
 * itself: who wrote sees it.
 */
export function createWorkerStore(options: {
  store: MapStore
  pool: Pick<WorkerPool, 'run'>
}): MapStore {
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
      const page = await store.light.items(scope, id, query)
      return page === 'heavy' ? inWorker('items', scope, [id], id, query) : page
    },
    async count(scope, id, query, budgetMilliseconds) {
      const began = performance.now()
      const count = await store.light.count(scope, id, query, budgetMilliseconds)
      if (count !== 'heavy') return count
      const left = budgetMilliseconds - (performance.now() - began)
      return knownWithin(left, inWorker('count', scope, [id], id, query, left))
    },
    async nearest(scope, id, point, limit, maximumMetres) {
      const found = await store.light.nearest(scope, id, point, limit, maximumMetres)
      return found === 'heavy'
        ? inWorker('nearest', scope, [id], id, point, limit, maximumMetres)
        : found
    },
    async containing(scope, id, point, limit) {
      const found = await store.light.containing(scope, id, point, limit)
      return found === 'heavy' ? inWorker('containing', scope, [id], id, point, limit) : found
    },
    search: (scope, query) => inWorker('search', scope, query.collectionIds, query),
    light: store.light,
    state: (scope, id) => store.state(scope, id),
    item: (scope, id, featureId) => store.item(scope, id, featureId),
    members: (scope, id, boxes, asked) => store.members(scope, id, boxes, asked),
    write: (scope, id, changes) => store.write(scope, id, changes),
    beginGeneration: (scope, id, definition) => store.beginGeneration(scope, id, definition),
    changesSince: (revision) => store.changesSince(revision),
    revisionAtHand: () => store.revisionAtHand(),
    drop: (scope, id) => store.drop(scope, id),
    leftovers: (collections) => store.leftovers(collections),
    dropLeftovers: (id, createdBefore) => store.dropLeftovers(id, createdBefore),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

/**
 * What was counted, unless that takes longer, waiting for a worker included. Whoever asks has the
 * features already: that there is too much to do elsewhere takes away only how many there are.
 */
async function knownWithin(
  milliseconds: number,
  counting: Promise<number | 'unknown' | null>,
): Promise<number | 'unknown' | null> {
  const counted = counting.catch((error: unknown) => {
    if (error instanceof UnavailableError) return 'unknown' as const
    throw error
  })
  // So that nobody misses it when it fails later.
  counted.catch(() => {})
  const late = Promise.withResolvers<'unknown'>()
  const timer = setTimeout(() => late.resolve('unknown'), milliseconds)
  try {
    return await Promise.race([counted, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
