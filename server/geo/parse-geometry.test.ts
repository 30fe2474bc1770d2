import fc from 'fast-check'
import type { Geometry, Position } from 'geojson'
import { describe, expect, it } from 'vitest'
import { gridGeometry, roundArea } from '../../test/support/geometries.ts'
import { jstsIsValid } from '../../test/support/jsts.ts'
import { dimensionOf } from './geometry.ts'
import { parseGeometry } from './parse-geometry.ts'

const square = (x: number, y: number, size: number): Position[] => [
  [x, y],
  [x + size, y],
  [x + size, y + size],
  [x, y + size],
  [x, y],
]

const parsed = (value: unknown): Geometry => {
  const outcome = parseGeometry(value)
  if (outcome.kind !== 'geometry') throw new Error(`${outcome.path} ${outcome.reason}`)
  return outcome.geometry
}

describe('a geometry that is taken', () => {
  it.each<[string, number, Geometry]>([
    ['a point', 1, { type: 'Point', coordinates: [180, -90] }],
    ['a point with a height', 1, { type: 'Point', coordinates: [1, 2, 345.6] }],
    [
      'points, some the same',
      2,
      {
        type: 'MultiPoint',
        coordinates: [
          [1, 2],
          [1, 2],
        ],
      },
    ],
    [
      'a line',
      2,
      {
        type: 'LineString',
        coordinates: [
          [-90, 2],
          [90, 2],
        ],
      },
    ],
    [
      'a line across itself',
      4,
      {
        type: 'LineString',
        coordinates: [
          [0, 0],
          [2, 2],
          [2, 0],
          [0, 2],
        ],
      },
    ],
    [
      'lines',
      4,
      {
        type: 'MultiLineString',
        coordinates: [
          [
            [0, 0],
            [1, 1],
          ],
          [
            [0, 1],
            [1, 0],
          ],
        ],
      },
    ],
    ['a polygon', 5, { type: 'Polygon', coordinates: [square(0, 0, 1)] }],
    ['polygons', 10, { type: 'MultiPolygon', coordinates: [[square(0, 0, 1)], [square(1, 1, 1)]] }],
  ])('%s', (_name, positions, geometry) => {
    expect(parseGeometry(geometry)).toEqual({ kind: 'geometry', geometry, positions })
  })

  it('keeps nothing but type and coordinates', () => {
    const more = { type: 'Point', coordinates: [1, 2], bbox: [1, 2, 1, 2], crs: {}, geometries: [] }
    expect(parsed(more)).toEqual({ type: 'Point', coordinates: [1, 2] })
  })

  it('has rings by the right-hand rule (RFC 7946 §3.1.6)', () => {
    const outer = square(0, 0, 9)
    const hole = square(2, 2, 3)
    const right: Geometry = { type: 'Polygon', coordinates: [outer, hole.toReversed()] }
    for (const turnedOuter of [outer, outer.toReversed()]) {
      for (const turnedHole of [hole, hole.toReversed()]) {
        const coordinates = [turnedOuter, turnedHole]
        expect(parsed({ type: 'Polygon', coordinates })).toEqual(right)
        expect(parsed({ type: 'MultiPolygon', coordinates: [coordinates] })).toEqual({
          type: 'MultiPolygon',
          coordinates: [right.coordinates],
        })
      }
    }
  })

  it('has no position of a ring twice in a row, which real data sets have', () => {
    const ring = square(0, 0, 1)
    const repeated = ring.flatMap((position) => [position, [...position]])
    expect(parsed({ type: 'Polygon', coordinates: [repeated] })).toEqual({
      type: 'Polygon',
      coordinates: [ring],
    })
  })

  it('is what JSTS holds valid', () => {
    fc.assert(
      fc.property(gridGeometry, (geometry) => {
        fc.pre(geometry.type !== 'GeometryCollection')
        expect(parseGeometry(geometry).kind).toBe('geometry')
      }),
    )
  })
})

