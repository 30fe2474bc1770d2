import { constants, setPriority } from 'node:os'
import { workerData } from 'node:worker_threads'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { DatabaseLocation } from '../../database/open.ts'
import { isUnavailable } from '../../database/unavailable.ts'
import type { MapStore } from '../store/map-store.ts'
import { openMapStore } from '../store/open.ts'
import { renderTile } from '../tiles/render.ts'
import type { Outcome, Task } from './messages.ts'
import { createWorkerScopes } from './worker-scopes.ts'

/**
 * A worker thread: does one task at a time on a read-only store of its own, opened at the first. It
 * ends with its process or when the pool has no use for it; there is nothing to be finished then.
 */

/** What the pool hands over at the start; a message, because a URL of a database holds a password. */
export interface WorkerStart {
  location: DatabaseLocation
}

const { location } = workerData as WorkerStart
const scopeOf = createWorkerScopes()
let opened: Promise<MapStore> | null = null

// Where all cores are busy, whoever asks for a token goes first. Elsewhere than on Linux a thread has
// no priority of its own.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

export async function work(task: Task): Promise<Outcome> {
  const scope = scopeOf(task.scope, task.areas)
  if (!scope) return { kind: 'lacks-areas' }
  try {
    opened ??= openMapStore(location, { readOnly: true })
    const store = await opened
    // It looks at the database only now and then, unless it is told that there is more to be heard.
    await store.changesSince(task.revision)
    return { kind: 'done', result: await run(store, scope, task) }
  } catch (error) {
    // What tells it is lost when an error goes to another thread.
    if (isUnavailable(error)) return { kind: 'unavailable', message: (error as Error).message }
    throw error
  }
}

function run(store: MapStore, scope: AccessScope, { job, sentAt }: Task): Promise<unknown> {
  switch (job.name) {
    case 'items':
      return store.items(scope, ...job.arguments)
    case 'count': {
      const [id, filter, budgetMilliseconds] = job.arguments
      const left = budgetMilliseconds - (Date.now() - sentAt)
      return left > 0 ? store.count(scope, id, filter, left) : Promise.resolve('unknown')
    }
    case 'nearest':
      return store.nearest(scope, ...job.arguments)
    case 'containing':
      return store.containing(scope, ...job.arguments)
    case 'search':
      return store.search(scope, ...job.arguments)
    case 'tile':
      return renderTile(store, scope, job.order)
    case 'nothing':
      return Promise.resolve(null)
  }
}
