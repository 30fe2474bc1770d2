import { join } from 'node:path'
import type { Settings } from './config/load.ts'
import { createImportJobs, type ImportJobs } from './maps/import/jobs/import-jobs.ts'
import type { Access } from './open-access.ts'

/** What server and commands share of imports over HTTP. */

/** Files of a customer may together be so many times as large as one. */
const FILES_AT_ONCE = 4

export function openImportJobs(
  { database, clock }: Pick<Access, 'database' | 'clock'>,
  { imports }: Pick<Settings, 'imports'>,
): ImportJobs {
  return createImportJobs({
    database,
    clock,
    maximumBytes: FILES_AT_ONCE * imports.maximumBytes,
  })
}

/** Of the files that wait to be imported on this node. */
export const importsFolder = ({ dataDir }: Pick<Settings, 'dataDir'>): string =>
  join(dataDir, 'imports')
