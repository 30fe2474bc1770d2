import type { Actor } from '../../../access/audit/actor.ts'
import type { ImportFault } from '../fault-list.ts'
import type { ImportOptions } from '../import-options.ts'

/** A file that was sent to be imported, and what becomes of it. */
export interface ImportJob {
  id: string
  collectionId: string
  /** One of the same id that comes after it is another one. */
  collectionCreatedAt: number
  /** `receiving`: its file still comes in. */
  state: 'receiving' | 'queued' | 'running' | 'done' | 'failed'
  options: ImportOptions
  /** Who sent it. */
  actor: Actor
  /** Of its file; while that comes in, what it may have. */
  totalBytes: number
  progress: JobProgress
  /** Null until it has ended. */
  result: JobResult | null
  createdAt: number
  startedAt: number | null
  /** Somebody wants it to end. */
  cancelledAt: number | null
  endedAt: number | null
}

export interface JobProgress {
  phase: 'looking' | 'writing'
  /** Of the file, in this phase: it is read twice. */
  bytes: number
  features: number
  faults: number
}

export interface JobResult {
  /** Why it failed. */
  reason?: string
  /** Where in the file, if it was there. */
  line?: number
  /** How many the collection has now. */
  featureCount?: number
  features: number
  faults: number
  errors: readonly ImportFault[]
}
