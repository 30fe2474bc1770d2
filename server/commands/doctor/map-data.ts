import { existsSync } from 'node:fs'
import { toCollection } from '../../access/collections/collection-rows.ts'
import type { Settings } from '../../config/load.ts'
import { type DatabaseLocation } from '../../database/open.ts'
import { openPostgres } from '../../database/postgres.ts'
import { openSqlite } from '../../database/sqlite.ts'
import { openMapStore } from '../../maps/store/open.ts'
import { databaseLocation, mapsLocation } from '../../open-access.ts'
import { type Finding, ok, warn } from './finding.ts'

/** Whether the map data is that of the collections there are; nothing is said before there is any. */
export async function checkMapData(settings: Settings): Promise<Finding[]> {
  const registry = databaseLocation(settings)
  const location = mapsLocation(settings, registry)
  if (!isThere(registry) || !isThere(location)) return []
  await using adapter =
    registry.kind === 'sqlite' ? openSqlite(registry.file) : openPostgres(registry)
  const tables = (await adapter.query.introspection.getTables()).map(({ name }) => name)
  if (!tables.includes('collections')) return []
  if (location.kind === 'postgres' && !tables.includes('map_collections')) return []
  const rows = await adapter.query.selectFrom('collections').selectAll().execute()
  await using store = await openMapStore(location, { readOnly: true })
  const ids = await store.leftovers(rows.map(toCollection))
  if (ids.length === 0) return [ok('map data', `of ${rows.length} collections`)]
  const advice =
    'If the database is a backup older than the map data, restore the newer one. If the data is not needed, remove it with “mapgate collections delete ID”.'
  return [warn('map data', `there is some that no collection has: ${named(ids)}`, advice)]
}

const isThere = (location: DatabaseLocation) =>
  location.kind !== 'sqlite' || existsSync(location.file)

const MOST_NAMED = 20

function named(ids: readonly string[]): string {
  const more = ids.length - MOST_NAMED
  return `${ids.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
