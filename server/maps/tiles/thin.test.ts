import { describe, expect, it } from 'vitest'
import type { DrawnFeature } from './draw.ts'
import { LINES, POINTS, POLYGONS } from './encode.ts'
import { coarser, firstOfEachPlace, largest, placesOf } from './thin.ts'

const at = (id: number, longitude: number, latitude: number): DrawnFeature => ({
  id,
  type: POINTS,
  parts: [[0, 0]],
  attributes: [],
  at: [longitude, latitude],
})

describe('places', () => {
  it('are the same only for what is in one cell', () => {
    // At zoom 0 a cell of 8 is 0.7° wide.
    const { placeOf } = placesOf(0)
    expect(placeOf(0.1, -0.1)).toBe(placeOf(0.6, -0.6))
    expect(placeOf(0.1, -0.1)).not.toBe(placeOf(-0.1, -0.1))
    expect(placeOf(0.1, -0.1)).not.toBe(placeOf(0.1, 0.1))
  })

  it('at either end of the world are not each other’s', () => {
    const { placeOf } = placesOf(3)
    const found = new Set<number>()
    const corners = [-85, -0.01, 0.01, 85].flatMap((latitude) =>
      [-180, -0.01, 0.01, 180].map((longitude) => placeOf(longitude, latitude)),
    )
    for (const place of corners) found.add(place)
    expect(found.size).toBe(corners.length)
  })

  it('grow until they are a quarter of a tile', () => {
    const sizes: number[] = []
    for (let places = coarser(null, 5, 4); places; places = coarser(places, 5, 4)) {
      sizes.push(places.size)
    }
    expect(sizes).toEqual([8, 32, 128, 512, 1024])
  })

  it('of a coarser grid hold whole places of a finer one, so that the first stays the first', () => {
    const features = Array.from({ length: 1_440 }, (_, id) =>
      at(id, ((id * 37) % 360) - 180, ((id * 53) % 160) - 80),
    )
    const fine = firstOfEachPlace(features, placesOf(0, 128))
    expect(firstOfEachPlace(fine, placesOf(0, 256))).toEqual(
      firstOfEachPlace(features, placesOf(0, 256)),
    )
    expect(fine.length).toBeLessThan(features.length)
  })
})

it('a point that is drawn on both sides of the world stays on both', () => {
  const features = [at(1, 179.9, 0), at(1, 179.9, 0), at(2, 179.95, 0), at(2, 179.95, 0)]
  expect(firstOfEachPlace(features, placesOf(0, 128)).map(({ id }) => id)).toEqual([1, 1])
})

it('the largest stay, in their order', () => {
  const line = (id: number, length: number): DrawnFeature => ({
    id,
    type: LINES,
    parts: [[0, 0, length, 0]],
    attributes: [],
    at: null,
  })
  const features = [line(1, 5), line(2, 50), line(3, 1), line(4, 20)]
  expect(largest(features, 0.5).map(({ id }) => id)).toEqual([2, 4])
  expect(largest(features, 0.01).map(({ id }) => id)).toEqual([2])
})

it('of equal ones some stay everywhere', () => {
  const squares = Array.from({ length: 1_600 }, (_, id): DrawnFeature => {
    const [x, y] = [(id % 40) * 100, Math.floor(id / 40) * 100]
    return {
      id,
      type: POLYGONS,
      parts: [[x, y, x + 9, y, x + 9, y + 9, x, y]],
      attributes: [],
      at: null,
    }
  })
  const halves = Map.groupBy(largest(squares, 0.5), ({ id }) => id < 800)
  for (const half of halves.values()) {
    expect(half.length).toBeGreaterThan(350)
    expect(half.length).toBeLessThan(450)
  }
})
