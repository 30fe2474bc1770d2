import type { Geometry } from 'geojson'
import type { View } from '../../access/scopes/access-scope.ts'
import { boxesIntersect, type LonLat } from '../../geo/box.ts'
import { boxesAround, distanceMetres, LONGEST_DISTANCE_METRES } from '../../geo/distance.ts'
import type { Opened } from './backend.ts'
import { type FeatureHead, parseFeature } from './feature-rows.ts'
import type { NearbyFeature } from './map-store.ts'
import { isPoint } from './matching.ts'
import { isSeen, judgeHead, narrowed, windowsOf } from './seen.ts'
import { MAXIMUM_PAGE, rowsByKeys } from './texts.ts'
import { createTurn } from './turns.ts'

const BATCH = 2_000

/**
 * The nearest of point features that are seen, nearest first, and in the order of their keys when
 * equally far. It looks further and further; only what is found in the end is read, and of points in
 * several places, of which the nearest counts, those whose box is near. Lines and polygons are left out.
 */
export async function nearestOf(
  { view, reader, generation }: Opened,
  point: LonLat,
  limit: number,
  maximumMetres: number = LONGEST_DISTANCE_METRES,
): Promise<NearbyFeature[]> {
  const windows = narrowed(windowsOf(view, null), generation.extent)
  const turn = createTurn()
  // One place lets it be seen, while another is the nearest: where the areas are tells nothing.
  const allSpread = typeof view === 'string' ? null : await readSpread()
  const distances = new Map<number, number>()
  // Up to the first window there is nothing to be found.
  const nothingWithin = distanceToWindows(view, point)
  let beyond = Math.max(await reader.firstRadius(windows, point, limit), 1)
  for (;;) {
    const radius = Math.min(nothingWithin + beyond, maximumMetres)
    const found: { key: number; metres: number }[] = []
    const boxes = boxesAround(point, radius)
    const around = windowsOf(view, boxes)
    const ask = { windows: narrowed(around, generation.extent), texts: [], time: null }
    const spread: FeatureHead[] = []
    const scan = reader.scanHeads(ask, 0)
    for (let done = false; !done;) {
      const batch = await scan.next(BATCH)
      for (const head of batch.rows) {
        if (!isPoint(head)) {
          if (!allSpread) spread.push(head)
          continue
        }
        const metres = distanceTo(head, point)
        if (metres <= radius && judgeHead(view, head) === 'inside') {
          found.push({ key: head.key, metres })
        }
      }
      done = batch.done
      if (turn.isOver()) await turn.yield()
    }
    for (const head of allSpread ?? []) {
      if (boxes.some((box) => boxesIntersect(box, head))) spread.push(head)
    }
    await measure(spread)
    for (const { key } of spread) {
      const metres = distances.get(key) ?? Infinity
      if (metres <= radius) found.push({ key, metres })
    }
    if (found.length >= limit || radius >= maximumMetres) {
      found.sort((a, b) => a.metres - b.metres || a.key - b.key)
      return read(found.slice(0, limit))
    }
    beyond *= 2
  }

  async function readSpread(): Promise<FeatureHead[]> {
    const heads: FeatureHead[] = []
    for (;;) {
      const some = await reader.spreadAfter(heads.at(-1)?.key ?? 0, BATCH)
      heads.push(...some)
      if (some.length < BATCH) return heads
      if (turn.isOver()) await turn.yield()
    }
  }

  /** Each once; what is not seen is nowhere. */
  async function measure(heads: readonly FeatureHead[]): Promise<void> {
    const news = heads.filter(({ key }) => !distances.has(key)).map(({ key }) => key)
    for await (const rows of rowsByKeys(reader, news)) {
      for (const row of rows) {
        const metres = isSeen(view, row)
          ? distanceToPlaces(parseFeature(row.feature).geometry, point)
          : Infinity
        distances.set(row.key, metres)
        if (turn.isOver()) await turn.yield()
      }
    }
  }

  async function read(found: readonly { key: number; metres: number }[]): Promise<NearbyFeature[]> {
    const metres = new Map(found.map((each) => [each.key, each.metres]))
    const features: NearbyFeature[] = []
    let length = 0
    for await (const rows of rowsByKeys(reader, [...metres.keys()])) {
      for (const { key, feature } of rows) {
        length += feature.length
        if (features.length > 0 && length > MAXIMUM_PAGE) return features
        features.push({ feature, metres: metres.get(key)! })
      }
    }
    return features
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

/** In metres, to the nearest of several points. */
function distanceToPlaces(geometry: Geometry, point: LonLat): number {
  if (geometry.type !== 'MultiPoint') return Infinity
  return geometry.coordinates.reduce(
    (nearest, place) => Math.min(nearest, distanceMetres(point, place as [number, number])),
    Infinity,
  )
}

/** In metres, to a point feature: its box is the point. */
export function distanceTo(place: { west: number; south: number }, point: LonLat): number {
  return distanceMetres(point, [place.west, place.south])
}
