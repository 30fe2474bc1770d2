import type { Selectable } from 'kysely'
import type { Actor } from '../../../access/audit/actor.ts'
import type { Tables } from '../../../database/tables.ts'
import type { ImportOptions } from '../import-options.ts'
import type { ImportJob, JobProgress, JobResult } from './import-job.ts'

export const CANCELLED = failure('it was cancelled')
export const GONE = failure('the collection is gone')
export const NODE_GONE = failure('the node that had the file is gone: send the file again')

/** Of a job that came to nothing. */
export function failure(reason: string): JobResult & { reason: string } {
  return { reason, features: 0, faults: 0, errors: [] }
}

/** The columns of a job that has ended, but for the time. */
export function ending(state: 'done' | 'failed', result: JobResult) {
  return {
    state,
    busy_collection_id: null,
    runner: null,
    caller: null,
    result: JSON.stringify(result),
  }
}

export function toJob(row: Selectable<Tables['import_jobs']>): ImportJob {
  return {
    id: row.id,
    collectionId: row.collection_id,
    collectionCreatedAt: row.collection_created_at,
    state: row.state,
    options: JSON.parse(row.options) as ImportOptions,
    actor: JSON.parse(row.actor) as Actor,
    totalBytes: row.total_bytes,
    progress: JSON.parse(row.progress) as JobProgress,
    result: row.result === null ? null : (JSON.parse(row.result) as JobResult),
    createdAt: row.created_at,
    startedAt: row.started_at,
    cancelledAt: row.cancelled_at,
    endedAt: row.ended_at,
  }
}
