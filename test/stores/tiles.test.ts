import { VectorTile } from '@mapbox/vector-tile'
import fc from 'fast-check'
import type { Geometry, MultiPolygon, Polygon, Position } from 'geojson'
import { PbfReader } from 'pbf'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Collection } from '../../server/access/collections/collection.ts'
import type { AccessScope } from '../../server/access/scopes/access-scope.ts'
import { limitsOf } from '../../server/access/scopes/limits.ts'
import { wholeScope } from '../../server/access/scopes/whole-scope.ts'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { prepareArea } from '../../server/geo/area.ts'
import type { Box, LonLat } from '../../server/geo/box.ts'
import { boxesOfTile, boxOfTile, type Tile, tileOf, toTile } from '../../server/geo/tile.ts'
import { UnavailableError } from '../../server/lib/unavailable.ts'
import type { NewFeature } from '../../server/maps/store/changes.ts'
import type { Property } from '../../server/maps/store/collection-state.ts'
import { importFeatures } from '../../server/maps/store/import-features.ts'
import type { MapStore } from '../../server/maps/store/map-store.ts'
import { openMapStore } from '../../server/maps/store/open.ts'
import { renderTile } from '../../server/maps/tiles/render.ts'
import type { DrawnTile } from '../../server/maps/tiles/tile-cache.ts'
import { TILE_BUFFER } from '../../server/maps/tiles/tile-size.ts'
import { createTiles, type Tiles } from '../../server/maps/tiles/tiles.ts'
import { type Job, jobScope } from '../../server/maps/workers/messages.ts'
import { createWorkerPool, type WorkerPool } from '../../server/maps/workers/pool.ts'
import { createWorkerStore } from '../../server/maps/workers/worker-store.ts'
import { describeDatabases } from '../support/databases.ts'
import { gridArea, gridGeometry, placed, roundArea } from '../support/geometries.ts'
import { jstsIntersects } from '../support/jsts.ts'

type AreaGeometry = Polygon | MultiPolygon

const collection = (id: string): Collection => ({
  id,
  customerId: null,
  visibility: 'public',
  title: id,
  description: '',
  attribution: '',
  licence: null,
  madeOf: null,
  createdAt: 0,
  updatedAt: 0,
})

const collections = ['points', 'lines', 'polygons', 'long'].map(collection)
const whole = wholeScope(() => collections)
const dimensions = { points: 0, lines: 1, polygons: 2, long: 0 } as const
const schema: Property[] = [
  { name: 'name', type: 'string', search: 'name' },
  { name: 'other', type: 'string' },
]

/** Areas get their ids by what they are, as stored ones keep theirs. */
function limitedTo(...layers: AreaGeometry[][]): AccessScope {
  const limits = limitsOf(
    layers.map((layer) =>
      layer.map((geometry) => ({
        id: JSON.stringify(geometry),
        geometry,
        area: prepareArea(geometry),
      })),
    ),
  )
  return { ...whole, read: () => limits, write: () => 'none' }
}

const feature = (id: string, geometry: Geometry, name = id): NewFeature & { id: string } => ({
  id,
  geometry,
  properties: { name, other: 'o' },
})

const point = (id: string, longitude: number, latitude: number, name = id) =>
  feature(id, { type: 'Point', coordinates: [longitude, latitude] }, name)

function put(
  store: MapStore,
  id: keyof typeof dimensions,
  features: Iterable<NewFeature & { id: string }>,
) {
  return importFeatures(store, whole, id, { schema, dimension: dimensions[id] }, features)
}

function namesIn(bytes: Uint8Array | null | undefined): string[] {
  if (!bytes) return []
  const [layer] = Object.values(new VectorTile(new PbfReader(bytes)).layers)
  return Array.from({ length: layer!.length }, (_, index) =>
    String(layer!.feature(index).properties['name']),
  )
}

/** Small ones are text of one byte a character. */
function bytesOf({ bytes }: DrawnTile): Buffer | null {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
}

/** From a place in the tile to each line of what is drawn. */
function distancesOf(bytes: Uint8Array, [x, y]: LonLat): number[] {
  const [layer] = Object.values(new VectorTile(new PbfReader(bytes)).layers)
  return Array.from({ length: layer!.length }, (_, index) => layer!.feature(index).loadGeometry())
    .flat()
    .flatMap((line) =>
      line.slice(1).map((end, index) => {
        const start = line[index]!
        const [width, height] = [end.x - start.x, end.y - start.y]
        const along = (x - start.x) * width + (y - start.y) * height
        const share = Math.max(0, Math.min(1, along / (width * width + height * height)))
        return Math.hypot(start.x + width * share - x, start.y + height * share - y)
      }),
    )
}

const boxPolygon = ({ west, south, east, north }: Box): Polygon => ({
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
})