describe('a geometry that is refused', () => {
  const bowTie = [
    [0, 0],
    [1, 1],
    [1, 0],
    [0, 1],
    [0, 0],
  ]
  it.each<[string, string, RegExp, unknown]>([
    ['nothing', 'geometry', /must be a GeoJSON geometry/, null],
    ['text', 'geometry', /must be a GeoJSON geometry/, 'POINT (1 2)'],
    ['an array', 'geometry', /must be a GeoJSON geometry/, [1, 2]],
    ['no type', 'type', /must be Point, /, { coordinates: [1, 2] }],
    ['an unknown type', 'type', /must be Point, /, { type: 'point', coordinates: [1, 2] }],
    ['a feature', 'type', /must be Point, /, { type: 'Feature', geometry: null }],
    ['a collection', 'type', /GeometryCollection/, { type: 'GeometryCollection', geometries: [] }],
    ['no coordinates', 'coordinates', /position/, { type: 'Point' }],
    ['an empty point', 'coordinates', /position/, { type: 'Point', coordinates: [] }],
    ['one number', 'coordinates', /position/, { type: 'Point', coordinates: [1] }],
    ['four numbers', 'coordinates', /position/, { type: 'Point', coordinates: [1, 2, 3, 4] }],
    ['text for a number', 'coordinates', /finite/, { type: 'Point', coordinates: ['1', 2] }],
    ['null for a number', 'coordinates', /finite/, { type: 'Point', coordinates: [null, 2] }],
    [
      'an infinite number',
      'coordinates',
      /finite/,
      { type: 'Point', coordinates: [JSON.parse('1e999'), 2] },
    ],
    ['not a number', 'coordinates', /finite/, { type: 'Point', coordinates: [1, Number.NaN] }],
    ['no height', 'coordinates', /finite/, { type: 'Point', coordinates: [1, 2, null] }],
    [
      'too far east',
      'coordinates',
      /longitude 180.5.*antimeridian/,
      { type: 'Point', coordinates: [180.5, 2] },
    ],
    ['too far north', 'coordinates', /latitude 90.5/, { type: 'Point', coordinates: [1, 90.5] }],
    [
      'metres',
      'coordinates[1]',
      /is -9958000, .*: are these degrees\?/,
      {
        type: 'MultiPoint',
        coordinates: [
          [0, 0],
          [-9_958_000, 5_310_000],
        ],
      },
    ],
    ['no points', 'coordinates', /empty/, { type: 'MultiPoint', coordinates: [] }],
    [
      'a point as a line',
      'coordinates[0]',
      /position/,
      { type: 'LineString', coordinates: [1, 2] },
    ],
    [
      'a line of one position',
      'coordinates',
      /needs two/,
      { type: 'LineString', coordinates: [[1, 2]] },
    ],
    [
      'an edge over 180°',
      'coordinates[2]',
      /antimeridian/,
      {
        type: 'LineString',
        coordinates: [
          [0, 0],
          [170, 0],
          [-170, 0],
        ],
      },
    ],
    [
      'an empty line',
      'coordinates[1]',
      /empty/,
      {
        type: 'MultiLineString',
        coordinates: [
          [
            [0, 0],
            [1, 1],
          ],
          [],
        ],
      },
    ],
    ['an object', 'coordinates', /array/, { type: 'MultiLineString', coordinates: { length: 1 } }],
    ['no rings', 'coordinates', /empty/, { type: 'Polygon', coordinates: [] }],
    [
      'an open ring',
      'coordinates[0]',
      /not closed/,
      { type: 'Polygon', coordinates: [square(0, 0, 1).slice(0, -1)] },
    ],
    [
      'a short ring',
      'coordinates[0]',
      /too few/,
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 1],
            [0, 0],
          ],
        ],
      },
    ],
    [
      'a ring in one place',
      'coordinates[0]',
      /too few/,
      {
        type: 'Polygon',
        coordinates: [
          [
            [1, 1],
            [1, 1],
            [1, 1],
            [1, 1],
          ],
        ],
      },
    ],
    [
      'a ring over 180°',
      'coordinates[0][1]',
      /antimeridian/,
      { type: 'Polygon', coordinates: [square(-90, 0, 180.5 - 0.25)] },
    ],
    [
      'a bow tie',
      'coordinates[0]',
      /crosses or touches itself near \[0.5, 0.5\]/,
      { type: 'Polygon', coordinates: [bowTie] },
    ],
    [
      'a hole across the edge',
      'coordinates[1]',
      /crosses or touches coordinates\[0\]/,
      { type: 'Polygon', coordinates: [square(0, 0, 4), square(3, 1, 2)] },
    ],
    [
      'a hole outside',
      'coordinates[2]',
      /hole outside/,
      { type: 'Polygon', coordinates: [square(0, 0, 4), square(1, 1, 1), square(5, 5, 1)] },
    ],
    [
      'a hole around',
      'coordinates[1][1]',
      /hole outside/,
      {
        type: 'MultiPolygon',
        coordinates: [[square(40, 0, 4)], [square(5, 5, 1), square(0, 0, 9)]],
      },
    ],
    [
      'parts that overlap',
      'coordinates[1][0]',
      /coordinates\[0\]\[0\] near/,
      { type: 'MultiPolygon', coordinates: [[square(0, 0, 2)], [square(1, 1, 2)]] },
    ],
    [
      'a polygon as several',
      'coordinates[0][0][0]',
      /position/,
      { type: 'MultiPolygon', coordinates: [square(0, 0, 1)] },
    ],
    [
      'a bad position deep down',
      'coordinates[1][0][2]',
      /latitude 91/,
      { type: 'MultiPolygon', coordinates: [[square(0, 0, 2)], [square(89, 89, 2)]] },
    ],
  ])('%s', (_name, path, reason, value) => {
    const outcome = parseGeometry(value)
    expect(outcome).toEqual({
      kind: 'refused',
      path,
      reason: expect.stringMatching(reason) as string,
    })
  })

  it('has too many positions, however they are spread', () => {
    const limits = { maximumPositions: 9 }
    const ring = square(0, 0, 1)
    expect(parseGeometry({ type: 'Polygon', coordinates: [ring] }, limits).kind).toBe('geometry')
    for (const value of [
      { type: 'Polygon', coordinates: [square(0, 0, 9), square(1, 1, 1)] },
      { type: 'MultiPolygon', coordinates: [[ring], [square(5, 5, 1)]] },
      { type: 'MultiPoint', coordinates: [...ring, ...ring] },
      { type: 'MultiLineString', coordinates: [ring, ring] },
    ]) {
      expect(parseGeometry(value, limits)).toMatchObject({
        kind: 'refused',
        reason: 'has more positions than the 9 that are taken',
      })
    }
    const many = { type: 'MultiPoint', coordinates: Array.from({ length: 100_001 }, () => [1, 2]) }
    expect(parseGeometry(many)).toMatchObject({ kind: 'refused', path: 'coordinates' })
    expect(parseGeometry(roundArea([0, 0], 100_000, () => 80))).toMatchObject({
      positions: 100_000,
    })
  })

  it('is nested as deep as may be', () => {
    let deep: unknown = [1, 2]
    for (let depth = 0; depth < 1_000_000; depth++) deep = [deep]
    for (const type of ['Point', 'LineString', 'Polygon', 'MultiPolygon']) {
      expect(parseGeometry({ type, coordinates: deep }).kind).toBe('refused')
    }
    let collection: unknown = { type: 'GeometryCollection', geometries: [] }
    for (let depth = 0; depth < 1_000_000; depth++) {
      collection = { type: 'GeometryCollection', geometries: [collection] }
    }
    expect(parseGeometry(collection).kind).toBe('refused')
  })

  it('never throws, and what it takes is valid but for what only areas need', () => {
    const value = fc.letrec((tie) => ({
      coordinates: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>(0, 1, 2, 3, 200, null, 'x', {}),
        fc.array(tie('coordinates'), { maxLength: 5 }),
      ),
    })).coordinates
    const small = fc.integer({ min: 0, max: 3 })
    const ring = fc
      .array(fc.tuple(small, small), { minLength: 3, maxLength: 6 })
      .map((ring) => [...ring, ring[0]!])
    const types = [
      'Point',
      'MultiPoint',
      'LineString',
      'MultiLineString',
      'Polygon',
      'MultiPolygon',
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...types, 'GeometryCollection', ''),
        fc.oneof(value, fc.array(ring, { minLength: 1, maxLength: 2 })),
        (type, coordinates) => {
          const outcome = parseGeometry({ type, coordinates })
          if (outcome.kind === 'geometry' && dimensionOf(outcome.geometry.type) === 2) {
            expect(jstsIsValid(outcome.geometry), JSON.stringify(outcome.geometry)).toBe(true)
          }
        },
      ),
      { numRuns: 3_000 },
    )
  })
})
