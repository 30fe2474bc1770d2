import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { Caller } from '../../access/tokens/access-token.ts'
import { parseTile, type Tile } from '../../geo/tile.ts'
import type { ProtectedAccess } from '../../http/route.ts'
import { badParameter, notFound } from '../../protocol/problem.ts'
import { sendJson } from '../features/answers.ts'
import { createLinks, queryText, tokenOf } from '../features/links.ts'
import { shown } from '../features/names.ts'
import { READ } from '../features/read-access.ts'
import { refuseCollection } from '../features/refuse-collection.ts'
import { parseFields } from '../features/select-fields.ts'
import type { CollectionState } from '../store/collection-state.ts'
import type { MapStore } from '../store/map-store.ts'
import { viewOf } from '../store/seen.ts'
import type { WorkerPool } from '../workers/pool.ts'
import * as schemas from './schemas.ts'
import { sendTile } from './send-tile.ts'
import { styleOf } from './style.ts'
import { tileShortcut } from './tile-shortcut.ts'
import { TILE_MATRIX_SET, webMercatorQuad } from './tile-matrix-sets.ts'
import { metadataOf, tileJsonOf } from './tilejson.ts'
import { createTiles } from './tiles.ts'
import { tileMatrixSetList, tileMatrixSetPath, tilesetOf, tilesetsOf } from './tilesets.ts'

/**
 * Vector tiles of collections: by z, x and y with TileJSON, a style and GDAL's metadata, and as
 * OGC API - Tiles has them (20-057, https://docs.ogc.org/is/20-057/20-057.html), by zoom, row and
 * column.
 *
 * A request's way: the numbers are read; `tiles.ts` judges the tile against what the caller may see
 * and asks the cache (`tile-cache.ts`); what is not there is drawn by a worker (`render.ts`: `draw.ts`,
 * `cut.ts`, `thin.ts`, `encode.ts`); `send-tile.ts` answers. What is there may go a shorter way
 * (`tile-shortcut.ts`); both say what `tile-answer.ts` says.
 */