const boxArea = (west: number, south: number, east: number, north: number): Polygon =>
  boxPolygon({ west, south, east, north })

/** Positions of a geometry that are neither on its edges nor near them, a quarter of a unit apart. */
function samplesOf(geometry: Geometry, tile: Box, unit: number): Position[] {
  switch (geometry.type) {
    case 'Point':
      return [geometry.coordinates]
    case 'MultiPoint':
      return geometry.coordinates
    case 'LineString':
      return alongLine(geometry.coordinates)
    case 'MultiLineString':
      return geometry.coordinates.flatMap(alongLine)
    case 'GeometryCollection':
      return []
    case 'Polygon':
    case 'MultiPolygon': {
      const samples: Position[] = []
      for (let x = tile.west + unit / 3; x < tile.east; x += unit) {
        for (let y = tile.south + unit / 3; y < tile.north; y += unit) {
          if (isWellWithin([x, y], geometry, unit)) samples.push([x, y])
        }
      }
      return samples
    }
  }
}

const alongLine = (line: Position[]): Position[] =>
  line.slice(1).flatMap(([x, y], index) => {
    const [fromX, fromY] = line[index] as [number, number]
    return [0.3, 0.7].map((share) => [fromX + (x! - fromX) * share, fromY + (y! - fromY) * share])
  })

/** On the other side of the meridian of 0. */
function mirrored<Shape extends Geometry>(shape: Shape): Shape {
  const mirror = (value: unknown): unknown => {
    if (!Array.isArray(value)) return value
    return typeof value[0] === 'number' ? [-value[0], value[1] as number] : value.map(mirror)
  }
  return 'coordinates' in shape ? { ...shape, coordinates: mirror(shape.coordinates) } : shape
}

/** The shape and its mirror image as one. */
function onBothSides<Shape extends Geometry>(shape: Shape): Shape {
  if (shape.type === 'GeometryCollection') return shape
  const isMulti = shape.type.startsWith('Multi')
  const parts = (isMulti ? shape.coordinates : [shape.coordinates]) as Position[]
  const all = { type: 'MultiPoint', coordinates: parts } as const
  const type = isMulti ? shape.type : `Multi${shape.type}`
  return { type, coordinates: [...parts, ...mirrored(all).coordinates] } as unknown as Shape
}

function isWellWithin([x, y]: Position, area: Geometry, unit: number): boolean {
  const margin = unit / 32
  return [
    [x! - margin, y!],
    [x! + margin, y!],
    [x!, y! - margin],
    [x!, y! + margin],
  ].every((coordinates) => jstsIntersects(area, { type: 'Point', coordinates }))
}

