import type { Box } from '../../geo/box.ts'
import { TILE_EXTENT } from '../../geo/tile.ts'
import { rankOf } from '../store/rank-boxes.ts'
import type { DrawnFeature } from './draw.ts'

/**
 * What a tile leaves out. Of points, one in each cell of a grid stays, that with the lowest key. The
 * grid is that of the whole world at the tile's zoom, so neighbouring tiles leave out the same ones
 * in what they share.
 */
export interface Places {
  /** Of a cell's side, in `TILE_EXTENT`. */
  size: number
  /** The same number for all positions in a cell. */
  placeOf: (longitude: number, latitude: number) => number
}

/** From here on only what would make a tile too large is left out. */
export const THINNED_BELOW_ZOOM = 14

/** A pixel of a map whose tiles are 512 pixels wide. */
const SMALLEST = 8

const LARGEST = TILE_EXTENT / 4

export function placesOf(z: number, size = SMALLEST): Places {
  const cells = (2 ** z * TILE_EXTENT) / size
  const half = cells / 2
  return {
    size,
    placeOf(longitude, latitude) {
      const sine = Math.sin((latitude * Math.PI) / 180)
      const x = Math.floor((longitude / 360 + 0.5) * cells)
      const y = Math.floor(half - (Math.log((1 + sine) / (1 - sine)) * half) / (2 * Math.PI))
      // One more than there are, as the antimeridian begins a cell of its own.
      return y * (cells + 1) + x
    },
  }
}

/** @returns null: there is nothing coarser */
export function coarser(places: Places | null, z: number, factor: number): Places | null {
  if (!places) return placesOf(z)
  return places.size >= LARGEST ? null : placesOf(z, Math.min(LARGEST, places.size * factor))
}

/** @param features in the order of their keys; a point that is drawn twice stays twice */
export function firstOfEachPlace(
  features: readonly DrawnFeature[],
  places: Places,
): DrawnFeature[] {
  const firstOf = new Map<number, number>()
  return features.filter(({ id, at }) => {
    if (!at) return true
    const place = places.placeOf(...at)
    if (!firstOf.has(place)) firstOf.set(place, id)
    return firstOf.get(place) === id
  })
}

/**
 * Those that fill most of the tile, in their order: `share` of them, 0 to 1, and at least one. Of about
 * equally large ones some stay everywhere.
 */
export function largest(features: readonly DrawnFeature[], share: number): DrawnFeature[] {
  const count = Math.max(1, Math.floor(features.length * share))
  const ranked = features.map((feature) => ({ feature, rank: rankOf(boxOf(feature)) }))
  ranked.sort((a, b) => b.rank - a.rank || a.feature.id - b.feature.id)
  const kept = new Set(ranked.slice(0, count).map(({ feature }) => feature))
  return features.filter((feature) => kept.has(feature))
}

function boxOf({ parts }: DrawnFeature): Box {
  let [west, north, east, south] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const part of parts) {
    for (let index = 0; index < part.length; index += 2) {
      west = Math.min(west, part[index]!)
      east = Math.max(east, part[index]!)
      north = Math.min(north, part[index + 1]!)
      south = Math.max(south, part[index + 1]!)
    }
  }
  return { west, south, east, north }
}
