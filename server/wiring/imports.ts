import { exportRoutes } from '../maps/export/routes.ts'
import { createImportRunner, type ImportRunner } from '../maps/import/jobs/import-runner.ts'
import { nodeId } from '../maps/import/jobs/node-id.ts'
import { importRoutes } from '../maps/import/jobs/routes.ts'
import { createSpool } from '../maps/import/jobs/spool.ts'
import { databaseLocation, mapsLocation } from '../open-access.ts'
import { importsFolder, openImportJobs } from '../open-imports.ts'
import type { Surfaces } from './surfaces.ts'

/**
 * Imports and exports over HTTP.
 * @param opened ends the import that is under way when the server stops
 */
export async function addImports(
  surfaces: Surfaces,
  opened: AsyncDisposableStack,
): Promise<ImportRunner> {
  const { http, settings, access, maps } = surfaces
  const { maximumBytes, maximumSeconds } = settings.imports
  const jobs = openImportJobs(access, settings)
  const folder = importsFolder(settings)
  const spool = createSpool({ folder, maximumBytes })
  const node = await nodeId(folder, access.random)
  const runner = opened.use(
    createImportRunner({
      ...access,
      jobs,
      spool,
      node,
      maximumSeconds,
      location: mapsLocation(settings, databaseLocation(settings)),
      mayWrite: async (caller, id) => (await surfaces.scopeByNow(caller, '')).write(id) === 'all',
      onError: (error) => http.log.error({ err: error }, 'import'),
    }),
  )
  const options = {
    ...access,
    ...surfaces,
    publicUrl: settings.publicUrl,
    store: maps,
    jobs,
    spool,
    runner,
    node,
    maximumBytes,
  }
  await http.register(async (scope) => importRoutes(scope, options), { prefix: '/maps' })
  await http.register(async (scope) => exportRoutes(scope, options), { prefix: '/maps' })
  return runner
}