describeDatabases('tiles of areas', (kind, locate) => {
  let store: MapStore

  beforeAll(async () => {
    store = await openMapStore(await locate())
  })
  afterAll(() => store[Symbol.asyncDispose]())

  const kinds = [
    ['points', ['Point', 'MultiPoint']],
    ['lines', ['LineString', 'MultiLineString']],
    ['polygons', ['Polygon', 'MultiPolygon']],
  ] as const

  /** A dozen units are three tiles of that zoom, whose west and east sides lie on the grid. */
  const place = fc.constantFrom<[number, LonLat]>(
    [24, [0, 0]],
    [24, [90, -45]],
    [12, [-90, 60]],
    [5, [-90, -45]],
  )

  it.each(kinds)(
    '%s: none is outside, and at the highest zoom none is missing',
    async (id, types) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(gridGeometry, { minLength: 5, maxLength: 25 }),
          fc.array(gridArea, { minLength: 1, maxLength: 2 }),
          fc.boolean(),
          place,
          async (grid, areas, asLayers, [z, origin]) => {
            const scale = 360 / 2 ** z / 4
            const at = <Shape extends Geometry>(shape: Shape) => placed(shape, scale, origin)
            const features = grid
              .filter(({ type }) => (types as readonly string[]).includes(type))
              .map((geometry, index) => feature(`f${index}`, at(geometry)))
            await put(store, id, features)
            const limits = areas.map(at)
            const layers = asLayers ? limits.map((area) => [area]) : [limits]
            const scope = limitedTo(...layers)
            const isSeen = (geometry: Geometry) =>
              layers.every((layer) => layer.some((area) => jstsIntersects(area, geometry)))

            const first = tileOf(origin[0], origin[1], z)
            for (let x = first.x; x < first.x + 3; x++) {
              for (let y = first.y; y > first.y - 3; y--) {
                const tile: Tile = { z, x, y }
                const around = boxPolygon(boxOfTile(tile, TILE_BUFFER))
                const { content } = await renderTile(store, scope, {
                  collectionId: id,
                  tile,
                  fields: null,
                })
                const drawn = namesIn(content?.bytes)
                const mayBe = features.filter(
                  ({ geometry }) => isSeen(geometry) && jstsIntersects(around, geometry),
                )
                const names = mayBe.map((each) => each.id)
                expect(drawn.filter((name) => !names.includes(name))).toEqual([])
                if (z < 24) continue
                const within = boxOfTile(tile)
                const mustBe = mayBe.filter(({ geometry }) =>
                  samplesOf(geometry, within, scale).some((position) =>
                    [[boxPolygon(within)], ...layers].every((layer) =>
                      layer.some((area) => isWellWithin(position, area, scale)),
                    ),
                  ),
                )
                expect(drawn).toEqual(expect.arrayContaining(mustBe.map((each) => each.id)))
              }
            }
          },
        ),
        { numRuns: kind === 'sqlite' ? 30 : 8 },
      )
    },
  )

  it.each(kinds)(
    '%s behind the antimeridian: none is outside, and at the highest zoom none is missing',
    async (id, types) => {
      const sides = fc.constantFrom('west', 'east', 'both')
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(gridGeometry, sides), { minLength: 5, maxLength: 25 }),
          fc.array(fc.tuple(gridArea, sides), { maxLength: 2 }),
          fc.boolean(),
          fc.constantFrom(24, 5),
          async (grid, areas, asLayers, z) => {
            // A dozen units are three buffers.
            const scale = 360 / 2 ** z / 256
            const at = <Shape extends Geometry>([shape, side]: [Shape, string]) => {
              const west = placed(shape, scale, [-180, 0])
              return side === 'west' ? west : side === 'east' ? mirrored(west) : onBothSides(west)
            }
            const features = grid
              .filter(([{ type }]) => (types as readonly string[]).includes(type))
              .map((each, index) => feature(`f${index}`, at(each)))
            await put(store, id, features)
            const limits = areas.map(at)
            const layers = asLayers || limits.length === 0 ? limits.map((each) => [each]) : [limits]
            const scope = limits.length === 0 ? whole : limitedTo(...layers)
            const isSeen = (geometry: Geometry) =>
              layers.every((layer) => layer.some((area) => jstsIntersects(area, geometry)))

            for (const x of [0, 2 ** z - 1]) {
              const tile: Tile = { z, x, y: 2 ** (z - 1) - 1 }
              const [own, behind] = boxesOfTile(tile, TILE_BUFFER) as [Box, Box]
              const { content } = await renderTile(store, scope, {
                collectionId: id,
                tile,
                fields: null,
              })
              const drawn = namesIn(content?.bytes)
              const mayBe = features.filter(
                ({ geometry }) =>
                  isSeen(geometry) &&
                  [own, behind].some((box) => jstsIntersects(boxPolygon(box), geometry)),
              )
              const names = mayBe.map((each) => each.id)
              expect(drawn.filter((name) => !names.includes(name))).toEqual([])
              if (z < 24) continue
              if (id === 'points') {
                expect([...new Set(drawn)]).toEqual(expect.arrayContaining(names.filter(isOne)))
              }
              const around = boxPolygon(behind)
              const mustBe = mayBe.filter(({ geometry }) =>
                samplesOf(geometry, { ...behind, south: 0, north: 24 * scale }, scale).some(
                  (position) =>
                    [[around], ...layers].every((layer) =>
                      layer.some((area) => isWellWithin(position, area, 8 * scale)),
                    ),
                ),
              )
              expect(drawn).toEqual(expect.arrayContaining(mustBe.map((each) => each.id)))
            }

            function isOne(name: string): boolean {
              return features.find((each) => each.id === name)!.geometry.type === 'Point'
            }
          },
        ),
        { numRuns: kind === 'sqlite' ? 30 : 8 },
      )
    },
  )

  describe('beside the antimeridian', () => {
    const first = { z: 10, x: 0, y: 511 }
    const last = { z: 10, x: 1023, y: 511 }
    /** Of a tile's buffer, in degrees. */
    const margin = 360 / 1024 / 64

    /** Columns of all positions, in the order of features. */
    async function columnsOf(
      scope: AccessScope,
      collectionId: keyof typeof dimensions,
      tile: Tile,
    ): Promise<Record<string, number[]>> {
      const { content } = await renderTile(store, scope, { collectionId, tile, fields: null })
      if (!content) return {}
      const layer = new VectorTile(new PbfReader(content.bytes)).layers[collectionId]!
      const found: Record<string, number[]> = {}
      for (let index = 0; index < layer.length; index++) {
        const drawn = layer.feature(index)
        const columns = (found[String(drawn.properties['name'])] ??= [])
        columns.push(...drawn.loadGeometry().flatMap((line) => line.map(({ x }) => x)))
      }
      return found
    }

    it('have points of the other side in their buffer', async () => {
      await put(store, 'points', [
        point('far east', 180 - 1.01 * margin, 0.1),
        point('near east', 180 - margin / 2, 0.1),
        point('180', 180, 0.1),
        point('-180', -180, 0.2),
        point('near west', -180 + margin / 2, 0.1),
        point('far west', -180 + 1.01 * margin, 0.1),
      ])
      expect(await columnsOf(whole, 'points', first)).toEqual({
        'near east': [-32],
        '180': [0],
        '-180': [0],
        'near west': [32],
        'far west': [65],
      })
      expect(await columnsOf(whole, 'points', last)).toEqual({
        'far east': [4031],
        'near east': [4064],
        '180': [4096],
        '-180': [4096],
        'near west': [4128],
      })
      // At zoom 0 as a tile with the world in the middle, as geojson-vt does it.
      await put(store, 'points', [point('east', 179, 0), point('west', -176, 1), point('0', 0, 0)])
      expect(await columnsOf(whole, 'points', { z: 0, x: 0, y: 0 })).toEqual({
        east: [4085, -11],
        west: [46, 4142],
        '0': [2048],
      })
    })

    it('have positions of the other side in their buffer', async () => {
      const coordinates = [
        [180 - margin / 2, 0.1],
        [-180 + margin / 2, 0.1],
      ]
      await put(store, 'points', [feature('both', { type: 'MultiPoint', coordinates })])
      expect(await columnsOf(whole, 'points', first)).toEqual({ both: [32, -32] })
      const east = limitedTo([boxArea(180 - margin, 0, 180, 1)])
      expect(await columnsOf(east, 'points', first)).toEqual({ both: [-32] })
      expect(await columnsOf(east, 'points', last)).toEqual({ both: [4064] })
    })

    describe('show of what is cut there', () => {
      const lines: Geometry = {
        type: 'MultiLineString',
        coordinates: [
          [
            [179, 0.1],
            [180, 0.1],
          ],
          [
            [-180, 0.1],
            [-179.9, 0.1],
          ],
        ],
      }
      const squares: MultiPolygon = {
        type: 'MultiPolygon',
        coordinates: [
          boxArea(179, 0.1, 180, 0.2).coordinates,
          boxArea(-180, 0.1, -179.9, 0.2).coordinates,
        ],
      }

      const range = (columns: number[] | undefined) =>
        columns && [Math.min(...columns), Math.max(...columns)]

      async function rangesOf(scope: AccessScope, tile: Tile) {
        const drawn = await Promise.all([
          columnsOf(scope, 'lines', tile),
          columnsOf(scope, 'polygons', tile),
        ])
        return drawn.map(({ both }) => range(both))
      }

      /** 0.1 degrees. */
      const end = Math.round((0.1 * 4096 * 1024) / 360)

      it.each<[string, Geometry[][], Tile, unknown]>([
        ['the rest, without an area', [], first, [-64, end]],
        [
          'the rest, in an area that holds both',
          [boxes([-180, -178], [178, 180])],
          first,
          [-64, end],
        ],
        ['the rest only, in an area that ends at 180', [boxes([178, 180])], first, [-64, 0]],
        ['some of the rest, in a smaller area', [boxes([180 - margin / 2, 180])], first, [-32, 0]],
        [
          'nothing of the rest, in an area that begins at -180',
          [boxes([-180, -178])],
          first,
          [0, end],
        ],
        [
          'nothing, in an area that only reaches the other side',
          [boxes([178, 179.9])],
          first,
          undefined,
        ],
        [
          'nothing, in two areas of either side',
          [boxes([-180, -178]), boxes([178, 180])],
          first,
          undefined,
        ],
        [
          'the rest only, in an area that begins at -180',
          [boxes([-180, -179])],
          last,
          [4096, 4160],
        ],
        [
          'nothing of the rest, in an area that ends at 180',
          [boxes([179.9, 180])],
          last,
          [4096 - end, 4096],
        ],
      ])('%s', async (_, layers, tile, expected) => {
        await put(store, 'lines', [feature('both', lines)])
        await put(store, 'polygons', [feature('both', squares)])
        const scope = layers.length > 0 ? limitedTo(...(layers as AreaGeometry[][])) : whole
        expect(await rangesOf(scope, tile)).toEqual([expected, expected])
      })
    })

    /** From the equator to 1. */
    function boxes(...sides: [west: number, east: number][]): AreaGeometry[] {
      return sides.map(([west, east]) => boxArea(west, 0, east, 1))
    }

    it('show nothing that is on the boundary of the other side alone', async () => {
      await put(store, 'points', [point('east', 180, 0.1), point('west', -180, 0.1)])
      const scope = limitedTo(boxes([178, 180]))
      expect(await columnsOf(scope, 'points', first)).toEqual({ east: [0] })
      expect(await columnsOf(scope, 'points', last)).toEqual({ east: [4096] })
      expect(await columnsOf(scope, 'points', { z: 0, x: 0, y: 0 })).toEqual({ east: [4096, 0] })
    })
  })

  it.each([6, 10, 14, 24])('at zoom %i have long edges where they are in degrees', async (z) => {
    const [from, to] = [
      [-20, 20],
      [30, 60],
    ] as const
    const area: Polygon = {
      type: 'Polygon',
      coordinates: [[[...from], [30, 20], [...to], [...from]]],
    }
    await put(store, 'lines', [
      feature('line', { type: 'LineString', coordinates: [[...from], [...to]] }),
    ])
    await put(store, 'polygons', [feature('area', area)])
    for (const share of [0.001, 0.25, 0.4999, 0.83]) {
      const at = [from[0] + 50 * share, from[1] + 40 * share] as const
      const tile = tileOf(...at, z)
      const [x, y] = toTile(at, tile)
      const line = await renderTile(store, whole, { collectionId: 'lines', tile, fields: null })
      expect(Math.min(...distancesOf(line.content!.bytes, [x, y]))).toBeLessThan(5)
      const filled = await renderTile(store, whole, {
        collectionId: 'polygons',
        tile,
        fields: null,
      })
      expect(Math.min(...distancesOf(filled.content!.bytes, [x, y]))).toBeLessThan(5)
      // What an area cuts off is cut along the same curve.
      const cut = await renderTile(store, limitedTo([area]), {
        collectionId: 'polygons',
        tile,
        fields: null,
      })
      expect(Math.min(...distancesOf(cut.content!.bytes, [x, y]))).toBeLessThan(5)
    }
  })

  it('are cut to the area', async () => {
    await put(store, 'polygons', [feature('big', boxArea(-10, -10, 10, 10))])
    const scope = limitedTo([boxArea(1, 1, 2, 2)])
    const tile = tileOf(1.5, 1.5, 5)
    const order = { collectionId: 'polygons', tile, fields: null }
    const { content } = await renderTile(store, scope, order)
    const layer = new VectorTile(new PbfReader(content!.bytes)).layers['polygons']!
    const { coordinates } = layer.feature(0).toGeoJSON(tile.x, tile.y, tile.z)
      .geometry as unknown as Polygon
    for (const [x, y] of coordinates.flat()) {
      expect(Math.abs(x! - 1.5)).toBeCloseTo(0.5, 2)
      expect(Math.abs(y! - 1.5)).toBeCloseTo(0.5, 2)
    }
  })

  describe('of very many polygons', () => {
    const around = { west: 0, south: 0, east: 40, north: 40 }
    /** Row by row, a little of each square apart; every tenth one is larger. */
    const squares = Array.from({ length: 1_600 }, (_, index) => {
      const [x, y] = [index % 40, Math.floor(index / 40)]
      const size = index % 10 === 3 ? 0.9 : 0.1
      return feature(`${x} ${y}`, boxArea(x, y, x + size, y + size))
    })

    async function members(scope: AccessScope, maximum: number): Promise<string[]> {
      const found = await store.members(scope, 'polygons', [around], { maximum })
      expect(found!.more).toBe(true)
      const ids = found!.features.map((each) => (JSON.parse(each.feature) as { id: string }).id)
      expect(ids).toHaveLength(maximum)
      return ids.toSorted()
    }

    it('show the largest, and some of equal ones everywhere, in whatever order they came', async () => {
      await put(store, 'polygons', squares)
      const ids = await members(whole, 560)
      for (const [index, { id }] of squares.entries()) {
        if (index % 10 === 3) expect(ids).toContain(id)
      }
      const quarters = Map.groupBy(ids, (id) => {
        const [x, y] = id.split(' ').map(Number) as [number, number]
        return `${x < 20} ${y < 20}`
      })
      for (const quarter of quarters.values()) {
        expect(quarter.length).toBeGreaterThan(100)
        expect(quarter.length).toBeLessThan(180)
      }
      await put(store, 'polygons', squares.toReversed())
      expect(await members(whole, 560)).toEqual(ids)
    })

    it('choose only among those that are seen', async () => {
      const area = boxArea(-1, -1, 22.05, 22.05)
      const isSeen = ({ id }: { id: string }) => id.split(' ').every((part) => Number(part) <= 22)
      await put(store, 'polygons', squares)
      const chosen = await members(limitedTo([area]), 200)
      await put(store, 'polygons', squares.filter(isSeen))
      expect(await members(whole, 200)).toEqual(chosen)
    })
  })

  it('never hold more than 500 kB, and say so', async () => {
    const long = 'x'.repeat(400)
    const points = Array.from({ length: 3_000 }, (_, index) =>
      point(
        String(index),
        (index % 60) / 1_000,
        Math.floor(index / 60) / 1_000,
        `${index} ${long}`,
      ),
    )
    await put(store, 'long', points)
    const tile = tileOf(0.03, 0.03, 11)
    const order = { collectionId: 'long', tile, fields: null }
    const { content } = await renderTile(store, whole, order)
    expect(content!.bytes.length).toBeLessThanOrEqual(500_000)
    expect(content!.thinned).toBe('features')
    expect(namesIn(content!.bytes).length).toBeGreaterThan(100)

    const roads = Array.from({ length: 2_000 }, (_, index) =>
      feature(
        String(index),
        {
          type: 'LineString',
          coordinates: [
            [0, index / 40_000],
            [0.05, index / 40_000],
          ],
        },
        `${index} ${long}`,
      ),
    )
    await put(store, 'lines', roads)
    const lines = await renderTile(store, whole, { ...order, collectionId: 'lines' })
    expect(lines.content!.bytes.length).toBeLessThanOrEqual(500_000)
    expect(lines.content!.thinned).toBe('features')
    const named = await renderTile(store, whole, { ...order, collectionId: 'lines', fields: [] })
    expect(named.content!.thinned).toBeNull()
  })
})

