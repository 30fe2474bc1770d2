import fc from 'fast-check'
import type { Geometry, Polygon, Position } from 'geojson'
import { describe, expect, it } from 'vitest'
import {
  gridArea,
  gridGeometry,
  gridPosition,
  placed,
  roundArea,
} from '../../test/support/geometries.ts'
import { jstsIntersects } from '../../test/support/jsts.ts'
import { prepare, prepareArea } from './area.ts'
import type { Box } from './box.ts'

const point = (...coordinates: Position): Geometry => ({ type: 'Point', coordinates })

function polygonOf({ west, south, east, north }: Box): Polygon {
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ]
  return { type: 'Polygon', coordinates: [ring] }
}

describe('compared with JSTS', () => {
  // From a tenth of a millimetre to the whole grid of the world.
  const scale = fc.constantFrom(1, 2 ** -30, 4)

  it('an area intersects the same geometries', () => {
    fc.assert(
      fc.property(
        gridArea,
        fc.array(gridGeometry, { minLength: 10, maxLength: 10 }),
        scale,
        (shape, others, size) => {
          const area = prepareArea(placed(shape, size, [-64, 32]))
          for (const other of others) {
            const asked = placed(other, size, [-64, 32])
            expect(area.intersects(asked), JSON.stringify(other)).toBe(jstsIntersects(shape, other))
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  it('an area holds the same points of its grid', () => {
    fc.assert(
      fc.property(gridArea, (shape) => {
        const area = prepareArea(shape)
        for (let x = -1; x <= 14; x++) {
          for (let y = -1; y <= 14; y++) {
            const asked = point(x, y)
            expect(area.intersects(asked), `${x} ${y}`).toBe(jstsIntersects(shape, asked))
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  it('a box is inside, outside or on the edge', () => {
    fc.assert(
      fc.property(gridArea, gridPosition, gridPosition, (shape, a, b) => {
        const box = {
          west: Math.min(a[0]!, b[0]!),
          south: Math.min(a[1]!, b[1]!),
          east: Math.max(a[0]!, b[0]!) + 0.5,
          north: Math.max(a[1]!, b[1]!) + 0.5,
        }
        const boundary: Geometry = {
          type: 'MultiLineString',
          coordinates: shape.type === 'Polygon' ? shape.coordinates : shape.coordinates.flat(),
        }
        const onEdge = jstsIntersects(polygonOf(box), boundary)
        const seen = jstsIntersects(shape, polygonOf(box))
        const expected = onEdge ? 'edge' : seen ? 'inside' : 'outside'
        expect(prepareArea(shape).classify(box)).toBe(expected)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('an area', () => {
  it('is exact where rounding would decide', () => {
    const triangle: Polygon = {
      type: 'Polygon',
      coordinates: [
        [
          [12, 12],
          [24, 24],
          [24, 12],
          [12, 12],
        ],
      ],
    }
    const area = prepareArea(triangle)
    const step = 2 ** -53
    // The naive determinant calls some of these level with the edge (Kettner et al., 2008).
    for (let dx = 0; dx < 64; dx++) {
      for (let dy = 0; dy < 64; dy++) {
        const x = 0.5 + dx * step
        const y = 0.5 + dy * step
        const line: Geometry = {
          type: 'LineString',
          coordinates: [
            [x, y],
            [-5, 25],
          ],
        }
        expect(area.intersects(line)).toBe(false)
        expect(area.intersects(point(12 + dx * 2 ** -49, 12 + dy * 2 ** -49))).toBe(dx >= dy)
      }
    }
  })

  it('may be as flat or as small as numbers can be', () => {
    const sliver: Polygon = {
      type: 'Polygon',
      coordinates: [
        [
          [0, 1],
          [1, 1 + Number.EPSILON],
          [2, 1],
          [0, 1],
        ],
      ],
    }
    const area = prepareArea(sliver)
    expect(area.intersects(point(1, 1))).toBe(true)
    expect(area.intersects(point(1, 1 + Number.EPSILON))).toBe(true)
    expect(area.intersects(point(1.5, 1 + Number.EPSILON))).toBe(false)
    expect(area.intersects(point(1, 1 - Number.EPSILON))).toBe(false)
  })

  it('lies in few boxes, however many its parts', () => {
    const parts = (count: number, apart: number) =>
      prepareArea({
        type: 'MultiPolygon',
        coordinates: Array.from({ length: count }, (_, index) => {
          const west = -180 + index * apart
          return polygonOf({ west, south: 0, east: west + 1, north: 1 }).coordinates
        }),
      })
    expect(parts(2, 359).boxes).toEqual([
      { west: -180, south: 0, east: -179, north: 1 },
      { west: 179, south: 0, east: 180, north: 1 },
    ])
    expect(parts(100, 2).boxes).toHaveLength(4)
  })
})

describe('an area of 10,000 vertices', () => {
  const round = roundArea([0, 0], 10_000, (angle) => 40 + 5 * Math.sin(30 * angle))
  const comb: Polygon = {
    type: 'Polygon',
    coordinates: [
      [
        ...Array.from({ length: 9_996 }, (_, index): Position => [
          index / 100,
          index % 2 === 0 ? 1 : 80,
        ]),
        [99.95, 0],
        [0, 0],
        [0, 1],
      ],
    ],
  }

  it.each([
    ['round', round, 0.005],
    // Long edges end in the same few bands.
    ['a comb', comb, 0.2],
  ])('that is %s answers without a look at most of its edges', (_name, shape, share) => {
    const { area, edges } = prepare(shape)
    expect(edges.count).toBeGreaterThan(9_990)
    const places: Position[] = []
    for (let x = -49.5; x < 100; x += 3.7) {
      for (let y = -49.5; y < 90; y += 3.1) places.push([x, y])
    }
    for (const place of places) {
      area.intersects(point(...place))
      area.classify({
        west: place[0]!,
        east: place[0]! + 0.1,
        south: place[1]!,
        north: place[1]! + 0.1,
      })
    }
    expect(edges.looks / (2 * places.length)).toBeLessThan(share * edges.count)
  })
})
