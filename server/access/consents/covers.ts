import type { MapDataDetail } from '../areas/map-data-detail.ts'
import { isMapAction } from '../areas/map-data-detail.ts'

/** What is granted or wanted. Without details, the scopes of map data hold everywhere; with some, only there. */
export interface Granted {
  scopes: readonly string[]
  details: readonly MapDataDetail[]
}

/** Whether a person has granted all of it before. */
export function coversRequest(consent: Granted | null, wanted: Granted): boolean {
  if (!consent) return false
  if (!wanted.scopes.every((scope) => consent.scopes.includes(scope))) return false
  if (consent.details.length === 0) return true
  if (wanted.details.length === 0) return !wanted.scopes.some(isMapAction)
  return wanted.details.every((detail) => consent.details.some((known) => covers(known, detail)))
}

function covers(known: MapDataDetail, wanted: MapDataDetail): boolean {
  return (
    wanted.actions.every((action) => known.actions.includes(action)) &&
    (known.collections === null ||
      (wanted.collections?.every((id) => known.collections!.includes(id)) ?? false)) &&
    (known.area === null || known.area === wanted.area)
  )
}

/**
 * What is remembered after another grant. Details replace those before, and nothing that was granted
 * for a part is thereby granted for the whole.
 */
export function mergeGranted(before: Granted | null, now: Granted): Granted {
  if (!before) return { scopes: [...new Set(now.scopes)], details: now.details }
  const ofMaps = now.scopes.some(isMapAction)
  const limitFalls = ofMaps && before.details.length > 0 && now.details.length === 0
  const kept = limitFalls ? before.scopes.filter((scope) => !isMapAction(scope)) : before.scopes
  return {
    scopes: [...new Set([...kept, ...now.scopes])],
    details: ofMaps ? now.details : before.details,
  }
}
