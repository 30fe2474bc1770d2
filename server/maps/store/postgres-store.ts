import type pg from 'pg'
import type { AccessScope } from '../../access/scopes/access-scope.ts'
import { NewerSchemaError } from '../../database/migrate.ts'
import { createPool, lockNumber } from '../../database/postgres.ts'
import { type Box, type LonLat, snapToZero } from '../../geo/box.ts'
import { LONGEST_DISTANCE_METRES } from '../../geo/distance.ts'
import { type Candidate, distanceTo, nearestOf, pageOf } from './candidates.ts'
import { writeRows } from './feature-rows.ts'
import { cutTo, isSeen, narrowed, type View, viewOf, viewWithin, windowsOf } from './seen.ts'
import type { Collection, MapStore } from './map-store.ts'

/** Counted up when the tables change. */
const VERSION = 1

const TABLES = `
  create table if not exists map_store (version integer not null);
  create table if not exists map_collections (id text primary key, collection text not null);
  create table if not exists map_features (
    collection text not null,
    key integer not null,
    id text not null,
    west float8 not null,
    south float8 not null,
    east float8 not null,
    north float8 not null,
    bounds box generated always as (box(point(west, south), point(east, north))) stored,
    feature text not null,
    primary key (collection, key),
    unique (collection, id)
  );
  create index if not exists map_features_bounds on map_features using gist (bounds);
  insert into map_store select ${VERSION} where not exists (select from map_store);`

/** The map store in tables of its own in Postgres: core GiST over boxes, no extension. */
export async function openPostgresMapStore(options: {
  url: string
  connections: number
}): Promise<MapStore> {
  const pool = createPool(options)
  try {
    await createTables(pool)
  } catch (error) {
    await pool.end()
    throw error
  }

  async function find(
    scope: AccessScope,
    id: string,
  ): Promise<{ collection: Collection; view: View } | null> {
    // Postgres has no NUL in text and takes it for an error, so nothing is named with one.
    if (id.includes('\0') || scope.read(id) === 'none') return null
    const { rows } = await pool.query<{ collection: string }>(
      'select collection from map_collections where id = $1',
      [id],
    )
    if (!rows[0]) return null
    const collection = JSON.parse(rows[0].collection) as Collection
    const view = viewOf(scope, collection)
    return view === 'none' ? null : { collection, view }
  }

  async function select(rest: string, parameters: unknown[]): Promise<Candidate[]> {
    const { rows } = await pool.query<Candidate>(
      `select key, west, south, east, north, feature from map_features where collection = $1 ${rest}`,
      parameters,
    )
    return rows
  }

  /** How far to look so that `limit` features are found: as far as those that are nearest on the plane. */
  async function radiusMetres(
    collectionId: string,
    windows: readonly Box[] | null,
    point: LonLat,
    limit: number,
  ): Promise<number> {
    const { rows } = await pool.query<{ west: number; south: number }>(
      `select west, south from map_features where collection = $1
      ${windows ? `and ${overlaps(windows, 4)}` : ''} order by bounds <-> $2::point limit $3`,
      [collectionId, `(${point.map(snapToZero).join()})`, limit, ...(windows ?? []).map(boxText)],
    )
    if (rows.length < limit) return LONGEST_DISTANCE_METRES
    return Math.max(...rows.map((row) => distanceTo(row, point)))
  }

  return {
    async collections(scope) {
      const { rows } = await pool.query<{ collection: string }>(
        'select collection from map_collections order by id collate "C"',
      )
      return rows
        .map((row) => JSON.parse(row.collection) as Collection)
        .flatMap((collection) => cutTo(viewOf(scope, collection), collection) ?? [])
    },

    async collection(scope, collectionId) {
      const found = await find(scope, collectionId)
      return found && cutTo(found.view, found.collection)
    },

    async items(scope, collectionId, { boxes, ...query }) {
      const found = await find(scope, collectionId)
      if (!found) return null
      const { collection } = found
      const view = viewWithin(found.view, boxes)
      const windows = narrowed(windowsOf(view, boxes ?? null), collection)
      return pageOf({ view, ...query, ...(boxes && { boxes }) }, (after, count) =>
        windows
          ? select(`and key > $2 and ${overlaps(windows, 4)} order by key limit $3`, [
              collectionId,
              after,
              count,
              ...windows.map(boxText),
            ])
          : select('and key > $2 order by key limit $3', [collectionId, after, count]),
      )
    },

    async item(scope, collectionId, featureId) {
      const found = featureId.includes('\0') ? null : await find(scope, collectionId)
      if (!found) return null
      const [row] = await select('and id = $2', [collectionId, featureId])
      return row && isSeen(found.view, row) ? row.feature : null
    },

    async nearest(scope, collectionId, point, limit, maximumMetres) {
      const found = await find(scope, collectionId)
      if (!found) return null
      const { view, collection } = found
      const windows = narrowed(windowsOf(view, null), collection)
      return nearestOf(
        {
          view,
          point,
          limit,
          radiusMetres: await radiusMetres(collectionId, windows, point, limit),
          ...(maximumMetres !== undefined && { maximumMetres }),
        },
        (boxes) => {
          const around = windowsOf(view, boxes)!
          return select(`and ${overlaps(around, 2)}`, [collectionId, ...around.map(boxText)])
        },
      )
    },

    async replaceCollection(description, features, onProgress) {
      await inTransaction(pool, 'map-store-import', async (client) => {
        await client.query('delete from map_features where collection = $1', [description.id])
        const collection = await writeRows(
          description,
          features,
          async (rows) => {
            await client.query(
              `insert into map_features (collection, key, id, west, south, east, north, feature)
              select $1, * from unnest($2::integer[], $3::text[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::text[])`,
              [
                description.id,
                ...(['key', 'id', 'west', 'south', 'east', 'north', 'feature'] as const).map(
                  (column) => rows.map((row) => row[column]),
                ),
              ],
            )
          },
          onProgress,
        )
        await client.query(
          `insert into map_collections values ($1, $2)
          on conflict (id) do update set collection = excluded.collection`,
          [description.id, JSON.stringify(collection)],
        )
      })
      // Else the planner knows nothing of the new rows until autovacuum comes by.
      await pool.query('analyze map_features')
    },

    async [Symbol.asyncDispose]() {
      await pool.end()
    },
  }
}

/** `&&` of boxes forgives 1e-6 degrees, so it gives candidates only. */
function overlaps(boxes: readonly Box[], firstParameter: number): string {
  return `(${boxes.map((_box, index) => `bounds && $${firstParameter + index}::box`).join(' or ')})`
}

/** Postgres swaps sides that are the wrong way round, as those of windows may be: it then gives more. */
function boxText({ west, south, east, north }: Box): string {
  const [e, n, w, s] = [east, north, west, south].map(snapToZero)
  return `(${e},${n}),(${w},${s})`
}

async function createTables(pool: pg.Pool): Promise<void> {
  const version = await inTransaction(pool, 'map-store-tables', async (client) => {
    await client.query(TABLES)
    const { rows } = await client.query<{ version: number }>('select version from map_store')
    return rows[0]!.version
  })
  if (version > VERSION) {
    throw new NewerSchemaError(
      'the map tables have been changed by a newer version of Mapgate; start that version, or restore a backup',
    )
  }
}

/** One transaction, and at a time the only one that holds the lock of this name. */
async function inTransaction<Result>(
  pool: pg.Pool,
  lock: string,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [lockNumber(lock)])
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    // The server rolls back what a closed connection has left open.
    client.release(true)
    throw error
  }
}