describeDatabases('tiles that are kept', (_kind, locate) => {
  let location: DatabaseLocation
  let store: MapStore
  let pool: WorkerPool
  let tiles: Tiles
  let drawn: number
  /** Done when a tile has been drawn, before it is kept. */
  let afterDrawing: () => Promise<unknown>

  beforeAll(async () => {
    location = await locate()
    store = await openMapStore(location)
    pool = createWorkerPool({ location, threads: 1, onError: () => {} })
  })
  afterAll(async () => {
    await pool[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
  })

  beforeEach(async () => {
    drawn = 0
    afterDrawing = async () => {}
    await put(store, 'points', [point('a', 1, 1), point('b', 2, 2)])
    const counting: Pick<WorkerPool, 'start'> = {
      start(scope, revision, job) {
        const { result, share } = pool.start(scope, revision, job)
        const drawing = result.then(async (done) => {
          drawn++
          await afterDrawing()
          return done
        })
        return { result: drawing, share }
      },
    }
    tiles = createTiles({ store, pool: counting, maximumBytes: 1_000_000 })
  })

  const world = { z: 0, x: 0, y: 0 }
  const names = async (scope: AccessScope, tile = world) =>
    namesIn(bytesOf(await tiles.find(scope, collections[0]!, tile, null))).toSorted()

  it('are those of all who see the same of them', async () => {
    expect(await names(whole)).toEqual(['a', 'b'])
    const aroundA = limitedTo([boxArea(0.5, 0.5, 1.5, 1.5)])
    expect(await names(aroundA)).toEqual(['a'])
    expect(await names(aroundA)).toEqual(['a'])
    expect(await names(limitedTo([boxArea(1.5, 1.5, 2.5, 2.5)]))).toEqual(['b'])
    expect(drawn).toBe(3)
    // An area that holds the tile whole makes no difference to it.
    const near = tileOf(1, 1, 10)
    expect(await names(whole, near)).toEqual(['a'])
    expect(await names(aroundA, near)).toEqual(['a'])
    expect(drawn).toBe(4)
    // Outside there is nothing to be drawn.
    expect(await names(aroundA, tileOf(2, 2, 10))).toEqual([])
    expect(drawn).toBe(4)
  })

  it('follow a feature that moves, at once', async () => {
    const [from, to] = [tileOf(2, 2, 10), tileOf(50, 50, 10)]
    expect(await names(whole, from)).toEqual(['b'])
    expect(await names(whole, to)).toEqual([])
    expect(await names(whole, tileOf(1, 1, 10))).toEqual(['a'])
    const moved = point('b', 50, 50)
    await store.write(whole, 'points', [
      { kind: 'replace', id: 'b', feature: moved, ifMatch: null },
    ])
    expect(await names(whole, from)).toEqual([])
    expect(await names(whole, to)).toEqual(['b'])
    expect(drawn).toBe(5)
    expect(await names(whole, tileOf(1, 1, 10))).toEqual(['a'])
    expect(drawn).toBe(5)
  })

  it('follow what is written on the other side of the antimeridian, as far as they show it', async () => {
    const tile = { z: 10, x: 0, y: 511 }
    expect(await names(whole, tile)).toEqual([])
    const move = (longitude: number) =>
      store.write(whole, 'points', [
        { kind: 'replace', id: 'a', feature: point('a', longitude, 0.1), ifMatch: null },
      ])
    await move(179.99)
    expect(await names(whole, tile)).toEqual([])
    expect(drawn).toBe(1)
    await move(179.999)
    expect(await names(whole, tile)).toEqual(['a'])
    await move(179.99)
    expect(await names(whole, tile)).toEqual([])
    expect(drawn).toBe(3)
  })

  it('differ by what is seen on the other side of the antimeridian', async () => {
    const tile = { z: 10, x: 0, y: 511 }
    await put(store, 'points', [point('east', 179.999, 0.1), point('west', -179.999, 0.1)])
    const [west, east] = [boxArea(-180, -1, -179, 1), boxArea(179, -1, 180, 1)]
    expect(await names(whole, tile)).toEqual(['east', 'west'])
    expect(await names(limitedTo([west]), tile)).toEqual(['west'])
    expect(await names(limitedTo([east]), tile)).toEqual(['east'])
    expect(drawn).toBe(3)
    expect(await names(limitedTo([west, east]), tile)).toEqual(['east', 'west'])
    expect(drawn).toBe(4)
    // Outside of both there is nothing to be drawn.
    for (const scope of [limitedTo([boxArea(179, -1, 179.99, 1)]), limitedTo([west], [east])]) {
      expect((await tiles.find(scope, collections[0]!, tile, null)).bytes).toBeNull()
    }
    expect(drawn).toBe(4)
  })

  it('are drawn anew after an import', async () => {
    expect(await names(whole)).toEqual(['a', 'b'])
    await put(store, 'points', [point('c', 1, 1)])
    expect(await names(whole)).toEqual(['c'])
  })

  it('are not kept when a write came between', async () => {
    afterDrawing = async () => {
      afterDrawing = async () => {}
      await store.write(whole, 'points', [{ kind: 'delete', id: 'a', ifMatch: null }])
    }
    expect(await names(whole)).toEqual(['a', 'b'])
    expect(await names(whole)).toEqual(['b'])
    expect(drawn).toBe(2)
  })

  it('are not shared with those who ask after a write', async () => {
    const held = Promise.withResolvers<void>()
    const isDrawn = Promise.withResolvers<void>()
    afterDrawing = () => {
      afterDrawing = async () => {}
      isDrawn.resolve()
      return held.promise
    }
    const early = names(whole)
    await isDrawn.promise
    await store.write(whole, 'points', [{ kind: 'delete', id: 'a', ifMatch: null }])
    expect(await names(whole)).toEqual(['b'])
    held.resolve()
    expect(await early).toEqual(['a', 'b'])
    expect(await names(whole)).toEqual(['b'])
  })

  it('are drawn once, when it is the turn of the first of all who wait', async () => {
    const tileAt = (x: number) => ({ z: 10, x, y: 512 })
    const find = (caller: string, x: number) =>
      tiles.find({ ...whole, countedAs: caller }, collections[0]!, tileAt(x), null)
    const flood = Array.from({ length: 40 }, (_, index) => find('many', 500 + index))
    const last = find('one', 539)
    await last
    expect(drawn).toBeLessThanOrEqual(3)
    await Promise.all(flood)
    expect(await flood.at(-1)).toBe(await last)
    expect(drawn).toBe(40)
  })

  it('have the attributes that were asked for', async () => {
    const attributes = async (fields: string[] | null) => {
      const bytes = bytesOf(await tiles.find(whole, collections[0]!, world, fields))
      const layer = new VectorTile(new PbfReader(bytes!)).layers['points']!
      return Object.keys(layer.feature(0).properties)
    }
    expect(await attributes(null)).toEqual(['name', 'other'])
    expect(await attributes(['other'])).toEqual(['other'])
    expect(await attributes(['name'])).toEqual(['name'])
    expect(await attributes([])).toEqual([])
  })
})

describeDatabases('reads in workers', (_kind, locate) => {
  let location: DatabaseLocation
  let store: MapStore

  beforeAll(async () => {
    location = await locate()
    store = await openMapStore(location)
    const points = Array.from({ length: 5_000 }, (_, index) =>
      point(String(index), (index % 100) / 10, Math.floor(index / 100) / 10),
    )
    await put(store, 'points', points)
  })
  afterAll(() => store[Symbol.asyncDispose]())

  it('say what the store itself says', async () => {
    const done: string[] = []
    await using pool = createWorkerPool({ location, threads: 2, onError: () => {} })
    const counting: Pick<WorkerPool, 'run'> = {
      run(scope, revision, job) {
        done.push(job.name)
        return pool.run(scope, revision, job)
      },
    }
    const inWorkers = createWorkerStore({ store, pool: counting })
    // Of 4,000 vertices, so that a worker lacks it at first, and asks.
    const area = roundArea([5, 2], 4_000, (angle) => 1.5 + Math.sin(40 * angle) / 10)
    for (const scope of [whole, limitedTo([area]), limitedTo([area], [boxArea(5, 0, 9, 9)])]) {
      const query = { limit: 4_000 }
      expect(await inWorkers.items(scope, 'points', query)).toEqual(
        await store.items(scope, 'points', query),
      )
      expect(await inWorkers.count(scope, 'points', {}, 10_000)).toEqual(
        await store.count(scope, 'points', {}, 10_000),
      )
      const boxes = [{ west: -1, south: -1, east: 20, north: 20 }]
      expect(await inWorkers.count(scope, 'points', { boxes }, 10_000)).toEqual(
        await store.count(scope, 'points', { boxes }, 10_000),
      )
      expect(await inWorkers.nearest(scope, 'points', [3, 3], 200)).toEqual(
        await store.nearest(scope, 'points', [3, 3], 200),
      )
    }
    expect(new Set(done)).toEqual(new Set(['items', 'count', 'nearest']))
    expect(await inWorkers.items(whole, 'nothing', { limit: 1 })).toBeNull()
  })

  it('are not done in workers when they are small', async () => {
    const pool = { run: () => Promise.reject(new Error('no worker is needed')) }
    const inWorkers = createWorkerStore({ store, pool })
    const boxes = [{ west: 0, south: 0, east: 0.5, north: 0.5 }]
    const page = await inWorkers.items(whole, 'points', { limit: 100, boxes })
    expect(page!.features).toHaveLength(36)
    expect(await inWorkers.nearest(whole, 'points', [3, 3], 10)).toHaveLength(10)
    // How many there are of all is known.
    expect((await inWorkers.items(whole, 'points', { limit: 1 }))!.features).toHaveLength(1)
    expect(await inWorkers.count(whole, 'points', {}, 200)).toBe(5_000)
    await expect(inWorkers.items(whole, 'points', { limit: 2_000 })).rejects.toThrow('no worker')
  })

  it.each<[string, WorkerPool['run'], number]>([
    ['are too many', () => Promise.reject(new UnavailableError('too much')), 10_000],
    ['are slow', () => new Promise(() => {}), 20],
  ])('that %s leave unknown how many match, and fail nothing', async (_, run, budget) => {
    const inWorkers = createWorkerStore({ store, pool: { run } })
    const boxes = [{ west: -1, south: -1, east: 20, north: 20 }]
    expect(await inWorkers.count(whole, 'points', { boxes }, budget)).toBe('unknown')
  })

  it('count how long they had to wait', async () => {
    await using pool = createWorkerPool({ location, threads: 1, onError: () => {} })
    const scope = jobScope(whole, ['points'])
    // The thread has to start first, which takes longer.
    const job = { name: 'count', arguments: ['points', {}, 1] } as const
    expect(await pool.run(scope, 0, { ...job, arguments: [...job.arguments] })).toBe('unknown')
  })

  it.each<Job>([
    { name: 'count', arguments: ['points', {}, 10_000] },
    { name: 'tile', order: { collectionId: 'points', tile: tileOf(5, 2, 6), fields: null } },
  ])('of one who asks for very many do not hold up another: $name', async (job) => {
    await using pool = createWorkerPool({ location, threads: 1, onError: () => {} })
    const done: string[] = []
    const ask = async (countedAs: string) => {
      await pool.run({ ...jobScope(whole, ['points']), countedAs }, 0, job)
      done.push(countedAs)
    }
    await Promise.all([...Array.from({ length: 30 }, () => ask('many')), ask('one')])
    expect(done).toHaveLength(31)
    // After the one that was begun, and the one whose turn it was.
    expect(done.indexOf('one')).toBe(2)
  })

  it('that are too many are refused', async () => {
    await using pool = createWorkerPool({
      location,
      threads: 1,
      waiting: { ofOne: 2, ofAll: 100 },
      onError: () => {},
    })
    const scope = jobScope(whole, ['points'])
    const counted = await Promise.allSettled(
      Array.from({ length: 5 }, () =>
        pool.run(scope, 0, { name: 'count', arguments: ['points', {}, 10_000] }),
      ),
    )
    expect(counted.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ])
    expect((counted[4] as PromiseRejectedResult).reason).toBeInstanceOf(UnavailableError)
  })

  describe('a worker that breaks down', () => {
    it('fails its own request, and others go on', async () => {
      const long = 'x'.repeat(20_000)
      const points = Array.from({ length: 4_000 }, (_, index) =>
        point(String(index), index / 1_000_000, 0.001, `${index} ${long}`),
      )
      await put(store, 'long', points)
      const errors: unknown[] = []
      await using pool = createWorkerPool({
        location,
        threads: 1,
        maximumMegabytes: 48,
        onError: (error) => errors.push(error),
      })
      const scope = jobScope(whole, ['long', 'points'])
      const tile = tileOf(0.001, 0.001, 14)
      const order = { collectionId: 'long', tile, fields: null }
      const tooMuch = pool.run(scope, 0, { name: 'tile', order })
      const little = pool.run(scope, 0, { name: 'items', arguments: ['points', { limit: 2 }] })
      await expect(tooMuch).rejects.toThrow(UnavailableError)
      expect((await little)!.features).toHaveLength(2)
      expect(errors).toHaveLength(1)
    })
  })
})
