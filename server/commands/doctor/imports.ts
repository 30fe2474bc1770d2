import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../../config/load.ts'
import { openPostgres } from '../../database/postgres.ts'
import { openSqlite } from '../../database/sqlite.ts'
import { NODE_MILLISECONDS } from '../../maps/import/jobs/import-jobs.ts'
import { knownNodeId } from '../../maps/import/jobs/node-id.ts'
import { databaseLocation } from '../../open-access.ts'
import { importsFolder } from '../../open-imports.ts'
import { type Finding, ok, warn } from './finding.ts'

/** Whether the imports that wait can be carried out: each needs its file, and the node that has it. */
export async function checkImports(settings: Settings): Promise<Finding[]> {
  const location = databaseLocation(settings)
  if (location.kind === 'sqlite' && !existsSync(location.file)) return []
  await using adapter =
    location.kind === 'sqlite' ? openSqlite(location.file) : openPostgres(location)
  const tables = (await adapter.query.introspection.getTables()).map(({ name }) => name)
  if (!tables.includes('import_jobs')) return []
  const jobs = await adapter.query
    .selectFrom('import_jobs')
    .select(['id', 'node', 'node_heard_at'])
    .where('busy_collection_id', 'is not', null)
    .where('state', '!=', 'receiving')
    .execute()
  const folder = importsFolder(settings)
  const node = await knownNodeId(folder)
  const lost = jobs.filter((job) => job.node === node && !existsSync(join(folder, job.id)))
  const silentSince = Date.now() - NODE_MILLISECONDS
  const silent = jobs.filter((job) => job.node !== node && job.node_heard_at < silentSince)
  const findings: Finding[] = []
  if (lost.length > 0) {
    const advice = 'They fail when the server looks at them: send the files again.'
    findings.push(warn('imports', `${lost.length} wait whose files are not in ${folder}`, advice))
  }
  if (silent.length > 0) {
    const minutes = NODE_MILLISECONDS / 60_000
    findings.push(
      warn(
        'imports',
        `${silent.length} wait on nodes that were not heard of for ${minutes} minutes`,
        `Start these nodes with their data folders: the imports fail once another node has run for ${minutes} minutes.`,
      ),
    )
  }
  return findings.length > 0 ? findings : [ok('imports', `${jobs.length} that have not ended`)]
}
