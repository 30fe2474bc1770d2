import type { DatabaseLocation } from '../../database/open.ts'
import { openPostgresMapStore } from './postgres-store.ts'
import { openSqliteMapStore } from './sqlite-store.ts'
import type { MapStore } from './map-store.ts'

/**
 * Opens the map store and creates its tables where they are missing.
 * @param location a SQLite file of its own, or the same Postgres as everything else
 * @throws NewerSchemaError when a newer version of Mapgate has been there
 */
export function openMapStore(location: DatabaseLocation): Promise<MapStore> {
  return location.kind === 'sqlite'
    ? openSqliteMapStore(location.file)
    : openPostgresMapStore(location)
}
