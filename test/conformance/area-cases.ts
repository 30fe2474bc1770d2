import fc from 'fast-check'
import type { Feature, Geometry, MultiPolygon, Polygon, Position } from 'geojson'
import { gridArea, gridGeometry, gridPosition, placed } from '../support/geometries.ts'
import { jstsIntersects } from '../support/jsts.ts'

/**
 * Random collections and areas for `area-property.test.ts`: in several scenes, far from each other and
 * of very different sizes, each with features and areas on one small grid, so that boundaries meet.
 */

export interface Scene {
  name: string
  /** Around all that is in it: west, south, east, north. */
  box: readonly [number, number, number, number]
  features: Feature[]
  areas: (Polygon | MultiPolygon)[]
}

export const COLLECTIONS = ['dots', 'lines', 'shapes'] as const
export type CollectionId = (typeof COLLECTIONS)[number]

const TYPES: Record<CollectionId, readonly Geometry['type'][]> = {
  dots: ['Point', 'MultiPoint'],
  lines: ['LineString', 'MultiLineString'],
  shapes: ['Polygon', 'MultiPolygon'],
}

export const collectionOf = ({ type }: Geometry): CollectionId =>
  COLLECTIONS.find((id) => TYPES[id].includes(type))!

/** Grids reach from 0 to 24 along both axes (`geometries.ts`). */
const GRID = 24
const OF_EACH_COLLECTION = 25
const AREAS = 3

/** First and last days of features; null: open. */
const TIMES: [since: string | null, until: string | null][] = [
  [null, null],
  ['2001-01-01', null],
  [null, '2002-12-31'],
  ['2002-01-01', '2003-12-31'],
  ['2004-01-01', '2004-12-31'],
]

/** Whether a feature was there at a time, or has none. */
export function wasThere({ properties }: Feature, time: string): boolean {
  const { since, until } = properties as { since: string | null; until: string | null }
  return (since === null || since <= time) && (until === null || until >= time)
}

/** @param seed the same makes the same */
export function makeScenes(seed: number): Scene[] {
  let count = 0
  const numbered = (geometry: Geometry): Feature => {
    const number = ++count
    const id = `${collectionOf(geometry)}-${number}`
    const colour = ['red', 'green', 'blue'][number % 3]!
    const [since, until] = TIMES[number % TIMES.length]!
    const properties = { name: `Thing ${number} ${colour}`, colour, since, until }
    return { type: 'Feature', id, geometry, properties }
  }
  const grids = [
    { name: 'a town', ...grid([-90, 43], 1 / 16) },
    { name: 'a yard', ...grid([12.5, 55.75], 2 ** -14) },
    { name: 'a continent', ...grid([-170, -75], 4) },
    // Where the world ends; the tiles do before, at 85.05°.
    seed % 2 === 0
      ? { name: 'the south-west corner', ...grid([-180, -90], 0.5) }
      : { name: 'the north-east corner', ...grid([180, 90], -0.5) },
  ]
  const scenes = grids.map(({ name, box, place }, index): Scene => {
    const geometries = fc.sample(gridGeometry, { seed: seed + index, numRuns: 500 })
    return {
      name,
      box,
      features: COLLECTIONS.flatMap((id) =>
        geometries
          .filter(({ type }) => TYPES[id].includes(type))
          .slice(0, OF_EACH_COLLECTION)
          .map((geometry) => numbered(place(geometry))),
      ),
      areas: fc.sample(gridArea, { seed: seed + index, numRuns: AREAS }).map(place),
    }
  })
  return [...scenes, alongTiles(seed + grids.length, numbered)]
}

function grid(origin: readonly [number, number], scale: number) {
  const [x, y] = origin
  const [endX, endY] = [x + GRID * scale, y + GRID * scale]
  return {
    box: [Math.min(x, endX), Math.min(y, endY), Math.max(x, endX), Math.max(y, endY)] as const,
    place: <Shape extends Geometry>(geometry: Shape) => placed(geometry, scale, origin),
  }
}

/** Boxes whose sides are sides of tiles, and points and lines on them. */
function alongTiles(seed: number, numbered: (geometry: Geometry) => Feature): Scene {
  const zoom = 12
  const [column, row] = [3_000, 1_900] as const
  const place = ([x, y]: Position): Position => [
    ((column + x!) / 2 ** zoom) * 360 - 180,
    (Math.atan(Math.sinh(Math.PI * (1 - (2 * (row - y!)) / 2 ** zoom))) * 180) / Math.PI,
  ]
  const box = fc
    .tuple(gridPosition, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
    .map(([[x, y], width, height]): Polygon => {
      const [east, north] = [x! + width, y! + height]
      const ring: Position[] = [
        [x!, y!],
        [east, y!],
        [east, north],
        [x!, north],
        [x!, y!],
      ]
      return { type: 'Polygon', coordinates: [ring.map(place)] }
    })
  const line = fc
    .tuple(gridPosition, fc.integer({ min: 1, max: 12 }), fc.boolean())
    .map(([[x, y], length, upright]): Geometry => {
      const end = upright ? [x!, y! + length] : [x! + length, y!]
      return { type: 'LineString', coordinates: [[x!, y!], end].map(place) }
    })
  const dot = gridPosition.map((position): Geometry => ({
    type: 'Point',
    coordinates: place(position),
  }))
  const features = [dot, line, box].flatMap((each) =>
    fc.sample<Geometry>(each, { seed, numRuns: OF_EACH_COLLECTION }).map(numbered),
  )
  const [west, south] = place([0, 0]) as [number, number]
  const [east, north] = place([GRID, GRID]) as [number, number]
  return {
    name: 'tiles',
    box: [west, south, east, north],
    features,
    areas: fc.sample(box, { seed: seed + 1, numRuns: AREAS }),
  }
}

/** A feature must intersect one area of each. */
export type Layers = readonly (readonly (Polygon | MultiPolygon)[])[]

/** What an area means, by JSTS: it intersects one of each layer. */
export const isSeen = (layers: Layers, geometry: Geometry): boolean =>
  layers.every((areas) => areas.some((area) => jstsIntersects(area, geometry)))

export function boxPolygon([west, south, east, north]: readonly [
  number,
  number,
  number,
  number,
]): Polygon {
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ]
  return { type: 'Polygon', coordinates: [ring] }
}
