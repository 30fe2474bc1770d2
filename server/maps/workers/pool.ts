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
import type { Room } from './fair-queue.ts'
import { createThreadTurns, type Turn } from './thread-turns.ts'
import type { WorkerStart } from './worker.ts'

/**
 * Threads for reads that look at many features, and for tiles, so that nobody who asks for a token
 * waits for a map. `worker-store.ts` decides which reads come here, `worker.ts` does them on a
 * read-only store of its own.
 *
 * Tiles and reads take turns, so that many who search do not stop the maps, and so do callers, so that
 * nobody waits for all that one asks for (`thread-turns.ts`).
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
  /** As `run`, for what others may come to wait for. @throws UnavailableError at once, as `run` */
  start<Of extends Job>(scope: JobScope, revision: number, job: Of): Started<ResultOfJob<Of>>
}

export interface Started<Result> {
  result: Promise<Result>
  /** Another caller waits for it too (`AccessScope.countedAs`). */
  share(caller: string): void
}

/** Tasks of a kind that may wait for a thread; of one caller, about those of a dozen map views. */
const WAITING: Room = { ofOne: 256, ofAll: 1_024 }

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
  waiting?: Room
  maximumMegabytes?: number
  onError: (error: unknown) => void
}): WorkerPool {
  const { waiting = WAITING, maximumMegabytes = 512, onError } = options
  const threads = options.threads ?? Math.max(1, availableParallelism() - 1)
  // Each thread would open as many connections as the server; it does one thing at a time.
  const location: DatabaseLocation =
    options.location.kind === 'postgres'
      ? { ...options.location, connections: 2 }
      : options.location
  let piscina: Piscina<Task, Outcome> | null = null
  const turns = createThreadTurns(threads, waiting)
  let closed = false

  function startThreads(): Piscina<Task, Outcome> {
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

  async function inTurn(turn: Turn, scope: JobScope, task: Task): Promise<unknown> {
    await turn.begun
    try {
      let outcome = await runInThread(task)
      if (outcome.kind === 'lacks-areas') {
        outcome = await runInThread({ ...task, areas: areasOf(scope) })
      }
      if (outcome.kind === 'unavailable') throw new UnavailableError(outcome.message)
      if (outcome.kind === 'lacks-areas') throw new Error('a worker lacks areas that it was sent')
      return outcome.result
    } finally {
      turn.giveBack()
    }
  }

  async function runInThread(task: Task): Promise<Outcome> {
    if (closed) throw new UnavailableError('the server is stopping')
    const used = (piscina ??= startThreads())
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

  function start<Of extends Job>(scope: JobScope, revision: number, job: Of) {
    const turn = turns.ask(job.name === 'tile' ? 'tile' : 'read', scope.countedAs)
    const message = messageOf(scope)
    const task: Task = { scope: message, areas: new Map(), revision, sentAt: Date.now(), job }
    const result = inTurn(turn, scope, task) as Promise<ResultOfJob<Of>>
    return { result, share: turn.share }
  }

  return {
    start,
    run: async (scope, revision, job) => start(scope, revision, job).result,
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
