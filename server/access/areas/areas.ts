import { hash } from 'node:crypto'
import type { MultiPolygon, Polygon } from 'geojson'
import type { Selectable } from 'kysely'
import type { Database, Write } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import type { Clock } from '../../lib/clock.ts'
import { MAXIMUM_TOKEN_LIFETIME_SECONDS } from '../clients/client.ts'
import type { MapDataDetail } from './map-data-detail.ts'

/**
 * Where access is allowed: stored polygons, named by id in tokens, consents and subscriptions. An
 * area never changes, and the same area has the same id, so that what was granted once is known
 * again. `parse-area.ts` judges geometries, `parse-details.ts` the requests that hold them.
 */
export interface Areas {
  /**
   * For a caller that has a transaction under way.
   * @param geometry judged by `parseArea`
   * @param use `requested`: by anybody who opens a URL, so forgotten after an hour, unless `keepIn` is
   * called for it; `issued`: in a token, so kept for as long as one can live
   */
  createIn(write: Write, geometry: AreaGeometry, name: string, use?: AreaUse): Promise<Area>
  /** Keeps the areas of what is granted. */
  keepIn(write: Write, details: readonly MapDataDetail[]): Promise<void>
  find(id: string): Promise<Area | null>
  prune(): Promise<void>
}

export type AreaUse = 'requested' | 'issued' | 'kept'

export interface Area {
  id: string
  /** GeoJSON (RFC 7946 §3.1.6, §3.1.7) in CRS84. */
  geometry: AreaGeometry
  name: string
  createdAt: number
}

export type AreaGeometry = Polygon | MultiPolygon

/** Longer than an interaction takes, with the device code that it is for. */
const REQUESTED_MILLISECONDS = 3_600_000

const LIFETIMES: Record<AreaUse, number | null> = {
  requested: REQUESTED_MILLISECONDS,
  issued: MAXIMUM_TOKEN_LIFETIME_SECONDS * 1_000,
  kept: null,
}

export function createAreas(options: { database: Database; clock: Clock }): Areas {
  const { database, clock } = options

  return {
    async createIn(write, geometry, name, use = 'kept') {
      const { type, coordinates } = geometry
      const text = JSON.stringify({ type, coordinates })
      const now = clock.now()
      const lifetime = LIFETIMES[use]
      const expiresAt = lifetime === null ? null : now + lifetime
      const row = {
        // All bits of it: nobody can find another area with the id of one that was granted.
        id: hash('sha256', `${name}\n${text}`, 'base64url'),
        geometry: text,
        vertices: verticesOf(geometry),
        name,
        created_at: now,
        expires_at: expiresAt,
      }
      const stored = await write.query
        .insertInto('areas')
        .values(row)
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet((update) => ({
            expires_at:
              expiresAt === null
                ? null
                : update
                    .case()
                    .when('areas.expires_at', 'is', null)
                    .then(null)
                    // Whoever asks for it does not shorten what somebody has.
                    .when('areas.expires_at', '>', expiresAt)
                    .then(update.ref('areas.expires_at'))
                    .else(expiresAt)
                    .end(),
          })),
        )
        .returningAll()
        .executeTakeFirstOrThrow()
      return toArea(stored)
    },

    async keepIn(write, details) {
      const ids = details.flatMap(({ area }) => (area === null ? [] : [area]))
      if (ids.length === 0) return
      await write.query
        .updateTable('areas')
        .set({ expires_at: null })
        .where('id', 'in', ids)
        .where('expires_at', 'is not', null)
        .execute()
    },

    async find(id) {
      const row = await database.query
        .selectFrom('areas')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      return row ? toArea(row) : null
    },

    async prune() {
      await database.write(async (write) => {
        await write.query.deleteFrom('areas').where('expires_at', '<', clock.now()).execute()
      })
    },
  }
}

/** Positions in all its rings. */
export function verticesOf(geometry: AreaGeometry): number {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
  return polygons.flat().reduce((sum, ring) => sum + ring.length, 0)
}

function toArea(row: Selectable<Tables['areas']>): Area {
  return {
    id: row.id,
    geometry: JSON.parse(row.geometry) as AreaGeometry,
    name: row.name,
    createdAt: row.created_at,
  }
}
