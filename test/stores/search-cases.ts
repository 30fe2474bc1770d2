import fc from 'fast-check'
import type { Geometry, MultiPolygon, Polygon } from 'geojson'
import type { View } from '../../server/access/scopes/access-scope.ts'
import { limitsOf } from '../../server/access/scopes/limits.ts'
import { prepareArea } from '../../server/geo/area.ts'
import type { Box, LonLat } from '../../server/geo/box.ts'
import { distanceMetres } from '../../server/geo/distance.ts'
import { boxOfGeometry } from '../../server/geo/geometry.ts'
import { rectangle } from '../support/collections.ts'
import { gridArea, gridGeometry, gridPosition } from '../support/geometries.ts'
import { jstsIntersects } from '../support/jsts.ts'

/** Random features and queries, and what search should find: JSTS says what lies where. */

/** As written, as compared, and what else finds it. */
const VOCABULARY: readonly Word[] = [
  ['San', 'san'],
  ['SANTA', 'santa'],
  ['Šan', 'san'],
  ['a', 'a'],
  ['Straße', 'strasse'],
  ['Łódź', 'lodz'],
  ["d'Or", 'dor', ['d', 'or']],
  ['東京', '東京', ['京']],
  ['Орёл', 'орел'],
  ['القَاهِرَة', 'القاهرة'],
  ['दिल्ली', 'दिल्ली'],
  ['\u{20000}7', '\u{20000}7', ['7']],
]
type Word = readonly [written: string, plain: string, more?: string[]]

export interface SearchFeature {
  id: string
  name: readonly Word[]
  region: readonly Word[]
  geometry: Geometry
}

export type Layers = readonly (readonly (Polygon | MultiPolygon)[])[]

const word = fc.constantFrom(...VOCABULARY)
const position = gridPosition.map(([x, y]): LonLat => [x!, y!])

const feature = fc.record({
  name: fc.array(word, { maxLength: 3 }),
  region: fc.array(word, { maxLength: 2 }),
  geometry: fc.oneof(
    { weight: 3, arbitrary: position.map((at): Geometry => pointAt(at)) },
    { weight: 1, arbitrary: gridGeometry.filter((geometry) => boxOfGeometry(geometry) !== null) },
  ),
})

/** Their ids say nothing of the order of keys. */
export const features = fc
  .array(feature, { maxLength: 12 })
  .map((all) => all.map((each, place): SearchFeature => ({ ...each, id: `${(place * 7) % 12}` })))

/** By the place of what is changed: taken away, or put in the place of what was there. */
export const changes = fc.uniqueArray(
  fc.record({ place: fc.integer({ min: 0, max: 11 }), by: fc.option(feature) }),
  { maxLength: 3, selector: ({ place }) => place },
)

export const query = fc
  .record({
    words: fc.array(word, { minLength: 1, maxLength: 2 }),
    /** How much of the last word has been typed. */
    typed: fc.integer({ min: 1, max: 9 }),
    near: fc.option(position, { nil: undefined }),
    corners: fc.option(fc.tuple(position, position), { nil: undefined, freq: 3 }),
    layers: fc.array(fc.array(gridArea, { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
    limit: fc.integer({ min: 1, max: 8 }),
  })
  .map(({ words, typed, corners, ...rest }) => {
    const begun = Array.from(words.at(-1)![1]).slice(0, typed).join('')
    const before = words.slice(0, -1)
    return {
      ...rest,
      text: [...before.map(([text]) => text), begun].join(', ').toUpperCase(),
      plain: [...before.map(([, text]) => text), begun].join(' '),
      box: corners && boxBetween(...corners),
    }
  })

export interface ExpectedHit {
  collectionId: string
  id: string
  match: string
  metres: number | null
}

/** All that should be found, best first. */
export function expectedHits(
  { plain, near, box, layers }: typeof query extends fc.Arbitrary<infer Query> ? Query : never,
  collections: ReadonlyMap<string, readonly SearchFeature[]>,
): ExpectedHit[] {
  const found = [...collections].flatMap(([collectionId, all]) =>
    all.flatMap((each) => {
      const match = matchOf(plain, each)
      if (!match || !isSeen(each.geometry, layers, box)) return []
      const metres = near ? metresOf(each.geometry, near) : null
      const { length } = Array.from(plainOf(each.name))
      return [{ collectionId, id: each.id, match, metres, length: length === 0 ? 1_000 : length }]
    }),
  )
  const order = ['exact', 'prefix', 'word']
  return found
    .toSorted(
      (a, b) =>
        order.indexOf(a.match) - order.indexOf(b.match) ||
        (a.metres ?? 0) - (b.metres ?? 0) ||
        a.length - b.length ||
        Number(a.id > b.id) - Number(a.id < b.id) ||
        Number(a.collectionId > b.collectionId) - Number(a.collectionId < b.collectionId),
    )
    .map(({ length: _length, ...hit }) => hit)
}

export function viewOf(layers: Layers): View {
  if (layers.length === 0) return 'all'
  return limitsOf(
    layers.map((layer) =>
      layer.map((geometry, place) => ({
        id: String(place),
        geometry,
        area: prepareArea(geometry),
      })),
    ),
  )
}

export const pointAt = ([x, y]: LonLat): Geometry => ({ type: 'Point', coordinates: [x, y] })

export const writtenAs = (words: readonly Word[]) => words.map(([text]) => text).join(' - ')
const plainOf = (words: readonly Word[]) => words.map(([, text]) => text).join(' ')

function matchOf(wanted: string, { name, region }: SearchFeature): string | null {
  if (plainOf(name) === wanted) return 'exact'
  if (plainOf(name).startsWith(wanted)) return 'prefix'
  const words = [...name, ...region].flatMap(([, text, more = []]) => [text, ...more])
  const isBegun = (token: string) => words.some((each) => each.startsWith(token))
  return wanted.split(' ').every(isBegun) ? 'word' : null
}

function isSeen(geometry: Geometry, layers: Layers, box: Box | undefined): boolean {
  if (box && !jstsIntersects(shapeOf(box), geometry)) return false
  return layers.every((layer) => layer.some((area) => jstsIntersects(area, geometry)))
}

/** A box without area is no polygon for JSTS. */
function shapeOf({ west, south, east, north }: Box): Geometry {
  if (west === east && south === north) return pointAt([west, south])
  if (west !== east && south !== north) return rectangle(west, south, east, north)
  const coordinates = [
    [west, south],
    [east, north],
  ]
  return { type: 'LineString', coordinates }
}

function metresOf(geometry: Geometry, [x, y]: LonLat): number {
  const { west, south, east, north } = boxOfGeometry(geometry)!
  const latitude = Math.min(Math.max(y, south), north)
  const longitudes = [Math.min(Math.max(x, west), east), west, east]
  return Math.min(...longitudes.map((each) => distanceMetres([x, y], [each, latitude])))
}

function boxBetween(a: LonLat, b: LonLat): Box {
  return {
    west: Math.min(a[0], b[0]),
    south: Math.min(a[1], b[1]),
    east: Math.max(a[0], b[0]),
    north: Math.max(a[1], b[1]),
  }
}
