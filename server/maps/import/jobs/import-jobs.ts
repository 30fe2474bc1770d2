import type { Actor } from '../../../access/audit/actor.ts'
import type { Collection } from '../../../access/collections/collection.ts'
import type { Caller } from '../../../access/tokens/access-token.ts'
import type { Database } from '../../../database/database.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { ImportOptions } from '../import-options.ts'
import type { ImportJob, JobProgress, JobResult } from './import-job.ts'
import { CANCELLED, ending, toJob } from './import-job-rows.ts'

/**
 * The imports that were asked for over HTTP, in the main database, so that they outlive the process
 * that runs them. `import-runner.ts` takes them up one after the other. A runner keeps a job by telling
 * that it is alive; when it has not for 10 s, another takes the job up from its beginning.
 */
export interface ImportJobs {
  /** `busy`: the collection has one that has not ended. */
  create(job: NewImportJob): Promise<{ kind: 'created'; job: ImportJob } | { kind: 'busy' }>
  isBusy(collectionId: string): Promise<boolean>
  find(collectionId: string, id: string): Promise<ImportJob | null>
  /** The newest first. */
  list(collectionId: string, limit: number): Promise<ImportJob[]>
  /** Ends it if it is waiting, and asks its runner to if it is running. @returns how it is now */
  cancel(collectionId: string, id: string): Promise<ImportJob | null>
  /** Those that a runner could take up, the oldest first. */
  waiting(): Promise<ImportJob[]>
  /** Null: another runner was quicker. */
  claim(id: string, runner: string): Promise<ClaimedJob | null>
  /** Tells that it is alive and how far it is. */
  report(id: string, runner: string, progress: JobProgress): Promise<'go-on' | 'cancelled' | 'lost'>
  /** Puts it back, to be begun anew. @param counts whether this was one of its attempts */
  release(id: string, runner: string, counts: boolean): Promise<void>
  /** @returns whether it still was this runner's */
  end(id: string, runner: string, state: 'done' | 'failed', result: JobResult): Promise<boolean>
  /** Of all jobs that have not ended. */
  openIds(): Promise<string[]>
  /** Forgets what ended a month ago. */
  prune(): Promise<void>
}

export interface NewImportJob {
  id: string
  collection: Pick<Collection, 'id' | 'createdAt'>
  options: ImportOptions
  actor: Actor
  /** Who asks for it: judged again when it is carried out. */
  caller: Caller
  totalBytes: number
}

export interface ClaimedJob extends ImportJob {
  /** How often it has been begun, this time included. */
  attempts: number
  caller: Caller
}

/** After that a runner that says nothing counts as dead. */
const LEASE_MILLISECONDS = 10_000
const KEPT_MILLISECONDS = 30 * 24 * 3_600_000
const NOTHING_YET: JobProgress = { phase: 'looking', bytes: 0, features: 0, faults: 0 }

export function createImportJobs(options: { database: Database; clock: Clock }): ImportJobs {
  const { database, clock } = options
  const select = () => database.query.selectFrom('import_jobs').selectAll()

  async function find(collectionId: string, id: string): Promise<ImportJob | null> {
    const row = await select()
      .where('id', '=', id)
      .where('collection_id', '=', collectionId)
      .executeTakeFirst()
    return row ? toJob(row) : null
  }

  return {
    create: ({ id, collection, options: told, actor, caller, totalBytes }) =>
      database.write(async (write) => {
        const row = await write.query
          .insertInto('import_jobs')
          .values({
            id,
            collection_id: collection.id,
            collection_created_at: collection.createdAt,
            busy_collection_id: collection.id,
            state: 'queued',
            options: JSON.stringify(told),
            actor: JSON.stringify(actor),
            caller: JSON.stringify(caller),
            total_bytes: totalBytes,
            progress: JSON.stringify(NOTHING_YET),
            attempts: 0,
            created_at: clock.now(),
          })
          .onConflict((conflict) => conflict.column('busy_collection_id').doNothing())
          .returningAll()
          .executeTakeFirst()
        return row ? { kind: 'created', job: toJob(row) } : { kind: 'busy' }
      }),

    async isBusy(collectionId) {
      const row = await database.query
        .selectFrom('import_jobs')
        .select('id')
        .where('busy_collection_id', '=', collectionId)
        .executeTakeFirst()
      return row !== undefined
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
        const ended = await write.query
          .updateTable('import_jobs')
          .set({ ...ending('failed', CANCELLED), cancelled_at: now, ended_at: now })
          .where('id', '=', id)
          .where('collection_id', '=', collectionId)
          .where('state', '=', 'queued')
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

    async waiting() {
      const rows = await select()
        .where('busy_collection_id', 'is not', null)
        .where((row) => row.or([row('state', '=', 'queued'), row('heartbeat_at', '<', silent())]))
        .orderBy('created_at')
        .limit(100)
        .execute()
      return rows.map(toJob)
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
          .where((each) =>
            each.or([each('state', '=', 'queued'), each('heartbeat_at', '<', silent())]),
          )
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

    async openIds() {
      const rows = await database.query
        .selectFrom('import_jobs')
        .select('id')
        .where('busy_collection_id', 'is not', null)
        .execute()
      return rows.map((row) => row.id)
    },

    async prune() {
      const before = clock.now() - KEPT_MILLISECONDS
      await database.write((write) =>
        write.query.deleteFrom('import_jobs').where('ended_at', '<', before).execute(),
      )
    },
  }

  function silent(): number {
    return clock.now() - LEASE_MILLISECONDS
  }
}
