import type { ExpressionBuilder } from 'kysely'
import type { Actor } from '../../../access/audit/actor.ts'
import type { Collection } from '../../../access/collections/collection.ts'
import type { Caller } from '../../../access/tokens/access-token.ts'
import type { Database, Write } from '../../../database/database.ts'
import type { Tables } from '../../../database/tables.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { ImportOptions } from '../import-options.ts'
import type { ImportJob, JobProgress, JobResult } from './import-job.ts'
import { CANCELLED, ending, GONE, NODE_GONE, toJob } from './import-job-rows.ts'

/**
 * The imports that were asked for over HTTP, in the main database, so that they outlive the process
 * that runs them. A job holds its collection from before its file comes in until it has ended. Its
 * file is on one node; `import-runner.ts` of that node takes the jobs up one after the other. A runner
 * keeps a job by telling that it is alive; when it has not for 10 s, another takes the job up from its
 * beginning. Jobs of a node that nothing was heard of for 10 minutes fail: the file is gone with it.
 */
export interface ImportJobs {
  /** Holds the collection, while the file comes in (`receiving`). Ends jobs of an older collection of its id. */
  reserve(job: NewImportJob): Promise<ReserveOutcome>
  /** The file still comes in: to be told every few seconds. */
  receiving(id: string): Promise<void>
  /** The file is there. @returns null: the job was cancelled or ended meanwhile */
  receive(id: string, bytes: number): Promise<ImportJob | null>
  /** The file does not come: there never was such a job. */
  withdraw(id: string): Promise<void>
  find(collectionId: string, id: string): Promise<ImportJob | null>
  /** The newest first. */
  list(collectionId: string, limit: number): Promise<ImportJob[]>
  /** Ends it unless it is running, and asks its runner to then. @returns how it is now */
  cancel(collectionId: string, id: string): Promise<ImportJob | null>
  /** Ends all of a collection that was deleted. */
  endOf(deleted: Pick<Collection, 'id' | 'createdAt'>): Promise<void>
  /** Those that a runner of this node could take up, the oldest first. */
  waiting(node: string): Promise<WaitingJob[]>
  /** Null: another runner was quicker. */
  claim(id: string, runner: string): Promise<ClaimedJob | null>
  /** Tells that it is alive and how far it is. */
  report(id: string, runner: string, progress: JobProgress): Promise<'go-on' | 'cancelled' | 'lost'>
  /** Puts it back, to be begun anew. @param counts whether this was one of its attempts */
  release(id: string, runner: string, counts: boolean): Promise<void>
  /** @returns whether it still was this runner's */
  end(id: string, runner: string, state: 'done' | 'failed', result: JobResult): Promise<boolean>
  /** This node is alive: to be told every few minutes. */
  hear(node: string): Promise<void>
  /** Ends the jobs of nodes that are no longer heard of. */
  endOfSilentNodes(): Promise<void>
  /** Of all jobs that have not ended. */
  openIds(): Promise<string[]>
  /** Forgets what ended a month ago, and files that stopped coming in. */
  prune(): Promise<void>
}

export interface NewImportJob {
  id: string
  collection: Pick<Collection, 'id' | 'createdAt'>
  options: ImportOptions
  actor: Actor
  /** Who asks for it: judged again when it is carried out. */
  caller: Caller
  /** What the file may have, until it is there. */
  totalBytes: number
  /** Where the file will be. */
  node: string
}

export type ReserveOutcome =
  | { kind: 'reserved' }
  /** The collection has one that has not ended. */
  | { kind: 'busy' }
  /** The customer has so many that have not ended. */
  | { kind: 'too-many'; jobs: number }
  /** Together the customer's files would be larger than that. */
  | { kind: 'too-large'; maximumBytes: number }

export interface WaitingJob {
  id: string
  customerId: string
}

export interface ClaimedJob extends ImportJob {
  /** How often it has been begun, this time included. */
  attempts: number
  caller: Caller
}

/** After that a runner that says nothing counts as dead. */
const LEASE_MILLISECONDS = 10_000
/** After that nobody takes the file any more. */
const RECEIVING_MILLISECONDS = 30_000
/** After that a node will not come back. */
export const NODE_MILLISECONDS = 600_000
const KEPT_MILLISECONDS = 30 * 24 * 3_600_000
const NOTHING_YET: JobProgress = { phase: 'looking', bytes: 0, features: 0, faults: 0 }

