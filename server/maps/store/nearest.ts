import type { View } from '../../access/scopes/access-scope.ts'
import type { LonLat } from '../../geo/box.ts'
import { boxesAround, distanceMetres, LONGEST_DISTANCE_METRES } from '../../geo/distance.ts'
import type { Opened } from './backend.ts'
import type { NearbyFeature } from './map-store.ts'
import { isPoint } from './matching.ts'
import { judgeHead, narrowed, windowsOf } from './seen.ts'
import { createTurn } from './turns.ts'

const BATCH = 2_000

/**
 * The nearest of point features that are seen, nearest first, and in the order of their keys when
 * equally far. It looks further and further; only what is found in the end is read.
 */
export async function nearestOf(
  { view, reader, generation }: Opened,
  point: LonLat,
  limit: number,
  maximumMetres: number = LONGEST_DISTANCE_METRES,
): Promise<NearbyFeature[]> {
  const windows = narrowed(windowsOf(view, null), generation.extent)
  const turn = createTurn()
  // Up to the first window there is nothing to be found.
  const nothingWithin = distanceToWindows(view, point)
  let beyond = Math.max(await reader.firstRadius(windows, point, limit), 1)
  for (;;) {
    const radius = Math.min(nothingWithin + beyond, maximumMetres)
    const found: { key: number; metres: number }[] = []
    const around = windowsOf(view, boxesAround(point, radius))
    const ask = { windows: narrowed(around, generation.extent), texts: [], time: null }
    const scan = reader.scanHeads(ask, 0)
    for (let done = false; !done;) {
      const batch = await scan.next(BATCH)
      for (const head of batch.rows) {
        if (!isPoint(head)) continue
        const metres = distanceTo(head, point)
        if (metres <= radius && judgeHead(view, head) === 'inside') {
          found.push({ key: head.key, metres })
        }
      }
      done = batch.done
      if (turn.isOver()) await turn.yield()
    }
    if (found.length >= limit || radius >= maximumMetres) {
      found.sort((a, b) => a.metres - b.metres || a.key - b.key)
      return read(found.slice(0, limit))
    }
    beyond *= 2
  }

  async function read(found: readonly { key: number; metres: number }[]): Promise<NearbyFeature[]> {
    const rows = await reader.byKeys(found.map(({ key }) => key))
    const texts = new Map(rows.map((row) => [row.key, row.feature]))
    return found.flatMap(({ key, metres }) => {
      const feature = texts.get(key)
      return feature === undefined ? [] : [{ feature, metres }]
    })
  }
}

/** To the nearest of them, about; it decides only where a search begins. */
function distanceToWindows(view: View, [longitude, latitude]: LonLat): number {
  if (typeof view === 'string') return 0
  const within = (value: number, low: number, high: number) =>
    Math.max(Math.min(low, high), Math.min(Math.max(low, high), value))
  return Math.min(
    ...view.windows.map(({ west, south, east, north }) =>
      distanceMetres(
        [longitude, latitude],
        [within(longitude, west, east), within(latitude, south, north)],
      ),
    ),
  )
}

/** In metres, to a point feature: its box is the point. */
export function distanceTo(place: { west: number; south: number }, point: LonLat): number {
  return distanceMetres(point, [place.west, place.south])
}
