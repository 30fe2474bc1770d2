import type { FastifyRequest } from 'fastify'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import type { Clock } from '../../lib/clock.ts'
import type { CollectionState } from '../store/collection-state.ts'
import type { MapStore } from '../store/map-store.ts'
import type { Cursors } from './cursor.ts'
import { createLinks, type Links } from './links.ts'
import { refuseCollection } from './refuse-collection.ts'

/** What the routes of map data share. */
export interface MapsContext {
  store: MapStore
  links: Links
  /** The server's, without a slash at the end. */
  publicUrl: string
  cursors: Cursors
  clock: Clock
  accessScope: (request: FastifyRequest) => AccessScope | Promise<AccessScope>
  /**
   * @throws Problem 404 when the caller may see nothing under this id, BearerError 401 when nobody
   * calls, who might have to log in first
   */
  getCollection: (request: FastifyRequest, id: string) => Promise<SeenCollection>
  /** As `getCollection`, and the same object as long as nothing changed, if the caller sees all. */
  getState: (request: FastifyRequest, scope: AccessScope, id: string) => Promise<CollectionState>
}

/** What this caller sees of a collection. */
export interface SeenCollection extends CollectionState {
  scope: AccessScope
}

export interface MapRoutesOptions {
  store: MapStore
  /** Where clients reach the server, without a slash at the end. */
  publicUrl: string
  /** What the caller of this request may see. */
  accessScope: (request: FastifyRequest) => AccessScope | Promise<AccessScope>
  /** @throws BearerError 401 for a call without a token, where one is needed */
  needToken: (request: FastifyRequest) => never
  /** 32 bytes: hides where pages end. */
  cursorKey: Buffer
  clock: Clock
}

export function createContext(
  options: Omit<MapRoutesOptions, 'cursorKey'> & { prefix: string; cursors: Cursors },
): MapsContext {
  const { store, publicUrl, prefix, accessScope, needToken, cursors, clock } = options
  async function getState(request: FastifyRequest, scope: AccessScope, id: string) {
    const state = await store.state(scope, id)
    return state ?? refuseCollection(needToken, request, id)
  }
  return {
    store,
    publicUrl,
    links: createLinks(publicUrl + prefix),
    cursors,
    clock,
    accessScope,
    async getCollection(request, id) {
      const scope = await accessScope(request)
      return { ...(await getState(request, scope, id)), scope }
    },
    getState,
  }
}
