import { applicationRoutes } from '../admin/applications.ts'
import { deliveryRoutes } from '../admin/delivery.ts'
import { adminRoutes } from '../admin/routes.ts'
import type { Surfaces } from './surfaces.ts'

/** The JSON API for managing customers and clients, and what strangers ask for. */
export async function addManagement(surfaces: Surfaces): Promise<void> {
  const { http, settings, access, limitNetwork: limitCall } = surfaces
  const { publicUrl, secrets, clientRequests } = settings
  const options = {
    ...access,
    publicUrl,
    defaultOverlapSeconds: secrets.defaultOverlapSeconds,
    signingAlgorithm: settings.signing.algorithm,
  }
  await http.register(async (scope) => adminRoutes(scope, options), { prefix: '/admin' })
  applicationRoutes(http, { ...access, limitCall, open: clientRequests.open })
  await http.register(async (scope) => deliveryRoutes(scope, { ...access, limitCall, publicUrl }))
}
