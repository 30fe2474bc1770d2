import fc from 'fast-check'
import type { LineString, Polygon, Position } from 'geojson'
import { describe, expect, it } from 'vitest'
import { polygonCovers } from './polygon.ts'
import { followEdges } from './follow-edges.ts'
import { boxOfTile, MAXIMUM_LATITUDE, TILE_EXTENT, tileOf, toTile } from './tile.ts'

const BUFFER = 64

/** Of doubles most would be next to nothing. */
const upTo = (most: number) =>
  fc.integer({ min: -1e9, max: 1e9 }).map((number) => (number / 1e9) * most)

const position = fc.tuple(upTo(180), upTo(MAXIMUM_LATITUDE))

const fine = 1_024

/** In pixels, to a thousandth. */
const exactly = (at: Position, tile: { z: number; x: number; y: number }): [number, number] => {
  const [x, y] = toTile(at as [number, number], tile, TILE_EXTENT * fine)
  return [x / fine, y / fine]
}

function distanceToLine([x, y]: [number, number], line: readonly [number, number][]): number {
  return Math.min(
    ...line.slice(1).map(([x2, y2], index) => {
      const [x1, y1] = line[index]!
      const length = (x2 - x1) ** 2 + (y2 - y1) ** 2
      const along = length === 0 ? 0 : ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length
      const share = Math.max(0, Math.min(1, along))
      return Math.hypot(x1 + (x2 - x1) * share - x, y1 + (y2 - y1) * share - y)
    }),
  )
}

describe('followEdges', () => {
  it('keeps a line within half a pixel of where it is in degrees, in every tile it passes', () => {
    fc.assert(
      fc.property(position, position, upTo(0.5), fc.nat({ max: 24 }), (from, to, beyond, z) => {
        const share = 0.5 + beyond
        const middle: Position = [
          from[0] + (to[0] - from[0]) * share,
          from[1] + (to[1] - from[1]) * share,
        ]
        const tile = tileOf(middle[0]!, middle[1]!, z)
        const line: LineString = { type: 'LineString', coordinates: [from, to] }
        const { coordinates } = followEdges(line, tile, BUFFER) as LineString
        expect(coordinates[0]).toEqual(from)
        expect(coordinates.at(-1)).toEqual(to)
        expect(coordinates.length).toBeLessThan(1_000)
        const drawn = coordinates.map((each) => exactly(each, tile))
        expect(distanceToLine(exactly(middle, tile), drawn)).toBeLessThan(0.51)
      }),
      { numRuns: 300, endOnFailure: true },
    )
  })

  it('leaves a polygon on the side of a tile where it is in degrees', () => {
    fc.assert(
      fc.property(
        fc.array(position, { minLength: 3, maxLength: 3 }),
        position,
        fc.integer({ min: 4, max: 24 }),
        (corners, middle, z) => {
          const ring = [...corners, corners[0]!]
          const tile = tileOf(...middle, z)
          const { west, south, east, north } = boxOfTile(tile)
          const polygon: Polygon = { type: 'Polygon', coordinates: [ring] }
          const { coordinates } = followEdges(polygon, tile, BUFFER) as Polygon
          const drawn = coordinates[0]!.map((each) => exactly(each, tile))
          for (const share of [0.1, 0.5, 0.9]) {
            const at: Position = [west + (east - west) * share, south + (north - south) * share]
            const place = exactly(at, tile)
            if (distanceToLine(place, drawn) < 1) continue
            expect(polygonCovers([drawn], ...place)).toBe(polygonCovers([ring], at[0]!, at[1]!))
          }
        },
      ),
      { numRuns: 300, endOnFailure: true },
    )
  })

  it('gives short, level and upright edges back as they are', () => {
    const tile = tileOf(10, 50, 10)
    const { west, south, east, north } = boxOfTile(tile)
    const box = [
      [
        [-170, -80],
        [170, -80],
        [170, 80],
        [-170, 80],
        [-170, -80],
      ],
    ]
    const across = [
      [west, south],
      [east, north],
    ]
    for (const geometry of [
      { type: 'Polygon', coordinates: box },
      { type: 'MultiPolygon', coordinates: [box, box] },
      {
        type: 'LineString',
        coordinates: [
          [west, south],
          [(west + east) / 2, south],
          [east, south],
        ],
      },
      { type: 'MultiLineString', coordinates: [across.map(([x, y]) => [x! + 90, y!])] },
    ] as const) {
      const given = geometry as unknown as Polygon
      expect(followEdges(given, tile, BUFFER)).toBe(given)
    }
  })
})
