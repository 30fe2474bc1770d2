import fc from 'fast-check'
import type { Position } from 'geojson'
import { describe, expect, it } from 'vitest'
import { anyPolygons } from '../../test/support/geometries.ts'
import { jstsFault } from '../../test/support/jsts.ts'
import { findNestingFault } from './nested-rings.ts'
import { parseGeometry } from './parse-geometry.ts'
import { turned } from './polygon.ts'

const square = (x: number, y: number, size: number): Position[] => [
  [x, y],
  [x + size, y],
  [x + size, y + size],
  [x, y + size],
  [x, y],
]
const diamond = (x: number, y: number, radius: number): Position[] => [
  [x, y - radius],
  [x + radius, y],
  [x, y + radius],
  [x - radius, y],
  [x, y - radius],
]
const notched: Position[] = [
  [0, 0],
  [6, 0],
  [6, 6],
  [5, 6],
  [5, 1],
  [1, 1],
  [1, 6],
  [0, 6],
  [0, 0],
]
const inNotch: Position[] = [
  [1, 3],
  [3, 1],
  [5, 3],
  [1, 3],
]
const find = (...polygons: Position[][][]) => findNestingFault(polygons.map(turned))

describe('rings in their places', () => {
  it.each<[string, Position[][][]]>([
    ['a polygon', [[square(0, 0, 1)]]],
    ['holes', [[square(0, 0, 9), square(1, 1, 2), square(5, 5, 2)]]],
    ['an island in a hole', [[square(0, 0, 9), square(1, 1, 7)], [square(2, 2, 5)]]],
    [
      'a lake on the island',
      [
        [square(0, 0, 9), square(1, 1, 7)],
        [square(2, 2, 5), square(3, 3, 1)],
      ],
    ],
    ['the island first', [[square(2, 2, 5)], [square(0, 0, 9), square(1, 1, 7)]]],
    [
      'an island that touches its shore',
      [[square(0, 0, 9), square(1, 1, 7)], [diamond(4.5, 4.5, 3.5)]],
    ],
    ['a hole that touches its outline in each position', [[square(0, 0, 4), diamond(2, 2, 2)]]],
    ['parts that touch', [[square(0, 0, 1)], [square(1, 1, 1)], [diamond(3, 1, 1)]]],
    ['parts one above the other', [[square(0, 0, 1)], [square(0, 2, 1)], [square(0, 4, 1)]]],
  ])('%s', (_, polygons) => expect(find(...polygons)).toBeNull())
})

describe('rings out of place', () => {
  it.each<[string, string, number, Position[][][]]>([
    ['a hole outside', 'hole outside', 1, [[square(0, 0, 1), square(50, 50, 5)]]],
    ['a hole above', 'hole outside', 1, [[square(0, 0, 1), square(0, 5, 1)]]],
    ['a hole around', 'hole outside', 1, [[square(3, 3, 1), square(0, 0, 9)]]],
    [
      'a hole in another part',
      'hole outside',
      1,
      [[square(0, 0, 1), square(6, 6, 1)], [square(5, 5, 4)]],
    ],
    ['a hole in a hole', 'hole in hole', 2, [[square(0, 0, 9), square(2, 2, 6), square(4, 4, 2)]]],
    [
      'a hole in the hole after it',
      'hole in hole',
      1,
      [[square(0, 0, 9), square(4, 4, 2), square(2, 2, 6)]],
    ],
    ['a part in a part', 'part in part', 1, [[square(0, 0, 9)], [square(4, 4, 2)]]],
    ['a part around a part', 'part in part', 0, [[square(4, 4, 2)], [square(0, 0, 9)]]],
    [
      'a part that fills a part’s corners',
      'part in part',
      1,
      [[square(0, 0, 4)], [diamond(2, 2, 2)]],
    ],
    // Each of its positions lies on the outline.
    ['a hole in a notch', 'hole outside', 1, [[notched, inNotch]]],
  ])('%s', (_, kind, ring, polygons) => {
    expect(find(...polygons)).toEqual({ kind, ring })
    // Along the other axis, and the other way round.
    const mirrored = polygons.map((rings) =>
      rings.map((each) => each.map(([x, y]) => [y!, 3 * x!])),
    )
    expect(find(...mirrored)).toEqual({ kind, ring })
    expect(find(...polygons.map((rings) => rings.map((each) => each.toReversed())))).toEqual({
      kind,
      ring,
    })
  })
})

describe('what is taken', () => {
  it('is what JSTS holds valid, or would but for a surface in pieces', () => {
    const kinds = new Set<string>()
    fc.assert(
      fc.property(anyPolygons, (geometry) => {
        const fault = jstsFault(geometry)
        kinds.add(fault ?? 'none')
        const isValid = fault === null || fault === 'disconnected interior'
        const about = `${fault}: ${JSON.stringify(geometry)}`
        expect(parseGeometry(geometry).kind, about).toBe(isValid ? 'geometry' : 'refused')
      }),
      { numRuns: 1_500 },
    )
    for (const kind of ['none', 'hole outside', 'nested shells']) {
      expect(kinds).toContain(kind)
    }
  })
})
