import { VectorTile } from '@mapbox/vector-tile'
import { PbfReader } from 'pbf'
import { describe, expect, it } from 'vitest'
import { encodeTile, LINES, POINTS, POLYGONS, type TileFeature } from './encode.ts'

function decode(features: TileFeature[]) {
  const bytes = encodeTile('layer', features)
  if (!bytes) return null
  const layer = new VectorTile(new PbfReader(bytes)).layers['layer']!
  expect(layer).toMatchObject({ version: 2, extent: 4096 })
  return Array.from({ length: layer.length }, (_, index) => {
    const feature = layer.feature(index)
    const { id, type, properties } = feature
    return { id, type, properties: Object.entries(properties), feature }
  })
}

const point = (attributes: TileFeature['attributes'], id = 1): TileFeature => ({
  id,
  type: POINTS,
  parts: [[1, 2]],
  attributes,
})

const positions = (feature: { loadGeometry(): { x: number; y: number }[][] }) =>
  feature.loadGeometry().map((part) => part.map(({ x, y }) => [x, y]))

describe('a vector tile', () => {
  it('keeps attributes of every kind and name', () => {
    const attributes: [string, unknown][] = [
      ['constructor', 'text'],
      ['__proto__', 'ä\u{1f5fa}'],
      ['whole', 2 ** 53 - 1],
      ['negative', -5],
      ['lowest', -(2 ** 53 - 1)],
      ['fraction', -1.5],
      ['true', true],
      ['false', false],
      ['empty', ''],
    ]
    expect(decode([point(attributes)])![0]!.properties).toEqual(attributes)
  })

  it('leaves out null, and makes JSON of objects', () => {
    const [feature] = decode([
      point([
        ['null', null],
        ['missing', undefined],
        ['object', { a: [1] }],
      ]),
    ])!
    expect(feature!.properties).toEqual([['object', '{"a":[1]}']])
  })

  it('tells the number 1 from the text "1"', () => {
    const [one, other] = decode([point([['a', 1]]), point([['a', '1']])])!
    expect([one!.properties, other!.properties]).toEqual([[['a', 1]], [['a', '1']]])
  })

  it('has ids up to 2^53-1', () => {
    expect(decode([point([], 2 ** 53 - 1), point([], 0)])!.map(({ id }) => id)).toEqual([
      2 ** 53 - 1,
      0,
    ])
  })

  it('writes points, lines and rings', () => {
    const ring = [0, 0, 8, 0, 8, 8, 0, 8, 0, 0]
    const hole = [2, 2, 2, 4, 4, 4, 4, 2, 2, 2]
    const drawn = decode([
      { id: 1, type: POINTS, parts: [[-64, 4160, 7, 7]], attributes: [] },
      {
        id: 2,
        type: LINES,
        parts: [
          [0, 0, 5, 5],
          [9, 9, 7, 7, 5, 9],
        ],
        attributes: [],
      },
      { id: 3, type: POLYGONS, parts: [ring, hole], attributes: [] },
    ])!
    expect(drawn.map(({ type }) => type)).toEqual([1, 2, 3])
    expect(positions(drawn[0]!.feature)).toEqual([[[-64, 4160]], [[7, 7]]])
    expect(positions(drawn[1]!.feature)).toEqual([
      [
        [0, 0],
        [5, 5],
      ],
      [
        [9, 9],
        [7, 7],
        [5, 9],
      ],
    ])
    expect(positions(drawn[2]!.feature).map((part) => part.flat())).toEqual([ring, hole])
  })

  it('leaves out what rounding has left nothing of', () => {
    const level = [0, 0, 5, 0, 9, 0, 0, 0]
    expect(
      decode([
        { id: 1, type: LINES, parts: [[3, 3, 3, 3]], attributes: [] },
        { id: 2, type: POLYGONS, parts: [level, [1, 1, 1, 1, 1, 1]], attributes: [] },
        { id: 3, type: POINTS, parts: [], attributes: [] },
      ]),
    ).toBeNull()
  })
})
