import type { Collection } from '../access/collections/collection.ts'
import { wholeScope } from '../access/scopes/whole-scope.ts'
import { applicationRoutes } from '../admin/applications.ts'
import { deliveryRoutes } from '../admin/delivery.ts'
import { adminRoutes } from '../admin/routes.ts'
import { openImportJobs } from '../open-imports.ts'
import type { Surfaces } from './surfaces.ts'

/** The JSON API for managing customers and clients, and what strangers ask for. */
export async function addManagement(surfaces: Surfaces): Promise<void> {
  const { http, settings, access, maps, limitNetwork: limitCall } = surfaces
  const { publicUrl, secrets, clientRequests } = settings
  const importJobs = openImportJobs(access, settings)
  const options = {
    ...access,
    publicUrl,
    defaultOverlapSeconds: secrets.defaultOverlapSeconds,
    signingAlgorithm: settings.signing.algorithm,
    /** Nobody sees it, so it may as well stay until the collection gets data of its own. */
    dropLeftovers: ({ id, createdAt }: Collection) =>
      maps.dropLeftovers(id, createdAt).catch((error: unknown) => {
        http.log.error({ err: error }, 'map data of a collection that was deleted is still there')
      }),
    async dropMapData(deleted: Collection) {
      await importJobs.endOf(deleted)
      await maps.drop(
        wholeScope(() => [deleted]),
        deleted.id,
      )
    },
  }
  await http.register(async (scope) => adminRoutes(scope, options), { prefix: '/admin' })
  applicationRoutes(http, { ...access, limitCall, open: clientRequests.open })
  await http.register(async (scope) => deliveryRoutes(scope, { ...access, limitCall, publicUrl }))
}
