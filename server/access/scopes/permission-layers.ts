import type { MapAction, MapDataDetail } from '../areas/map-data-detail.ts'
import type { Client } from '../clients/client.ts'
import type { Caller } from '../tokens/access-token.ts'

/** What comes on top of rights: of each layer, one permission must permit what is done. */
export type Layer = readonly Permission[]

export interface Permission {
  actions: readonly MapAction[]
  /** null: all. */
  collections: readonly string[] | null
  /** The id of an area; null: everywhere. */
  area: string | null
}

/**
 * Every area of the client is one layer; the details of a person's grant are one together, as they
 * add up; and so are those of each exchange (`oauth/grants/token-exchange.ts`).
 */
export function layersOf({ claims }: Caller, { areaIds }: Client): Layer[] {
  const ofClient = areaIds.map((area): Layer => [{ actions: ALL, collections: null, area }])
  if (!claims.authorization_details) return ofClient
  const details = claims.authorization_details as readonly (MapDataDetail & {
    layer?: number
  })[]
  const ofToken = Map.groupBy(details, ({ layer = 0 }) => layer)
  return [
    ...ofClient,
    ...[...ofToken.values()].map((layer) =>
      layer.map(({ actions, collections, area }) => ({ actions, collections, area })),
    ),
  ]
}

const ALL: readonly MapAction[] = ['read', 'write', 'upload']
