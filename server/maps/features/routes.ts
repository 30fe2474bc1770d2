import type { FastifyInstance } from 'fastify'
import { apiRoutes } from './api-routes.ts'
import { collectionRoutes } from './collection-routes.ts'
import { createContext, type MapRoutesOptions } from './context.ts'
import { createCursors } from './cursor.ts'
import { preparePages } from '../../pages/route.ts'
import { assetRoutes } from './html/assets.ts'
import { lookRoutes } from './html/look-routes.ts'
import { itemRoutes } from './item-routes.ts'
import { landingRoutes } from './landing-routes.ts'
import { optionsRoutes } from './options-routes.ts'
import { pointRoutes } from './point-routes.ts'
import { answerMapError } from './map-errors.ts'
import { writeRoutes } from './write-routes.ts'

export type { MapRoutesOptions } from './context.ts'

/**
 * The map data API: OGC API - Features Part 1 (17-069r4, https://docs.ogc.org/is/17-069r4/17-069r4.html)
 * and Part 4 (20-002r1, create, replace, update and delete), with what is nearest to a point or around
 * it. Tiles and search have folders of their own beside this one.
 *
 * A request's way: who calls is settled (`gateway/`); `context.ts` finds the collection as the caller
 * may see it; `items-query.ts` reads what is asked; the store answers with GeoJSON text, which
 * `answers.ts` puts together as text and `html/` makes pages of; `caching.ts` says who may keep it. A
 * body on its way in goes through `read-body.ts` and `parse-feature.ts`. What a caller may see is
 * decided by the stores alone. The schemas of answers (`schemas.ts`) only serve the API reference.
 */
export async function mapRoutes(app: FastifyInstance, options: MapRoutesOptions): Promise<void> {
  const context = createContext({
    ...options,
    prefix: app.prefix,
    cursors: createCursors(options.cursorKey),
  })
  app.setErrorHandler(answerMapError)
  landingRoutes(app, context)
  apiRoutes(app, context)
  collectionRoutes(app, context)
  itemRoutes(app, context)
  pointRoutes(app, context)
  optionsRoutes(app, context)
  await app.register(async (scope) => writeRoutes(scope, context))
  await app.register(async (scope) => {
    preparePages(scope)
    lookRoutes(scope)
  })
  assetRoutes(app)
}
