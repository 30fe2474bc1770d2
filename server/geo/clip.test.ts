import fc from 'fast-check'
import type {
  Geometry,
  LineString,
  MultiLineString,
  MultiPolygon,
  Polygon,
  Position,
} from 'geojson'
import GeometryFactory from 'jsts/org/locationtech/jts/geom/GeometryFactory.js'
import GeoJSONReader from 'jsts/org/locationtech/jts/io/GeoJSONReader.js'
import DistanceOp from 'jsts/org/locationtech/jts/operation/distance/DistanceOp.js'
import OverlayOp from 'jsts/org/locationtech/jts/operation/overlay/OverlayOp.js'
import SnapIfNeededOverlayOp from 'jsts/org/locationtech/jts/operation/overlay/snap/SnapIfNeededOverlayOp.js'
import { describe, expect, it } from 'vitest'
import { gridArea, gridGeometry, gridPosition, roundArea } from '../../test/support/geometries.ts'
import { prepareArea } from './area.ts'
import { clipAreaToBox } from './clip-area.ts'
import { clipToArea, createClipper } from './clip.ts'
import { geometryContainsPoint } from './contains-point.ts'
import { doubleArea } from './cut-ring.ts'

type AreaGeometry = Polygon | MultiPolygon

interface Shape {
  getArea(): number
  getLength(): number
  getDimension(): number
  getNumGeometries(): number
  getGeometryN(index: number): Shape
}

const reader = new GeoJSONReader(new GeometryFactory())
const read = (geometry: Geometry) => reader.read(geometry) as unknown as Shape
const overlay = (a: Shape, b: Shape, operation: number): Shape =>
  SnapIfNeededOverlayOp.overlayOp(
    ...([a, b, operation] as unknown as Parameters<typeof SnapIfNeededOverlayOp.overlayOp>),
  )

/** Length or area of what has this dimension: an intersection also has points where shapes touch. */
function sizeOf(shape: Shape, dimension: number): number {
  let size = 0
  for (let index = 0; index < shape.getNumGeometries(); index++) {
    const part = shape.getGeometryN(index)
    if (part.getDimension() !== dimension) continue
    size += dimension === 2 ? part.getArea() : part.getLength()
  }
  return size
}

function mapped<Shape extends Geometry>(
  geometry: Shape,
  map: (position: Position) => Position,
): Shape {
  const each = (value: unknown): unknown => {
    if (!Array.isArray(value)) return value
    return typeof value[0] === 'number' ? map(value as Position) : value.map(each)
  }
  return { ...geometry, coordinates: each((geometry as Polygon).coordinates) }
}

const single = gridGeometry.filter(({ type }) => type !== 'GeometryCollection')

/** As it is, where much touches; turned, where everything is rounded; upside down, as tiles are. */
const turn = fc.constantFrom<{
  map: (position: Position) => Position
  scale: number
  isExact: boolean
}>(
  { map: (position) => position, scale: 1, isExact: true },
  { map: ([x, y]) => [x! * 0.8 - y! * 0.6, x! * 0.6 + y! * 0.8], scale: 1, isExact: false },
  { map: ([x, y]) => [x! * 340 + 0.1, 4000 - y! * 340], scale: 340, isExact: false },
)

const ringsOf = (area: AreaGeometry): Position[][] =>
  area.type === 'Polygon' ? area.coordinates : area.coordinates.flat()

const partsOf = (area: AreaGeometry): Position[][][] =>
  area.type === 'Polygon' ? [area.coordinates] : area.coordinates

const surfaceOf = (area: AreaGeometry): number =>
  partsOf(area).reduce(
    (sum, rings) =>
      rings.reduce(
        (left, ring, index) => left + (Math.abs(doubleArea(ring)) / 2) * (index === 0 ? 1 : -1),
        sum,
      ),
    0,
  )

const distance = (shape: Shape, coordinates: Position): number =>
  DistanceOp.distance(
    ...([shape, read({ type: 'Point', coordinates })] as unknown as Parameters<
      typeof DistanceOp.distance
    >),
  )

