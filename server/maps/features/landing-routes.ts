import type { FastifyInstance } from 'fastify'
import { allowCaching } from './caching.ts'
import { FEATURES_CONFORMANCE } from './conformance.ts'
import type { MapsContext } from './context.ts'
import { sendConformancePage, sendLandingPage } from './html/landing-page.ts'
import { HTML_TYPE, JSON_FIRST, JSON_TYPE, OPENAPI_TYPE, tokenOf } from './links.ts'
import { wantsHtml } from './representation.ts'
import type { PlainQuery } from './query-schemas.ts'
import * as schemas from './schemas.ts'
import { TILES_CONFORMANCE } from '../tiles/conformance.ts'

/** Where everything is, and what of the standards is obeyed (17-069r4 §7.2, §7.4): for anybody. */
export function landingRoutes(app: FastifyInstance, { links }: MapsContext): void {
  // OWSLib puts a slash at its end.
  for (const prefixTrailingSlash of ['no-slash', 'slash'] as const) {
    app.get<{ Querystring: PlainQuery }>(
      '/',
      {
        prefixTrailingSlash,
        schema: { ...schemas.landing, hide: prefixTrailingSlash === 'slash' },
        config: { endpoint: 'maps.landing', access: { public: true } },
      },
      async (request, reply) => {
        const { query } = request
        const token = tokenOf(query)
        allowCaching(request, reply, [])
        if (wantsHtml(request)) return sendLandingPage(request, reply)
        return {
          title: 'Map data',
          description: DESCRIPTION,
          links: [
            ...links.variants('', JSON_FIRST, query),
            links.to('service-desc', '/api', OPENAPI_TYPE, { ...token, f: 'json' }, 'OpenAPI 3.0'),
            links.to('service-doc', '/api', HTML_TYPE, { ...token, f: 'html' }, 'API reference'),
            links.to('conformance', '/conformance', JSON_TYPE, token, 'Conformance classes'),
            links.to('data', '/collections', JSON_TYPE, token, 'Collections'),
            links.to(TILING_SCHEMES, '/tileMatrixSets', JSON_TYPE, token, 'Tile matrix sets'),
            links.to('search', '/search', JSON_TYPE, token, 'Search'),
          ],
        }
      },
    )
  }

  app.get<{ Querystring: PlainQuery }>(
    '/conformance',
    {
      schema: schemas.conformance,
      config: { endpoint: 'maps.conformance', access: { public: true } },
    },
    async (request, reply) => {
      allowCaching(request, reply, [])
      if (wantsHtml(request)) return sendConformancePage(request, reply, CLASSES)
      return { conformsTo: CLASSES }
    },
  )
}

const DESCRIPTION = 'Collections of map features, as far as the caller may see them.'

const CLASSES = [...FEATURES_CONFORMANCE, ...TILES_CONFORMANCE]

const TILING_SCHEMES = 'http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes'
