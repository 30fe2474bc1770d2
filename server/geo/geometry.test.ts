import type { Geometry, Position } from 'geojson'
import { describe, expect, it } from 'vitest'
import { boxOfGeometry, geometryIntersectsBox } from './geometry.ts'

const box = { west: 0, south: 0, east: 2, north: 1 }

function square(west: number, south: number, size: number): Position[] {
  const [east, north] = [west + size, south + size]
  return [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ]
}

describe('geometryIntersectsBox', () => {
  it.each<[string, boolean, Geometry]>([
    ['a point on the boundary', true, { type: 'Point', coordinates: [2, 1] }],
    ['a point just outside', false, { type: 'Point', coordinates: [2.0000001, 1] }],
    [
      'points of which one is inside',
      true,
      {
        type: 'MultiPoint',
        coordinates: [
          [9, 9],
          [1, 0.5],
        ],
      },
    ],
    [
      'a line through it with both ends outside',
      true,
      {
        type: 'LineString',
        coordinates: [
          [-1, 0.2],
          [3, 0.8],
        ],
      },
    ],
    [
      'a line that passes a corner, though its box overlaps',
      false,
      {
        type: 'LineString',
        coordinates: [
          [-1, 0.5],
          [0.5, 2.5],
        ],
      },
    ],
    [
      'a line that touches a corner',
      true,
      {
        type: 'LineString',
        coordinates: [
          [-1, 0],
          [1, 2],
        ],
      },
    ],
    [
      'lines of which one crosses',
      true,
      {
        type: 'MultiLineString',
        coordinates: [
          [
            [5, 5],
            [6, 6],
          ],
          [
            [1, -1],
            [1, 3],
          ],
        ],
      },
    ],
    ['a polygon around it', true, { type: 'Polygon', coordinates: [square(-5, -5, 10)] }],
    ['a polygon inside it', true, { type: 'Polygon', coordinates: [square(0.5, 0.5, 0.1)] }],
    ['a polygon that shares an edge', true, { type: 'Polygon', coordinates: [square(2, 0, 1)] }],
    [
      'a polygon with a hole around it',
      false,
      { type: 'Polygon', coordinates: [square(-5, -5, 10), square(-1, -1, 4)] },
    ],
    [
      'a polygon with a hole partly over it',
      true,
      { type: 'Polygon', coordinates: [square(-5, -5, 10), square(1, -1, 3)] },
    ],
    [
      'polygons of which one overlaps',
      true,
      { type: 'MultiPolygon', coordinates: [[square(7, 7, 1)], [square(-1, -1, 1.5)]] },
    ],
    [
      'polygons on both sides of it',
      false,
      { type: 'MultiPolygon', coordinates: [[square(-3, 0, 1)], [square(4, 0, 1)]] },
    ],
    [
      'a collection with a point inside',
      true,
      { type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [1, 1] }] },
    ],
  ])('%s: %s', (_name, expected, geometry) => {
    expect(geometryIntersectsBox(geometry, box)).toBe(expected)
  })
})

describe('boxOfGeometry', () => {
  it('surrounds every part', () => {
    expect(
      boxOfGeometry({
        type: 'GeometryCollection',
        geometries: [
          { type: 'MultiPolygon', coordinates: [[square(7, 7, 1)], [square(-1, -1, 1.5)]] },
          { type: 'Point', coordinates: [0, 80, 12] },
        ],
      }),
    ).toEqual({ west: -1, south: -1, east: 8, north: 80 })
  })

  it('is null for an empty geometry', () => {
    expect(boxOfGeometry({ type: 'MultiPoint', coordinates: [] })).toBeNull()
  })
})
