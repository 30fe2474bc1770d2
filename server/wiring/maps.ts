import { mapRoutes } from '../maps/features/routes.ts'
import type { Surfaces } from './surfaces.ts'

/** The map data API. */
export async function addMaps({ http, settings, maps, accessScope }: Surfaces): Promise<void> {
  const options = { store: maps, publicUrl: settings.publicUrl, accessScope }
  await http.register(async (scope) => mapRoutes(scope, options), { prefix: '/maps' })
}
