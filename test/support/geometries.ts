import fc from 'fast-check'
import type { Geometry, MultiPolygon, Polygon, Position } from 'geojson'
import { faultOfRings } from '../../server/geo/simple-rings.ts'
import { jstsIsValid as isValid } from './jsts.ts'

/** Random geometries; `jsts.ts` judges them. */

/** Small numbers are often the same, so points lie on edges, and edges on one line. */
const SIZE = 12
const integer = fc.integer({ min: 0, max: SIZE })
export const gridPosition = fc.tuple(integer, integer).map((position): Position => position)

/** Around its middle, so that it is simple, if mostly concave. */
const starRing = fc
  .uniqueArray(gridPosition, { minLength: 3, maxLength: 9, selector: String })
  .map((positions): Position[] => {
    const middle = [0, 1].map(
      (axis) => positions.reduce((sum, position) => sum + position[axis]!, 0) / positions.length,
    )
    const angle = ([x, y]: Position) => Math.atan2(y! - middle[1]!, x! - middle[0]!)
    const ring = positions.toSorted((a, b) => angle(a) - angle(b))
    return [...ring, ring[0]!]
  })

const boxRing = fc
  .tuple(integer, integer, fc.integer({ min: 1, max: SIZE }), fc.integer({ min: 1, max: SIZE }))
  .map(([x, y, width, height]): Position[] => [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
    [x, y],
  ])

const ring = fc
  .tuple(fc.oneof(starRing, boxRing), fc.boolean())
  .map(([positions, turned]) => (turned ? positions.toReversed() : positions))

const polygonWithHoles = fc
  .tuple(ring, fc.array(ring, { maxLength: 2 }))
  .map(([outer, holes]): Polygon => {
    // Holes that do not fit are left out, rather than the whole.
    let polygon: Polygon = { type: 'Polygon', coordinates: [outer] }
    for (const hole of holes) {
      const next: Polygon = { type: 'Polygon', coordinates: [...polygon.coordinates, hole] }
      if (faultOfRings(next.coordinates) === null && isValid(next)) polygon = next
    }
    return polygon
  })
  .filter((polygon) => faultOfRings(polygon.coordinates) === null && isValid(polygon))

const severalPolygons = fc
  .array(polygonWithHoles, { minLength: 2, maxLength: 3 })
  .map((polygons): MultiPolygon | Polygon => {
    let all: MultiPolygon = { type: 'MultiPolygon', coordinates: [polygons[0]!.coordinates] }
    for (const { coordinates } of polygons.slice(1)) {
      const next: MultiPolygon = {
        type: 'MultiPolygon',
        coordinates: [...all.coordinates, coordinates],
      }
      if (faultOfRings(next.coordinates.flat()) === null && isValid(next)) all = next
    }
    return all
  })

/** Valid areas: concave, with holes, in parts. */
export const gridArea: fc.Arbitrary<Polygon | MultiPolygon> = fc.oneof(
  polygonWithHoles,
  severalPolygons,
)

const diamond = fc
  .tuple(integer, integer, fc.integer({ min: 1, max: SIZE / 2 }))
  .map(([west, south, radius]): Position[] => {
    const [x, y] = [west + radius, south + radius]
    return [
      [x, south],
      [x + radius, y],
      [x, y + radius],
      [west, y],
      [x, south],
    ]
  })

const anyRing = fc.oneof(
  { weight: 1, arbitrary: boxRing },
  { weight: 1, arbitrary: starRing },
  { weight: 1, arbitrary: diamond },
  {
    weight: 6,
    // One within the other.
    arbitrary: fc.integer({ min: -1, max: 8 }).map((start): Position[] => {
      const end = 18 - start
      return [
        [start, start],
        [end, start],
        [end, end],
        [start, end],
        [start, start],
      ]
    }),
  },
)

/** Rings that may cross and lie anywhere, so that few are valid. */
export const anyPolygons = fc
  .array(fc.array(anyRing, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 })
  .map((coordinates): MultiPolygon => ({ type: 'MultiPolygon', coordinates }))

const line = fc.uniqueArray(gridPosition, { minLength: 2, maxLength: 4, selector: String })

/** Of all types, within the same grid. */
export const gridGeometry: fc.Arbitrary<Geometry> = fc.oneof(
  gridPosition.map((coordinates): Geometry => ({ type: 'Point', coordinates })),
  fc
    .array(gridPosition, { minLength: 1, maxLength: 3 })
    .map((coordinates): Geometry => ({ type: 'MultiPoint', coordinates })),
  line.map((coordinates): Geometry => ({ type: 'LineString', coordinates })),
  fc
    .array(line, { minLength: 1, maxLength: 2 })
    .map((coordinates): Geometry => ({ type: 'MultiLineString', coordinates })),
  gridArea,
  fc
    .array(
      fc.oneof(
        gridPosition.map((coordinates): Geometry => ({ type: 'Point', coordinates })),
        polygonWithHoles,
      ),
      { maxLength: 2 },
    )
    .map((geometries): Geometry => ({ type: 'GeometryCollection', geometries })),
)

/** Moved and scaled; by powers of two and whole numbers, nothing is rounded. */
export function placed<Shape extends Geometry>(
  geometry: Shape,
  scale: number,
  [x, y]: readonly [number, number],
): Shape {
  const place = (value: unknown): unknown => {
    if (!Array.isArray(value)) return value
    if (typeof value[0] !== 'number') return value.map(place)
    return [value[0] * scale + x, (value[1] as number) * scale + y]
  }
  if (geometry.type === 'GeometryCollection') {
    return {
      ...geometry,
      geometries: geometry.geometries.map((part) => placed(part, scale, [x, y])),
    }
  }
  return { ...geometry, coordinates: place(geometry.coordinates) }
}

/** A polygon around a point with this many positions, concave where `radius` says so. */
export function roundArea(
  [x, y]: readonly [number, number],
  positions: number,
  radius: (angle: number) => number,
): Polygon {
  const open = Array.from({ length: positions - 1 }, (_, index): Position => {
    const angle = (index / (positions - 1)) * 2 * Math.PI
    return [x + radius(angle) * Math.cos(angle), y + radius(angle) * Math.sin(angle)]
  })
  return { type: 'Polygon', coordinates: [[...open, open[0]!]] }
}
