import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type { DatabaseLocation } from '../../database/open.ts'
import { UnavailableError } from '../../lib/unavailable.ts'
import {
  areasOf,
  type Job,
  type JobScope,
  messageOf,
  type Outcome,
  type ResultOfJob,
  type Task,
} from './messages.ts'
import { createThreadTurns, type Kind } from './thread-turns.ts'
import type { WorkerStart } from './worker.ts'

/**
 * Threads for reads that look at many features, and for tiles, so that nobody who asks for a token
 * waits for a map. `worker-store.ts` decides which reads come here, `worker.ts` does them on a
 * read-only store of its own.
 *
 * Tiles and reads take turns (`thread-turns.ts`), so that many who search do not stop the maps.
 *
 * A task names collections and, where not all of one may be seen, areas by their ids: a worker keeps
 * those it has met, and asks for the geometries of others by refusing the task (`messages.ts`).
 * Threads start with the first task and end when there is none for a while. When too many tasks wait,
 * or a thread breaks down with one, that request is told to come again; others go on.
 */
export interface WorkerPool extends AsyncDisposable {
  /**
   * @param revision what has happened up to here is seen
   * @throws UnavailableError when there is too much to do, or the worker or the database failed
   */
  run<Of extends Job>(scope: JobScope, revision: number, job: Of): Promise<ResultOfJob<Of>>
}

/** Tasks of a kind that may wait for a thread: about those of a dozen map views. */
const MAXIMUM_WAITING = 256

const IDLE_MILLISECONDS = 30_000

/** In a package these files are compiled. */
const WORKER = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url))

/**
 * @param threads at most; null: one fewer than the machine has cores
 * @param maximumMegabytes of JavaScript's heap, for each thread
 */
export function createWorkerPool(options: {
  location: DatabaseLocation
  threads: number | null
  maximumWaiting?: number
  maximumMegabytes?: number
  onError: (error: unknown) => void
}): WorkerPool {
  const { maximumWaiting = MAXIMUM_WAITING, maximumMegabytes = 512, onError } = options
  const threads = options.threads ?? Math.max(1, availableParallelism() - 1)
  // Each thread would open as many connections as the server; it does one thing at a time.
  const location: DatabaseLocation =
    options.location.kind === 'postgres'
      ? { ...options.location, connections: 2 }
      : options.location
  let piscina: Piscina<Task, Outcome> | null = null
  const turns = createThreadTurns(threads)
  let closed = false

  function start(): Piscina<Task, Outcome> {
    const started = new Piscina<Task, Outcome>({
      filename: WORKER,
      name: 'work',
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: IDLE_MILLISECONDS,
      // A thread that sleeps in `Atomics.wait` does not hear what happens to its connections.
      atomics: 'disabled',
      resourceLimits: { maxOldGenerationSizeMb: maximumMegabytes },
      recordTiming: false,
      workerData: { location } satisfies WorkerStart,
    })
    // Without a task of its own a thread breaks down when it cannot even start: then those that wait
    // for it would wait for ever.
    started.on('error', (error) => {
      onError(error)
      if (piscina === started) piscina = null
      void started.destroy()
    })
    return started
  }

  async function send(task: Task): Promise<Outcome> {
    const kind: Kind = task.job.name === 'tile' ? 'tile' : 'read'
    if (turns.count(kind) >= threads + maximumWaiting) {
      throw new UnavailableError(
        kind === 'tile' ? 'too many maps are being drawn' : 'too many are searching and reading',
      )
    }
    await turns.take(kind)
    try {
      return await runInThread(task)
    } finally {
      turns.give(kind)
    }
  }

  async function runInThread(task: Task): Promise<Outcome> {
    if (closed) throw new UnavailableError('the server is stopping')
    const used = (piscina ??= start())
    try {
      return await used.run(task)
    } catch (error) {
      if (!isBreakdown(error)) throw error
      onError(error)
      // Piscina starts another thread only when it gets another task.
      if (used.queueSize > 0 && used === piscina) used.run(NOTHING).catch(() => {})
      throw new UnavailableError('a map worker broke down', { cause: error })
    }
  }

  return {
    async run<Of extends Job>(scope: JobScope, revision: number, job: Of) {
      const message = messageOf(scope)
      const task: Task = { scope: message, areas: new Map(), revision, sentAt: Date.now(), job }
      let outcome = await send(task)
      if (outcome.kind === 'lacks-areas') outcome = await send({ ...task, areas: areasOf(scope) })
      if (outcome.kind === 'unavailable') throw new UnavailableError(outcome.message)
      if (outcome.kind === 'lacks-areas') throw new Error('a worker lacks areas that it was sent')
      return outcome.result as ResultOfJob<Of>
    },
    async [Symbol.asyncDispose]() {
      closed = true
      await piscina?.destroy()
    },
  }
}

const NOTHING: Task = {
  scope: { collections: [] },
  areas: new Map(),
  revision: 0,
  sentAt: 0,
  job: { name: 'nothing' },
}

const codeOf = (error: unknown) => (error as { code?: unknown }).code

/** The thread ended with the task: out of memory, or otherwise. */
function isBreakdown(error: unknown): boolean {
  return (
    codeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY' ||
    (error instanceof Error && /^(worker exited|Terminating worker)/.test(error.message))
  )
}
