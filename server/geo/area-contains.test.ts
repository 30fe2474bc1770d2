import fc from 'fast-check'
import type { Geometry, MultiPolygon, Polygon, Position } from 'geojson'
import GeometryFactory from 'jsts/org/locationtech/jts/geom/GeometryFactory.js'
import GeoJSONReader from 'jsts/org/locationtech/jts/io/GeoJSONReader.js'
import RelateOp from 'jsts/org/locationtech/jts/operation/relate/RelateOp.js'
import { describe, expect, it } from 'vitest'
import {
  gridArea,
  gridGeometry,
  gridPosition,
  placed,
  roundArea,
} from '../../test/support/geometries.ts'
import { jstsIsValid } from '../../test/support/jsts.ts'
import { prepare, prepareArea } from './area.ts'

const reader = new GeoJSONReader(new GeometryFactory())

/** By JSTS; it does not take collections of geometries, so their parts are asked one by one. */
function jstsCovers(area: Geometry, geometry: Geometry): boolean {
  if (geometry.type === 'GeometryCollection') {
    return (
      geometry.geometries.length > 0 && geometry.geometries.every((part) => jstsCovers(area, part))
    )
  }
  return RelateOp.covers(
    ...([reader.read(area), reader.read(geometry)] as Parameters<typeof RelateOp.covers>),
  )
}

/** Drawn together, so that much of it is contained. */
const shrunk = fc
  .tuple(gridGeometry, fc.constantFrom(1, 0.5, 0.25), fc.nat({ max: 18 }), fc.nat({ max: 18 }))
  .map(([geometry, scale, x, y]) => placed(geometry, scale, [x / 2, y / 2]))

const square = (x: number, y: number, size: number): Position[] => [
  [x, y],
  [x + size, y],
  [x + size, y + size],
  [x, y + size],
  [x, y],
]