const withMiddles = (ring: Position[]): Position[] =>
  ring.flatMap(([x, y], index) => {
    const [fromX, fromY] = (ring[index - 1] ?? [x, y]) as [number, number]
    return [
      [x!, y!],
      [(x! + fromX) / 2, (y! + fromY) / 2],
    ]
  })

/** Of the segments of lines: what runs in the area, at least, and with its boundary. */
function sharedLength(lines: MultiLineString | LineString, area: AreaGeometry): [number, number] {
  const boundary = read({ type: 'MultiLineString', coordinates: ringsOf(area) })
  const each = lines.type === 'LineString' ? [lines.coordinates] : lines.coordinates
  let least = 0
  let most = 0
  for (const line of each) {
    for (let index = 1; index < line.length; index++) {
      const segment = read({ type: 'LineString', coordinates: line.slice(index - 1, index + 1) })
      const within = sizeOf(overlay(segment, read(area), OverlayOp.INTERSECTION), 1)
      most += within
      least += within - sizeOf(overlay(segment, boundary, OverlayOp.INTERSECTION), 1)
    }
  }
  return [least, most]
}

describe('compared with JSTS', () => {
  it('what is left of a geometry is what it shares with the area', () => {
    fc.assert(
      fc.property(
        gridArea,
        fc.array(single, { minLength: 5, maxLength: 5 }),
        turn,
        (shape, others, { map, scale, isExact }) => {
          const clipper = createClipper(mapped(shape, map))
          for (const other of others) {
            const clipped = clipper.clip(mapped(other, map))
            const note = JSON.stringify(other)
            if (other.type.endsWith('Point')) continue
            if (other.type.endsWith('LineString')) {
              const length = (clipped ? read(clipped).getLength() : 0) / scale
              const [least, most] = sharedLength(other as MultiLineString, shape)
              // Where it is rounded, the boundary may be a little beside itself.
              expect(length, note).toBeGreaterThan((isExact ? most : least) - 1e-9)
              expect(length, note).toBeLessThan(most + 1e-9)
              continue
            }
            const expected = sizeOf(overlay(read(other), read(shape), OverlayOp.INTERSECTION), 2)
            const size = clipped ? surfaceOf(clipped as AreaGeometry) / scale ** 2 : 0
            expect(Math.abs(size - expected), note).toBeLessThan(1e-8)
            if (!clipped) continue
            for (const whole of [shape, other].map((each) => read(mapped(each, map)))) {
              for (const position of ringsOf(clipped as AreaGeometry).flatMap(withMiddles)) {
                expect(distance(whole, position) / scale, note).toBeLessThan(1e-9)
              }
            }
            const winding = doubleArea(partsOf(mapped(other, map) as AreaGeometry)[0]![0]!)
            const cut = doubleArea(partsOf(clipped as AreaGeometry)[0]![0]!)
            if (other.type === 'Polygon') expect(Math.sign(cut)).toBe(Math.sign(winding))
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('an area cut to a box is what they share', () => {
    fc.assert(
      fc.property(
        gridArea,
        gridPosition,
        gridPosition,
        fc.constantFrom(0, 0.3),
        (shape, a, b, shift) => {
          const box = {
            west: Math.min(a[0]!, b[0]!) + shift,
            south: Math.min(a[1]!, b[1]!) + shift,
            east: Math.max(a[0]!, b[0]!) + 1,
            north: Math.max(a[1]!, b[1]!) + 1,
          }
          const { west, south, east, north } = box
          const around: Polygon = {
            type: 'Polygon',
            coordinates: [
              [
                [west, south],
                [east, south],
                [east, north],
                [west, north],
                [west, south],
              ],
            ],
          }
          const cut = clipAreaToBox(shape, box)
          const expected = sizeOf(overlay(read(shape), read(around), OverlayOp.INTERSECTION), 2)
          expect(cut ? surfaceOf(cut) : 0).toBeCloseTo(expected, 9)
          if (!cut) return
          for (const ring of ringsOf(cut)) expect(ring.at(-1)).toEqual(ring[0])
          const whole = prepareArea(shape)
          // In the box, lines and points are cut by one as by the other.
          const clipper = createClipper(cut)
          for (let x = west + 0.2513; x < east; x += 0.5) {
            for (let y = south + 0.2671; y < north; y += 0.5) {
              const point: Geometry = { type: 'Point', coordinates: [x, y] }
              expect(clipper.clip(point) !== null, `${x} ${y}`).toBe(whole.covers(x, y))
            }
            const line: Geometry = {
              type: 'LineString',
              coordinates: [
                [x, south],
                [x + 0.25, north],
              ],
            }
            const left = clipper.clip(line)
            const shared = overlay(read(line), read(around), OverlayOp.INTERSECTION)
            expect(left ? read(left).getLength() : 0).toBeCloseTo(
              sizeOf(overlay(shared, read(shape), OverlayOp.INTERSECTION), 1),
              9,
            )
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('a polygon cut by an area that was cut before is what all three share', () => {
    fc.assert(
      fc.property(gridArea, gridArea, (shape, other) => {
        const box = { west: 2.5, south: 2.5, east: 7, north: 8 }
        const cut = clipAreaToBox(shape, box)
        const direct = clipToArea(other, shape)
        const inBox = direct && clipAreaToBox(direct as AreaGeometry, box)
        const clipped = cut && clipToArea(other, cut)
        expect(clipped ? surfaceOf(clipped as AreaGeometry) : 0).toBeCloseTo(
          inBox ? surfaceOf(inBox) : 0,
          9,
        )
      }),
      { numRuns: 150 },
    )
  })
})

describe('areas that overlap, in one clipper', () => {
  it('leave of lines and polygons what lies in any of them', () => {
    fc.assert(
      fc.property(gridArea, gridArea, gridArea, gridPosition, (one, another, other, from) => {
        const areas = [one, another].map((area) => prepareArea(area))
        const clipper = createClipper({
          type: 'MultiPolygon',
          coordinates: [...partsOf(one), ...partsOf(another)],
        })
        const clipped = clipper.clip(other)
        const lines: Geometry = {
          type: 'LineString',
          coordinates: [from, [5.1371, 7.3113], [3.3179, 0.2731]],
        }
        const cut = clipper.clip(lines)
        const both = overlay(read(one), read(another), OverlayOp.UNION)
        expect(cut ? read(cut).getLength() : 0).toBeCloseTo(
          sizeOf(overlay(read(lines), both, OverlayOp.INTERSECTION), 1),
          9,
        )
        for (let x = 0.1371; x < 24; x += 0.9) {
          for (let y = 0.0713; y < 24; y += 0.9) {
            const expected =
              geometryContainsPoint(other, [x, y]) && areas.some((area) => area.covers(x, y))
            const found = clipped !== null && geometryContainsPoint(clipped, [x, y])
            expect(found, `${x} ${y}`).toBe(expected)
          }
        }
      }),
      { numRuns: 40 },
    )
  })
})

describe('clipping', () => {
  const square = (x: number, y: number, size: number): Position[] => [
    [x, y],
    [x + size, y],
    [x + size, y + size],
    [x, y + size],
    [x, y],
  ]
  const area: Polygon = { type: 'Polygon', coordinates: [square(0, 0, 10), square(4, 4, 2)] }
  const line = (...coordinates: Position[]): Geometry => ({ type: 'LineString', coordinates })

  it.each<[string, Geometry, Geometry | null]>([
    [
      'keeps a point on the boundary',
      { type: 'Point', coordinates: [4, 5] },
      { type: 'Point', coordinates: [4, 5] },
    ],
    ['drops a point in a hole', { type: 'Point', coordinates: [5, 5] }, null],
    [
      'keeps some of several points',
      {
        type: 'MultiPoint',
        coordinates: [
          [5, 5],
          [1, 1],
          [11, 1],
        ],
      },
      { type: 'MultiPoint', coordinates: [[1, 1]] },
    ],
    ['drops all of several points', { type: 'MultiPoint', coordinates: [[5, 5]] }, null],
    ['keeps a line as it is', line([1, 1], [2, 1, 7], [3, 2]), line([1, 1], [2, 1], [3, 2])],
    [
      'cuts a line at a hole',
      line([1, 5], [9, 5], [9, 12]),
      {
        type: 'MultiLineString',
        coordinates: [
          [
            [1, 5],
            [4, 5],
          ],
          [
            [6, 5],
            [9, 5],
            [9, 10],
          ],
        ],
      },
    ],
    ['keeps a line along the boundary', line([-2, 0], [5, 0]), line([0, 0], [5, 0])],
    ['drops a line that touches a corner', line([-1, 1], [1, -1]), null],
    ['drops a line outside', line([-1, 1], [-1, -1], [11, -1]), null],
    ['drops a line of one place', line([1, 1], [1, 1]), null],
    [
      'keeps a polygon as it is',
      { type: 'Polygon', coordinates: [square(1, 1, 2).toReversed()] },
      { type: 'Polygon', coordinates: [square(1, 1, 2).toReversed()] },
    ],
    ['drops a polygon in a hole', { type: 'Polygon', coordinates: [square(4.5, 4.5, 1)] }, null],
    ['drops a polygon that touches', { type: 'Polygon', coordinates: [square(10, 0, 5)] }, null],
    [
      'drops a polygon that fills a hole',
      { type: 'Polygon', coordinates: [square(4, 4, 2)] },
      null,
    ],
    ['drops what is empty', { type: 'Polygon', coordinates: [] }, null],
    [
      'keeps some of a collection',
      {
        type: 'GeometryCollection',
        geometries: [
          { type: 'Point', coordinates: [1, 1] },
          { type: 'Point', coordinates: [5, 5] },
        ],
      },
      { type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [1, 1] }] },
    ],
  ])('%s', (_name, geometry, expected) => expect(clipToArea(geometry, area)).toEqual(expected))

  it('counts once what lies in two areas', () => {
    const other: Polygon = { type: 'Polygon', coordinates: [square(1, 1, 7)] }
    const surface = (...areas: Position[][]) =>
      surfaceOf(
        clipToArea(other, {
          type: 'MultiPolygon',
          coordinates: areas.map((ring) => [ring]),
        }) as AreaGeometry,
      )
    expect(surface(square(0, 0, 6), square(0.5, 0.5, 2))).toBe(25)
    expect(surface(square(0, 0, 6), square(4, 4, 6))).toBe(25 + 16 - 4)
    expect(surface(square(0, 0, 6), square(0, 0, 6))).toBe(25)
  })

  it('gives nothing rather than too much when an intersection is too large', () => {
    /** Teeth across the whole width. */
    const comb = (teeth: number, turn: (x: number, y: number) => Position): Polygon => {
      const ring = Array.from({ length: teeth }, (_, index) => [
        turn(100, index),
        turn(100, index + 0.4),
        turn(1, index + 0.5),
        turn(1, index + 0.9),
      ]).flat()
      return { type: 'Polygon', coordinates: [[turn(0, 0), ...ring, turn(0, teeth), turn(0, 0)]] }
    }
    const few = comb(4, (x, y) => [x, y])
    expect(
      clipToArea(
        comb(4, (x, y) => [y + 10, x - 20]),
        few,
      ),
    ).not.toBeNull()
    const many = comb(80, (x, y) => [x, y])
    expect(
      clipToArea(
        comb(80, (x, y) => [y + 10, x]),
        many,
      ),
    ).toBeNull()
    expect(
      clipToArea(
        roundArea([5, 5], 20_000, () => 5.1),
        area,
      ),
    ).not.toBeNull()
  })

  it('takes an area of 10,000 vertices, cut to each tile it lies in', () => {
    const round = roundArea([0, 0], 10_000, (angle) => 40 + 5 * Math.sin(500 * angle))
    let surface = 0
    for (let west = -50; west < 50; west += 10) {
      for (let south = -50; south < 50; south += 10) {
        const part = clipAreaToBox(round, { west, south, east: west + 10, north: south + 10 })
        if (part) surface += surfaceOf(part)
      }
    }
    expect(surface).toBeCloseTo(surfaceOf(round), 6)
    expect(clipAreaToBox(round, { west: -1, south: -1, east: 1, north: 1 })).toEqual({
      type: 'Polygon',
      coordinates: [expect.any(Array)],
    })
    expect(clipAreaToBox(round, { west: 44, south: 44, east: 45, north: 45 })).toBeNull()
    expect(clipAreaToBox(round, { west: -50, south: -50, east: 50, north: 50 })).toBe(round)
  })
})
