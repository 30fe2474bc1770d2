import type { ImportJob } from './import-job.ts'

/** A job as answers tell it. */
export function toWire({
  id,
  collectionId,
  state,
  options,
  totalBytes,
  progress,
  result,
  ...times
}: ImportJob) {
  const { features, faults, errors, featureCount, reason, line } = result ?? {
    ...progress,
    errors: [],
  }
  return {
    id,
    collection: collectionId,
    state,
    format: options.format,
    ...(result === null && { phase: progress.phase }),
    bytes: state === 'done' ? totalBytes : progress.bytes,
    totalBytes,
    features,
    faults,
    errors,
    ...(featureCount !== undefined && { featureCount }),
    ...(reason !== undefined && { reason }),
    ...(line !== undefined && { line }),
    created: new Date(times.createdAt).toISOString(),
    ...(times.startedAt !== null && { started: new Date(times.startedAt).toISOString() }),
    ...(times.endedAt !== null && { ended: new Date(times.endedAt).toISOString() }),
  }
}