/** Of a customer, that have not ended. */
export const MOST_JOBS = 10
const MOST_WAITING = 10_000

/** @param options.maximumBytes of the files of a customer together */
export function createImportJobs(options: {
  database: Database
  clock: Clock
  maximumBytes: number
}): ImportJobs {
  const { database, clock, maximumBytes } = options
  const select = () => database.query.selectFrom('import_jobs').selectAll()
  const since = (milliseconds: number) => clock.now() - milliseconds

  async function find(collectionId: string, id: string): Promise<ImportJob | null> {
    const row = await select()
      .where('id', '=', id)
      .where('collection_id', '=', collectionId)
      .executeTakeFirst()
    return row ? toJob(row) : null
  }

  /** Of a customer, what has not ended. */
  async function openOf(write: Write, customerId: string) {
    const row = await write.query
      .selectFrom('import_jobs')
      .select((rows) => [
        rows.fn.countAll<string | number>().as('jobs'),
        rows.fn.sum<string | number | null>('total_bytes').as('bytes'),
      ])
      .where('busy_collection_id', 'is not', null)
      .where('customer_id', '=', customerId)
      .executeTakeFirstOrThrow()
    return { jobs: Number(row.jobs), bytes: Number(row.bytes ?? 0) }
  }

  function endAll(write: Write, result: JobResult) {
    return write.query
      .updateTable('import_jobs')
      .set({ ...ending('failed', result), ended_at: clock.now() })
      .where('busy_collection_id', 'is not', null)
  }

  /** Nobody runs it, or who did has been silent for too long. */
  const isFree = (row: ExpressionBuilder<Tables, 'import_jobs'>) =>
    row.or([
      row('state', '=', 'queued'),
      row.and([row('state', '=', 'running'), row('heartbeat_at', '<', since(LEASE_MILLISECONDS))]),
    ])

  const removeUnreceived = (write: Write) =>
    write.query
      .deleteFrom('import_jobs')
      .where('busy_collection_id', 'is not', null)
      .where('state', '=', 'receiving')
      .where('heartbeat_at', '<', since(RECEIVING_MILLISECONDS))
      .execute()

  return {
    reserve: ({ id, collection, options: told, actor, caller, totalBytes, node }) =>
      database.write(async (write): Promise<ReserveOutcome> => {
        const { customerId } = caller
        // So that no two count the same jobs.
        await write.lock(`import-jobs:${customerId}`)
        await removeUnreceived(write)
        await endAll(write, GONE)
          .where('busy_collection_id', '=', collection.id)
          .where('collection_created_at', '<', collection.createdAt)
          .execute()
        const open = await openOf(write, customerId)
        if (open.jobs >= MOST_JOBS) return { kind: 'too-many', jobs: open.jobs }
        if (open.bytes + totalBytes > maximumBytes) return { kind: 'too-large', maximumBytes }
        const now = clock.now()
        const row = await write.query
          .insertInto('import_jobs')
          .values({
            id,
            collection_id: collection.id,
            collection_created_at: collection.createdAt,
            busy_collection_id: collection.id,
            customer_id: customerId,
            node,
            node_heard_at: now,
            state: 'receiving',
            options: JSON.stringify(told),
            actor: JSON.stringify(actor),
            caller: JSON.stringify(caller),
            total_bytes: totalBytes,
            progress: JSON.stringify(NOTHING_YET),
            attempts: 0,
            created_at: now,
            heartbeat_at: now,
          })
          .onConflict((conflict) => conflict.column('busy_collection_id').doNothing())
          .returning('id')
          .executeTakeFirst()
        return { kind: row ? 'reserved' : 'busy' }
      }),

    async receiving(id) {
      await database.write((write) =>
        write.query
          .updateTable('import_jobs')
          .set({ heartbeat_at: clock.now() })
          .where('id', '=', id)
          .where('state', '=', 'receiving')
          .execute(),
      )
    },

    receive: (id, bytes) =>
      database.write(async (write) => {
        const row = await write.query
          .updateTable('import_jobs')
          .set({ state: 'queued', total_bytes: bytes, heartbeat_at: null })
          .where('id', '=', id)
          .where('state', '=', 'receiving')
          .returningAll()
          .executeTakeFirst()
        return row ? toJob(row) : null
      }),

    async withdraw(id) {
      await database.write((write) =>
        write.query
          .deleteFrom('import_jobs')
          .where('id', '=', id)
          .where('state', '=', 'receiving')
          .execute(),
      )
    },

    find,

    async list(collectionId, limit) {
      const rows = await select()
        .where('collection_id', '=', collectionId)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute()
      return rows.map(toJob)
    },

    async cancel(collectionId, id) {
      await database.write(async (write) => {
        const now = clock.now()
        const ended = await endAll(write, CANCELLED)
          .set({ cancelled_at: now })
          .where('id', '=', id)
          .where('collection_id', '=', collectionId)
          .where('state', 'in', ['receiving', 'queued'])
          .executeTakeFirst()
        if (Number(ended.numUpdatedRows) > 0) return
        await write.query
          .updateTable('import_jobs')
          .set({ cancelled_at: now })
          .where('id', '=', id)
          .where('collection_id', '=', collectionId)
          .where('state', '=', 'running')
          .where('cancelled_at', 'is', null)
          .execute()
      })
      return find(collectionId, id)
    },

    async endOf({ id, createdAt }) {
      await database.write((write) =>
        endAll(write, GONE)
          .where('busy_collection_id', '=', id)
          .where('collection_created_at', '<=', createdAt)
          .execute(),
      )
    },

    async waiting(node) {
      const rows = await database.query
        .selectFrom('import_jobs')
        .select(['id', 'customer_id'])
        .where('busy_collection_id', 'is not', null)
        .where('node', '=', node)
        .where(isFree)
        .orderBy('created_at')
        .orderBy('id')
        .limit(MOST_WAITING)
        .execute()
      return rows.map((row) => ({ id: row.id, customerId: row.customer_id }))
    },

    claim: (id, runner) =>
      database.write(async (write) => {
        const now = clock.now()
        const row = await write.query
          .updateTable('import_jobs')
          .set((set) => ({
            state: 'running',
            runner,
            heartbeat_at: now,
            started_at: now,
            attempts: set('attempts', '+', 1),
            progress: JSON.stringify(NOTHING_YET),
          }))
          .where('id', '=', id)
          .where('busy_collection_id', 'is not', null)
          .where(isFree)
          .returningAll()
          .executeTakeFirst()
        if (!row) return null
        const caller = JSON.parse(row.caller!) as Caller
        return { ...toJob(row), attempts: row.attempts, caller }
      }),

    report: (id, runner, progress) =>
      database.write(async (write) => {
        const row = await write.query
          .updateTable('import_jobs')
          .set({ heartbeat_at: clock.now(), progress: JSON.stringify(progress) })
          .where('id', '=', id)
          .where('runner', '=', runner)
          .where('state', '=', 'running')
          .returning('cancelled_at')
          .executeTakeFirst()
        if (!row) return 'lost'
        return row.cancelled_at === null ? 'go-on' : 'cancelled'
      }),

    async release(id, runner, counts) {
      await database.write((write) =>
        write.query
          .updateTable('import_jobs')
          .set((set) => ({
            state: 'queued',
            runner: null,
            heartbeat_at: null,
            attempts: set('attempts', '-', counts ? 0 : 1),
          }))
          .where('id', '=', id)
          .where('runner', '=', runner)
          .where('state', '=', 'running')
          .execute(),
      )
    },

    end: (id, runner, state, result) =>
      database.write(async (write) => {
        const { numUpdatedRows } = await write.query
          .updateTable('import_jobs')
          .set({ ...ending(state, result), ended_at: clock.now() })
          .where('id', '=', id)
          .where('runner', '=', runner)
          .where('state', '=', 'running')
          .executeTakeFirst()
        return Number(numUpdatedRows) > 0
      }),

    async hear(node) {
      await database.write((write) =>
        write.query
          .updateTable('import_jobs')
          .set({ node_heard_at: clock.now() })
          .where('busy_collection_id', 'is not', null)
          .where('node', '=', node)
          .execute(),
      )
    },

    async endOfSilentNodes() {
      await database.write((write) =>
        endAll(write, NODE_GONE).where('node_heard_at', '<', since(NODE_MILLISECONDS)).execute(),
      )
    },

    async openIds() {
      const rows = await database.query
        .selectFrom('import_jobs')
        .select('id')
        .where('busy_collection_id', 'is not', null)
        .execute()
      return rows.map((row) => row.id)
    },

    async prune() {
      await database.write(async (write) => {
        await removeUnreceived(write)
        await write.query
          .deleteFrom('import_jobs')
          .where('ended_at', '<', since(KEPT_MILLISECONDS))
          .execute()
      })
    },
  }
}