export async function tileRoutes(app: FastifyInstance, options: TileRoutesOptions): Promise<void> {
  const { store, accessScope, needToken } = options
  const links = createLinks(options.publicUrl + app.prefix)
  const tiles = createTiles(options)
  app.shortcuts.push(
    tileShortcut({
      ...options,
      prefix: `${app.prefix}/tiles/`,
      endpoint: 'maps.tile',
      access: TILES,
      tiles,
    }),
  )

  async function getState(request: FastifyRequest, id: string): Promise<CollectionState> {
    const state = await store.state(await accessScope(request), id)
    return state ?? refuseCollection(needToken, request, id)
  }

  function xyzTemplate(id: string, query: schemas.FieldsQuery): string {
    const asked = queryText({ ...tokenOf(query), fields: query.fields })
    return `${links.baseUrl}/tiles/${encodeURIComponent(id)}/{z}/{x}/{y}.pbf${asked}`
  }

  async function findTile(
    request: FastifyRequest,
    id: string,
    tile: Tile,
    { fields: asked }: schemas.TileQuery,
  ) {
    const known = accessScope(request)
    const scope = known instanceof Promise ? await known : known
    const viewed = viewOf(scope, id)
    if (!viewed) return refuseCollection(needToken, request, id)
    const { collection } = viewed
    let fields: string[] | null = null
    if (asked !== undefined) {
      const { schema } = await getState(request, id)
      const chosen = parseFields(asked, schema)
      const names = schema.map(({ name }) => name).filter((name) => chosen?.has(name) ?? true)
      // All that there are is the same tile.
      fields = names.length < schema.length ? names : null
    }
    return { collection, drawn: await tiles.find(scope, collection, tile, fields) }
  }

  app.get<{ Params: schemas.XyzTileParams; Querystring: schemas.TileQuery }>(
    '/tiles/:collectionId/:z/:x/:y.pbf',
    { schema: schemas.tile, config: { endpoint: 'maps.tile', access: TILES } },
    async (request, reply) => {
      const { collectionId, z, x, y } = request.params
      const tile = getTile(z, x, y, { z: 'z', x: 'x', y: 'y' })
      const { collection, drawn } = await findTile(request, collectionId, tile, request.query)
      return sendTile(request, reply, collection, drawn)
    },
  )

  app.get<{ Params: schemas.OgcTileParams; Querystring: schemas.TileQuery }>(
    '/collections/:collectionId/tiles/:tileMatrixSetId/:tileMatrix/:tileRow/:tileCol',
    { schema: schemas.ogcTile, config: { endpoint: 'maps.tilesetTile', access: TILES } },
    async (request, reply) => {
      const { collectionId, tileMatrixSetId, tileMatrix, tileRow, tileCol } = request.params
      requireSet(tileMatrixSetId)
      const names = { z: 'tileMatrix', x: 'tileCol', y: 'tileRow' }
      const tile = getTile(tileMatrix, tileCol, tileRow, names)
      const { collection, drawn } = await findTile(request, collectionId, tile, request.query)
      return sendTile(request, reply, collection, drawn)
    },
  )

  app.get<{ Params: schemas.CollectionParams; Querystring: schemas.FieldsQuery }>(
    '/tiles/:collectionId/tilejson.json',
    { schema: schemas.tileJson, config: { endpoint: 'maps.tileJson', access: READ } },
    async (request, reply) => {
      const { params, query } = request
      const state = await getState(request, params.collectionId)
      const fields = parseFields(query.fields, state.schema)
      const body = tileJsonOf(state, xyzTemplate(state.collection.id, query), fields)
      return sendAbout(request, reply, state, body)
    },
  )

  app.get<{ Params: schemas.CollectionParams; Querystring: schemas.TokenQuery }>(
    '/tiles/:collectionId/metadata.json',
    { schema: schemas.metadata, config: { endpoint: 'maps.tileMetadata', access: READ } },
    async (request, reply) => {
      const state = await getState(request, request.params.collectionId)
      return sendAbout(request, reply, state, metadataOf(state))
    },
  )

  app.get<{ Params: schemas.CollectionParams; Querystring: schemas.TokenQuery }>(
    '/tiles/:collectionId/style.json',
    { schema: schemas.style, config: { endpoint: 'maps.style', access: READ } },
    async (request, reply) => {
      const state = await getState(request, request.params.collectionId)
      const id = encodeURIComponent(state.collection.id)
      const token = queryText(tokenOf(request.query))
      const tileJson = `${links.baseUrl}/tiles/${id}/tilejson.json${token}`
      return sendAbout(request, reply, state, styleOf(state, tileJson))
    },
  )

  app.get<{ Params: schemas.CollectionParams; Querystring: schemas.TokenQuery }>(
    '/collections/:collectionId/tiles',
    { schema: schemas.tilesets, config: { endpoint: 'maps.tilesets', access: READ } },
    async (request, reply) => {
      const state = await getState(request, request.params.collectionId)
      return sendAbout(request, reply, state, tilesetsOf(state, links, tokenOf(request.query)))
    },
  )

  app.get<{ Params: schemas.TilesetParams; Querystring: schemas.TokenQuery }>(
    '/collections/:collectionId/tiles/:tileMatrixSetId',
    { schema: schemas.tileset, config: { endpoint: 'maps.tileset', access: READ } },
    async (request, reply) => {
      const { collectionId, tileMatrixSetId } = request.params
      requireSet(tileMatrixSetId)
      const state = await getState(request, collectionId)
      return sendAbout(request, reply, state, tilesetOf(state, links, tokenOf(request.query)))
    },
  )

  app.get<{ Querystring: schemas.TokenQuery }>(
    '/tileMatrixSets',
    {
      schema: schemas.tileMatrixSets,
      config: { endpoint: 'maps.tileMatrixSets', access: { public: true } },
    },
    async (request) => tileMatrixSetList(links, tokenOf(request.query)),
  )

  app.get<{ Params: schemas.SetParams; Querystring: schemas.TokenQuery }>(
    '/tileMatrixSets/:tileMatrixSetId',
    {
      schema: schemas.tileMatrixSet,
      config: { endpoint: 'maps.tileMatrixSet', access: { public: true } },
    },
    async (request) => {
      requireSet(request.params.tileMatrixSetId)
      const self = links.to('self', tileMatrixSetPath(), 'application/json')
      return { ...webMercatorQuad, links: [self] }
    },
  )
}

export interface TileRoutesOptions {
  store: MapStore
  pool: WorkerPool
  /** Of the tiles that are kept, with their keys; 0: none. */
  maximumBytes: number
  /** Where clients reach the server, without a slash at the end. */
  publicUrl: string
  /** What the caller of this request may see. */
  accessScope: (request: FastifyRequest) => AccessScope | Promise<AccessScope>
  scopeOf: (caller: Caller) => AccessScope | Promise<AccessScope>
  /** @throws BearerError 401 for a call without a token, where one is needed */
  needToken: (request: FastifyRequest) => never
}

/** A view of a map needs dozens, and people move it. */
const TILES: ProtectedAccess = { ...READ, limit: { quota: 6_000, windowSeconds: 60 } }

function sendAbout(
  request: FastifyRequest,
  reply: Parameters<typeof sendJson>[1],
  { collection }: CollectionState,
  body: object,
) {
  return sendJson(request, reply, { text: JSON.stringify(body), collections: [collection] })
}

/** @param names of the parameters, as the route calls them */
function getTile(z: string, x: string, y: string, names: Record<'z' | 'x' | 'y', string>): Tile {
  const parsed = parseTile(z, x, y)
  if (parsed.kind === 'tile') return parsed.tile
  throw badParameter(names[parsed.name], parsed.detail)
}

function requireSet(id: string): void {
  if (id !== TILE_MATRIX_SET) {
    throw notFound(`there is no tile matrix set "${shown(id)}", only ${TILE_MATRIX_SET}`)
  }
}
