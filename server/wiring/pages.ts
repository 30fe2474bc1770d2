import { accountRoutes } from '../account/routes.ts'
import { preparePages } from '../pages/route.ts'
import { signInRoutes } from '../sign-in/routes.ts'
import { createUpstreamClients } from '../sign-in/upstream-client.ts'
import { upstreamRoutes } from '../sign-in/upstream.ts'
import type { Surfaces } from './surfaces.ts'

/** The pages that people see. */
export async function addPages({ http, settings, access, limitNetwork }: Surfaces): Promise<void> {
  const options = {
    ...access,
    publicUrl: settings.publicUrl,
    limitCall: limitNetwork,
    feed: access.database.feed,
  }
  await http.register((scope) => signInRoutes(scope, options))
  await http.register((scope) =>
    accountRoutes(scope, { ...options, mapillary: settings.dialects.mapillary }),
  )
  const upstreamClients = createUpstreamClients(options)
  await http.register(async (scope) => {
    preparePages(scope)
    upstreamRoutes(scope, { ...options, upstreamClients })
  })
}
