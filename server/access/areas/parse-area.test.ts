import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyPolygons } from '../../../test/support/geometries.ts'
import { jstsFault } from '../../../test/support/jsts.ts'
import { MAXIMUM_VERTICES, parseArea } from './parse-area.ts'

const ring = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 0],
]
const polygon = (...rings: unknown[]) => ({ type: 'Polygon', coordinates: rings })

const square = (x: number, y: number, side: number) => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
  [x, y],
]

describe('an area', () => {
  it('is a polygon, without what GeoJSON may have besides', () => {
    const given = {
      ...polygon([
        [0, 0, 12],
        [1, 0],
        [1, 1],
        [0, 0, 12],
      ]),
      bbox: [0, 0, 1, 1],
    }
    expect(parseArea(given)).toEqual({ kind: 'area', geometry: polygon(ring), vertices: 4 })
  })

  it('is several polygons', () => {
    const given = {
      type: 'MultiPolygon',
      coordinates: [[ring], [ring.map(([x, y]) => [x! + 5, y])]],
    }
    expect(parseArea(given)).toEqual({ kind: 'area', geometry: given, vertices: 8 })
  })

  it('may reach to the edge of the world', () => {
    const world = polygon([
      [-180, -90],
      [0, -90],
      [180, -90],
      [180, 90],
      [0, 90],
      [-180, 90],
      [-180, -90],
    ])
    expect(parseArea(world)).toMatchObject({ kind: 'area' })
  })

  const big = Array.from({ length: MAXIMUM_VERTICES + 1 }, (_, index) => {
    const angle = (index / MAXIMUM_VERTICES) * 2 * Math.PI
    return index === MAXIMUM_VERTICES ? [1, 0] : [Math.cos(angle), Math.sin(angle)]
  })

  it('has many positions, and not too many', () => {
    expect(parseArea(polygon(big))).toEqual({
      kind: 'refused',
      reason: 'has more than 10000 positions',
    })
    expect(parseArea(polygon(big.filter((_, index) => index !== 1)))).toMatchObject({
      vertices: 10_000,
    })
  })

  it.each([
    ['nothing', undefined, 'geometry'],
    ['null', null, 'geometry'],
    ['a text', 'POLYGON((0 0))', 'geometry'],
    ['a point', { type: 'Point', coordinates: [0, 0] }, 'Polygon or a MultiPolygon'],
    ['a feature', { type: 'Feature', geometry: polygon(ring) }, 'Polygon or a MultiPolygon'],
    ['no coordinates', { type: 'Polygon' }, 'no coordinates'],
    ['no rings', polygon(), 'no coordinates'],
    ['an empty ring', polygon([]), 'no coordinates'],
    [
      'three positions',
      polygon([
        [0, 0],
        [1, 1],
        [0, 0],
      ]),
      'fewer than four',
    ],
    [
      'an open ring',
      polygon([
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ]),
      'not closed',
    ],
    [
      'numbers as text',
      polygon([
        ['0', 0],
        [1, 0],
        [1, 1],
        ['0', 0],
      ]),
      '±180',
    ],
    [
      'no number',
      polygon([
        [null, 0],
        [1, 0],
        [1, 1],
        [null, 0],
      ]),
      '±180',
    ],
    [
      'a longitude beyond 180',
      polygon([
        [179, 0],
        [181, 0],
        [181, 1],
        [179, 0],
      ]),
      '±180',
    ],
    [
      'a latitude beyond 90',
      polygon([
        [0, 89],
        [1, 89],
        [1, 91],
        [0, 89],
      ]),
      '±90',
    ],
    [
      'an edge over 180°',
      polygon([
        [-170, 0],
        [170, 0],
        [170, 1],
        [-170, 0],
      ]),
      'over 180°',
    ],
    ['one number for a position', polygon([[0], [1, 0], [1, 1], [0]]), '[longitude, latitude]'],
    [
      'lines that cross',
      polygon([
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
        [0, 0],
      ]),
      'cross',
    ],
    ['a hole outside', polygon(square(0, 0, 1), square(50, 50, 5)), 'hole outside of its polygon'],
    [
      'a hole in a hole',
      polygon(square(0, 0, 10), square(2, 2, 6), square(4, 4, 2)),
      'hole within another hole',
    ],
    [
      'a part in a part',
      { type: 'MultiPolygon', coordinates: [[square(0, 0, 10)], [square(2, 2, 6)]] },
      'part within another part',
    ],
  ])('is not %s', (_name, value, reason) => {
    const outcome = parseArea(value)
    expect(outcome).toEqual({ kind: 'refused', reason: expect.stringContaining(reason) })
  })

  it('is what JSTS holds valid, or would but for a surface in pieces', () => {
    fc.assert(
      fc.property(anyPolygons, (geometry) => {
        const fault = jstsFault(geometry)
        const isValid = fault === null || fault === 'disconnected interior'
        const { kind } = parseArea(geometry)
        expect(kind, `${fault}: ${JSON.stringify(geometry)}`).toBe(isValid ? 'area' : 'refused')
      }),
      { numRuns: 500 },
    )
  })
})
