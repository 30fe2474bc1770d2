/** An `authorization_details` element (RFC 9396 §2) of the type `map_data`, judged: its area is stored. */
export interface MapDataDetail {
  type: 'map_data'
  actions: readonly MapAction[]
  /** null: all that the client may see. */
  collections: readonly string[] | null
  /** The id of the stored area; null: everywhere. */
  area: string | null
}

/** The scopes of the map data API, which details limit to collections and areas. */
export const MAP_ACTIONS = ['read', 'write', 'upload'] as const

export type MapAction = (typeof MAP_ACTIONS)[number]

export function isMapAction(scope: string): scope is MapAction {
  return (MAP_ACTIONS as readonly string[]).includes(scope)
}