describe('compared with JSTS', () => {
  it('an area contains the same geometries', () => {
    let contained = 0
    fc.assert(
      fc.property(
        gridArea,
        fc.array(shrunk, { minLength: 20, maxLength: 20 }),
        fc.constantFrom(1, 2 ** -30, 4),
        (shape, others, size) => {
          const area = prepareArea(placed(shape, size, [-64, 32]))
          for (const other of others) {
            const expected = jstsCovers(shape, other)
            if (expected) contained++
            expect(area.contains(placed(other, size, [-64, 32])), JSON.stringify(other)).toBe(
              expected,
            )
          }
        },
      ),
      { numRuns: 400 },
    )
    expect(contained).toBeGreaterThan(400)
  })

  const index = fc.nat({ max: 29 })

  it('an area contains the same of what passes through its vertices', () => {
    fc.assert(
      fc.property(
        gridArea,
        fc.array(fc.tuple(gridPosition, index, index, index), { minLength: 20, maxLength: 20 }),
        (shape, drawn) => {
          const area = prepareArea(shape)
          const vertices = shape.coordinates.flat(shape.type === 'Polygon' ? 1 : 2) as Position[]
          const at = (index: number) => vertices[index % vertices.length]!
          for (const [from, ...indexes] of drawn) {
            const [a, b, c] = indexes.map(at) as [Position, Position, Position]
            const beyond = [2 * a[0]! - from[0]!, 2 * a[1]! - from[1]!]
            const shapes: Geometry[] = [
              { type: 'LineString', coordinates: [from, beyond] },
              { type: 'LineString', coordinates: [a, b] },
              { type: 'Polygon', coordinates: [[a, b, c, a]] },
              { type: 'Polygon', coordinates: [[a, b, from, a]] },
            ]
            for (const other of shapes.filter(jstsIsValid)) {
              expect(area.contains(other), JSON.stringify(other)).toBe(jstsCovers(shape, other))
            }
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  it('an area contains itself, its rings, and what is left of it with another hole', () => {
    fc.assert(
      fc.property(gridArea, gridArea, (shape, other) => {
        const area = prepareArea(shape)
        expect(area.contains(shape)).toBe(true)
        const polygons = shape.type === 'Polygon' ? [shape.coordinates] : shape.coordinates
        expect(area.contains({ type: 'MultiLineString', coordinates: polygons.flat() })).toBe(true)
        for (const rings of polygons) {
          const filled: Polygon = { type: 'Polygon', coordinates: [rings[0]!] }
          expect(area.contains(filled)).toBe(jstsCovers(shape, filled))
          const within = prepareArea(filled)
          expect(within.contains(shape)).toBe(jstsCovers(filled, shape))
          expect(within.contains(other)).toBe(jstsCovers(filled, other))
        }
      }),
      { numRuns: 400 },
    )
  })
})

describe('an area', () => {
  const contains = (area: Polygon | MultiPolygon, geometry: Geometry) =>
    prepareArea(area).contains(geometry)

  const touching: MultiPolygon = {
    type: 'MultiPolygon',
    coordinates: [[square(0, 0, 2)], [square(2, 2, 2)]],
  }

  it('contains a line through the point where two parts touch, not one beside it', () => {
    const line = (...coordinates: Position[]): Geometry => ({ type: 'LineString', coordinates })
    expect(contains(touching, line([1, 1], [3, 3]))).toBe(true)
    expect(contains(touching, line([1, 1], [2, 2], [2.5, 2]))).toBe(true)
    expect(contains(touching, line([1, 2], [3, 2]))).toBe(true)
    expect(contains(touching, line([1, 2], [2, 2], [3, 1]))).toBe(false)
    expect(contains(touching, line([0, 0], [4, 4], [4, 4 + 2 ** -50]))).toBe(false)
  })

  it('does not contain a polygon around a gap between parts, nor one that fills a hole', () => {
    const around: MultiPolygon = {
      type: 'MultiPolygon',
      coordinates: [[square(0, 0, 2)], [square(2, 2, 2)], [square(0, 4, 2)], [square(-2, 2, 2)]],
    }
    const gap: Polygon = { type: 'Polygon', coordinates: [square(0, 2, 2)] }
    expect(contains(around, gap)).toBe(false)
    expect(contains(around, { type: 'LineString', coordinates: gap.coordinates[0]! })).toBe(true)
    const pierced: Polygon = { type: 'Polygon', coordinates: [square(0, 0, 9), square(2, 2, 2)] }
    expect(contains(pierced, { type: 'Polygon', coordinates: [square(2, 2, 2)] })).toBe(false)
    expect(contains(pierced, { type: 'Polygon', coordinates: [square(1, 1, 4)] })).toBe(false)
    expect(
      contains(pierced, { type: 'Polygon', coordinates: [square(1, 1, 4), square(2, 2, 2)] }),
    ).toBe(true)
    expect(
      contains(pierced, { type: 'Polygon', coordinates: [square(1, 1, 4), square(1.5, 1.5, 3)] }),
    ).toBe(true)
  })

  it('contains nothing that has no positions, and all parts of a collection or none', () => {
    const area: Polygon = { type: 'Polygon', coordinates: [square(0, 0, 2)] }
    expect(contains(area, { type: 'MultiPoint', coordinates: [] })).toBe(false)
    expect(contains(area, { type: 'GeometryCollection', geometries: [] })).toBe(false)
    const inside: Geometry = { type: 'Point', coordinates: [2, 2, 500] }
    const outside: Geometry = { type: 'Point', coordinates: [2, 2 + 2 ** -50] }
    expect(contains(area, { type: 'GeometryCollection', geometries: [inside] })).toBe(true)
    expect(contains(area, { type: 'GeometryCollection', geometries: [inside, outside] })).toBe(
      false,
    )
  })

  it('of 10,000 vertices tells with few looks', () => {
    const round = roundArea([0, 0], 10_000, (angle) => 40 + 5 * Math.sin(30 * angle))
    const { area, edges } = prepare(round)
    expect(area.contains(round)).toBe(true)
    const moved = placed(round, 1, [2 ** -20, 0])
    expect(area.contains(moved)).toBe(false)
    const smaller = roundArea([0, 0], 10_000, (angle) => 39.999 + 5 * Math.sin(30 * angle))
    expect(area.contains(smaller)).toBe(true)
    expect(prepareArea(smaller).contains(round)).toBe(false)
    expect(edges.looks).toBeLessThan(50 * 30_000)
  })
})
