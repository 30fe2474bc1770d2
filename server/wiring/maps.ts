import { publicAccessScope } from '../access/scopes/access-scope.ts'
import { mapRoutes } from '../maps/routes.ts'
import type { Surfaces } from './surfaces.ts'

/** The map data API. */
export async function addMaps({ http, settings, maps }: Surfaces): Promise<void> {
  const options = {
    store: maps,
    publicUrl: settings.publicUrl,
    accessScope: () => publicAccessScope,
  }
  await http.register(async (scope) => mapRoutes(scope, options), { prefix: '/maps' })
}
