import { setTimeout as sleep } from 'node:timers/promises'
import type { Audit } from '../../../access/audit/audit.ts'
import type { Collection } from '../../../access/collections/collection.ts'
import type { Collections } from '../../../access/collections/collections.ts'
import type { Caller } from '../../../access/tokens/access-token.ts'
import type { Database } from '../../../database/database.ts'
import type { DatabaseLocation } from '../../../database/open.ts'
import { type RandomBytes, randomHex } from '../../../lib/random.ts'
import type { Clock } from '../../../lib/clock.ts'
import { recordImport } from '../record-import.ts'
import type { ImportOutcome } from '../run-import.ts'
import { createCustomerTurns } from './customer-turns.ts'
import type { JobResult } from './import-job.ts'
import { CANCELLED, failure, GONE } from './import-job-rows.ts'
import { type ClaimedJob, type ImportJobs, NODE_MILLISECONDS } from './import-jobs.ts'
import { startImportProcess } from './import-process.ts'
import type { Spool } from './spool.ts'

/**
 * Takes up import jobs whose file this node has, one at a time and of one customer after the other, and
 * sees them to their end. Disposed, it puts back the one that is under way, and the next server begins
 * it anew.
 */
export interface ImportRunner extends AsyncDisposable {
  /** There is a new job. */
  nudge(): void
  /**
   * To be called every minute: says that this node is alive, ends jobs of nodes that are not, and forgets
   * jobs that ended long ago, and files that no job needs.
   */
  maintain(): Promise<void>
}

type Ended = { kind: 'done' | 'failed' } & JobResult

interface PutBack {
  kind: 'put back'
  /** Whether it may have been the file's fault. */
  counts: boolean
}

/** How often jobs are looked for that nobody told of: of servers that died. */
const LOOK_MILLISECONDS = 2_000
const REPORT_MILLISECONDS = 1_000
/** A file that broke so many attempts is not tried again. */
const MOST_ATTEMPTS = 3

export function createImportRunner(options: {
  jobs: ImportJobs
  spool: Spool
  /** Where the spool is. */
  node: string
  maximumSeconds: number
  /** Of the map store. */
  location: DatabaseLocation
  collections: Collections
  /** Whether who asked for it may still write everywhere in the collection. */
  mayWrite: (caller: Caller, collectionId: string) => Promise<boolean>
  database: Database
  audit: Audit
  random: RandomBytes
  clock: Clock
  onError: (error: unknown) => void
}): ImportRunner {
  const { jobs, spool, node, maximumSeconds, location, collections, mayWrite } = options
  const { database, random, clock, onError } = options
  const runner = randomHex(8, random)
  const turns = createCustomerTurns()
  const stopping = new AbortController()
  const beganAt = clock.now()
  let nudged = Promise.withResolvers<void>()

  async function work(): Promise<void> {
    await jobs.hear(node).catch(onError)
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
    for (const { id, customerId } of turns.inTurn(await jobs.waiting(node))) {
      if (stopping.signal.aborted) return false
      const job = await jobs.claim(id, runner)
      if (!job) continue
      turns.served(customerId)
      const outcome = await carryOut(job).catch((error: unknown): PutBack => {
        onError(error)
        return { kind: 'put back', counts: true }
      })
      if (outcome.kind === 'put back') await jobs.release(id, runner, outcome.counts)
      else if (outcome.kind !== 'lost') {
        await end(job, outcome)
        return true
      }
    }
    return false
  }

  async function carryOut(job: ClaimedJob): Promise<Ended | PutBack | { kind: 'lost' }> {
    const collection = await judge(job)
    if ('reason' in collection) return { kind: 'failed', ...collection }
    const order = { location, collection, file: spool.pathOf(job.id), options: job.options }
    const started = startImportProcess(order, async () => {
      await database.feed.ensureFresh()
      if (!collectionOf(job)) return GONE.reason
      return (await mayWrite(job.caller, collection.id)) ? null : WITHDRAWN
    })
    const ended = started.outcome.then(
      (outcome) => ({ outcome }),
      (error: unknown) => ({ error }),
    )
    const givesUpAt = performance.now() + maximumSeconds * 1_000
    for (;;) {
      const over = await Promise.race([ended, pause(REPORT_MILLISECONDS)])
      if (over) return judgeEnd(over, started.cancelledFor())
      if (stopping.signal.aborted) {
        await started.kill()
        return { kind: 'put back', counts: false }
      }
      const state = await jobs.report(job.id, runner, started.progress()).catch(onError)
      if (state === 'cancelled') started.cancel(CANCELLED.reason)
      else if (!collectionOf(job)) started.cancel(GONE.reason)
      else if (performance.now() > givesUpAt) started.cancel(tooLong(maximumSeconds))
      if (state === 'lost') {
        await started.kill()
        return { kind: 'lost' }
      }
    }
  }

  /** @returns what it is imported into, or why it is not */
  async function judge(job: ClaimedJob): Promise<Collection | typeof CANCELLED> {
    if (job.cancelledAt !== null) return CANCELLED
    if (job.attempts > MOST_ATTEMPTS) {
      return failure(
        `it was begun ${MOST_ATTEMPTS} times, and something broke each time: the log of the server says what`,
      )
    }
    if (!(await spool.has(job.id))) return failure('its file is gone: send it again')
    await database.feed.ensureFresh()
    const collection = collectionOf(job)
    if (!collection) return GONE
    return (await mayWrite(job.caller, collection.id)) ? collection : failure(WITHDRAWN)
  }

  /** @param cancelledFor why it was told to end, if it was */
  function judgeEnd(
    over: { outcome: ImportOutcome } | { error: unknown },
    cancelledFor: string | null,
  ): Ended | PutBack {
    if ('error' in over) {
      if (cancelledFor !== null) return { kind: 'failed', ...failure(cancelledFor) }
      onError(over.error)
      return { kind: 'put back', counts: true }
    }
    const { outcome } = over
    switch (outcome.kind) {
      case 'done':
        return outcome
      case 'failed':
        return { features: 0, ...outcome, ...(cancelledFor !== null && { reason: cancelledFor }) }
      case 'gone':
        return { kind: 'failed', ...GONE }
      // The command line imports into it, or a process that died a moment ago did.
      case 'busy':
        return { kind: 'put back', counts: false }
    }
  }

  /** Null: it has been deleted, though another one may have its id. */
  function collectionOf(job: ClaimedJob): Collection | null {
    const known = collections.known(job.collectionId)
    return known?.createdAt === job.collectionCreatedAt ? known : null
  }

  async function end(job: ClaimedJob, { kind, ...result }: Ended): Promise<void> {
    const was = await jobs.end(job.id, runner, kind, result)
    if (was && kind === 'done') await recordImport(options, job.actor, job.collectionId, result)
    await spool.remove(job.id)
  }

  function pause(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
  }

  const working = work()
  return {
    nudge: () => nudged.resolve(),
    async maintain() {
      await jobs.hear(node)
      // Others that stood still as long as this one have their time to come back.
      if (clock.now() - beganAt > NODE_MILLISECONDS) await jobs.endOfSilentNodes()
      await jobs.prune()
      await spool.sweep(() => jobs.openIds())
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      nudged.resolve()
      await working
    },
  }
}

const WITHDRAWN = 'who asked for it may not write everywhere in the collection any more'

const tooLong = (seconds: number): string =>
  `it took longer than ${seconds} seconds (imports.maximumSeconds in the configuration)`
