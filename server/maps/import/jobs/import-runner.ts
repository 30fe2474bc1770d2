import { setTimeout as sleep } from 'node:timers/promises'
import type { Audit } from '../../../access/audit/audit.ts'
import type { Collection } from '../../../access/collections/collection.ts'
import type { Collections } from '../../../access/collections/collections.ts'
import type { Caller } from '../../../access/tokens/access-token.ts'
import type { Database } from '../../../database/database.ts'
import type { DatabaseLocation } from '../../../database/open.ts'
import { type RandomBytes, randomHex } from '../../../lib/random.ts'
import { recordImport } from '../record-import.ts'
import type { ImportOutcome } from '../run-import.ts'
import type { JobResult } from './import-job.ts'
import { CANCELLED } from './import-job-rows.ts'
import type { ClaimedJob, ImportJobs } from './import-jobs.ts'
import { startImportProcess } from './import-process.ts'
import type { Spool } from './spool.ts'

/**
 * Takes up import jobs whose file this node has, one at a time, and sees them to their end. Disposed,
 * it puts back the one that is under way, and the next server begins it anew.
 */
export interface ImportRunner extends AsyncDisposable {
  /** There is a new job. */
  nudge(): void
  /** Forgets jobs that ended long ago, and files that no job needs. */
  maintain(): Promise<void>
}

type Ended = Exclude<ImportOutcome, { kind: 'busy' }>

interface PutBack {
  kind: 'put back'
  /** Whether it may have been the file's fault. */
  counts: boolean
}

/** How often jobs are looked for that nobody told of: of servers that died. */
const LOOK_MILLISECONDS = 2_000
const REPORT_MILLISECONDS = 1_000
/** A file that ended so many processes is not tried again. */
const MOST_ATTEMPTS = 3

export function createImportRunner(options: {
  jobs: ImportJobs
  spool: Spool
  /** Of the map store. */
  location: DatabaseLocation
  collections: Collections
  /** Whether who asked for it may still write everywhere in the collection. */
  mayWrite: (caller: Caller, collectionId: string) => Promise<boolean>
  database: Database
  audit: Audit
  random: RandomBytes
  onError: (error: unknown) => void
}): ImportRunner {
  const { jobs, spool, location, collections, mayWrite, database, random, onError } = options
  const runner = randomHex(8, random)
  const stopping = new AbortController()
  let nudged = Promise.withResolvers<void>()

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        if (await workOnce()) continue
      } catch (error) {
        onError(error)
      }
      await Promise.race([nudged.promise, pause(LOOK_MILLISECONDS)])
      nudged = Promise.withResolvers()
    }
  }

  /** @returns whether it brought a job to its end */
  async function workOnce(): Promise<boolean> {
    for (const { id } of await jobs.waiting()) {
      if (stopping.signal.aborted) return false
      // Another node has the file.
      if (!(await spool.has(id))) continue
      const job = await jobs.claim(id, runner)
      if (!job) continue
      const outcome = await carryOut(job)
      if (outcome.kind === 'put back') await jobs.release(id, runner, outcome.counts)
      else if (outcome.kind !== 'lost') {
        await end(job, outcome)
        return true
      }
    }
    return false
  }

  async function carryOut(job: ClaimedJob): Promise<Ended | PutBack | { kind: 'lost' }> {
    if (job.cancelledAt !== null) return failure(CANCELLED.reason!)
    if (job.attempts > MOST_ATTEMPTS) {
      return failure(`it was begun ${MOST_ATTEMPTS} times, and the process ended each time`)
    }
    await database.feed.ensureFresh()
    const collection = collectionOf(job)
    if (!collection) return failure('the collection is gone')
    if (!(await mayWrite(job.caller, collection.id))) return failure(WITHDRAWN)
    const order = { location, collection, file: spool.pathOf(job.id), options: job.options }
    const started = startImportProcess(order, async () => {
      await database.feed.ensureFresh()
      if (!collectionOf(job)) return 'the collection is gone'
      return (await mayWrite(job.caller, collection.id)) ? null : WITHDRAWN
    })
    const ended = started.outcome.then(
      (outcome) => ({ outcome }),
      (error: unknown) => ({ error }),
    )
    for (;;) {
      const over = await Promise.race([ended, pause(REPORT_MILLISECONDS)])
      if (over && 'outcome' in over) {
        const { outcome } = over
        // The command line imports into it, or a process that died a moment ago did.
        return outcome.kind === 'busy' ? { kind: 'put back', counts: false } : outcome
      }
      if (over) {
        onError(over.error)
        return { kind: 'put back', counts: true }
      }
      if (stopping.signal.aborted) {
        await started.kill()
        return { kind: 'put back', counts: false }
      }
      const state = await jobs.report(job.id, runner, started.progress()).catch(onError)
      if (state === 'cancelled' || !collectionOf(job)) started.cancel()
      if (state === 'lost') {
        await started.kill()
        return { kind: 'lost' }
      }
    }
  }

  /** Null: it has been deleted, though another one may have its id. */
  function collectionOf(job: ClaimedJob): Collection | null {
    const known = collections.known(job.collectionId)
    return known?.createdAt === job.collectionCreatedAt ? known : null
  }

  async function end(job: ClaimedJob, outcome: Ended): Promise<void> {
    const { kind, ...result } = outcome
    const counted: JobResult = { features: 0, ...result }
    const was = await jobs.end(job.id, runner, kind === 'done' ? 'done' : 'failed', counted)
    if (was && kind === 'done') {
      await recordImport(options, job.actor, job.collectionId, counted)
    }
    await spool.remove(job.id)
  }

  function pause(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
  }

  const working = work()
  return {
    nudge: () => nudged.resolve(),
    async maintain() {
      await jobs.prune()
      await spool.sweep(new Set(await jobs.openIds()))
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      nudged.resolve()
      await working
    },
  }
}

const WITHDRAWN = 'who asked for it may not write everywhere in the collection any more'

function failure(reason: string): Ended {
  return { kind: 'failed', reason, faults: 0, errors: [] }
}
