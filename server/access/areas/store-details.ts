import type { Database } from '../../database/database.ts'
import type { Areas } from './areas.ts'
import type { MapDataDetail } from './map-data-detail.ts'
import type { RequestedDetail } from './parse-details.ts'

/** Stores the areas of what is asked for, to be forgotten after a time (`Areas.createIn`), and names them by id. */
export async function storeDetails(
  { database, areas }: { database: Pick<Database, 'write'>; areas: Pick<Areas, 'createIn'> },
  requested: readonly RequestedDetail[],
  use: 'requested' | 'issued',
): Promise<MapDataDetail[]> {
  if (requested.length === 0) return []
  return database.write(async (write) => {
    const stored: MapDataDetail[] = []
    for (const { actions, collections, area } of requested) {
      const created = area && (await areas.createIn(write, area, '', use))
      stored.push({ type: 'map_data', actions, collections, area: created?.id ?? null })
    }
    return stored
  })
}
