import { mapRoutes } from '../maps/features/routes.ts'
import { searchRoutes } from '../maps/search/routes.ts'
import { tileRoutes } from '../maps/tiles/routes.ts'
import type { Surfaces } from './surfaces.ts'

/** The map data API. */
export async function addMaps(surfaces: Surfaces): Promise<void> {
  const { http, settings, access, maps } = surfaces
  const { publicUrl } = settings
  const options = {
    ...surfaces,
    store: maps,
    publicUrl,
    cursorKey: access.masterKey.derive('cursors'),
    clock: access.clock,
  }
  await http.register(async (scope) => mapRoutes(scope, options), { prefix: '/maps' })
  await http.register(async (scope) => searchRoutes(scope, options), { prefix: '/maps' })
  const tileOptions = {
    ...options,
    pool: surfaces.mapWorkers,
    maximumBytes: settings.maps.tileCacheBytes,
  }
  await http.register(async (scope) => tileRoutes(scope, tileOptions), { prefix: '/maps' })
}
