import { geoJSONToTile } from '@maplibre/geojson-vt'
import fc from 'fast-check'
import type { Polygon, Position } from 'geojson'
import { describe, expect, it } from 'vitest'
import {
  areaInTile,
  boxesOfTile,
  boxOfTile,
  copiesOf,
  MAXIMUM_LATITUDE,
  parseTile,
  tileOf,
  toTile,
} from './tile.ts'

const tile = fc.nat({ max: 24 }).chain((z) =>
  fc.record({
    z: fc.constant(z),
    x: fc.nat({ max: 2 ** z - 1 }),
    y: fc.nat({ max: 2 ** z - 1 }),
  }),
)

/** Rounding gives -0 too. */
const whole = (...numbers: number[]) => numbers.map((each) => expect.closeTo(each, 9) as number)

describe('boxOfTile', () => {
  it('is the world at zoom 0, and its edges are never passed', () => {
    const world = { west: -180, south: -MAXIMUM_LATITUDE, east: 180, north: MAXIMUM_LATITUDE }
    expect(boxOfTile({ z: 0, x: 0, y: 0 })).toEqual(world)
    expect(boxOfTile({ z: 0, x: 0, y: 0 }, 64)).toEqual(world)
    expect(boxOfTile({ z: 1, x: 1, y: 0 }, 64)).toEqual({
      west: -180 * (64 / 4096),
      south: expect.closeTo(-2.8114, 3) as number,
      east: 180,
      north: MAXIMUM_LATITUDE,
    })
  })

  it('has known numbers', () => {
    // As the OpenStreetMap wiki, "Slippy map tilenames", has them.
    const { north, west, south, east } = boxOfTile({ z: 15, x: 16_880, y: 10_877 })
    expect(west).toBeCloseTo(5.449_218_75, 9)
    expect(east).toBeCloseTo(5.460_205_078, 9)
    expect(north).toBeGreaterThan(south)
    expect(tileOf((west + east) / 2, (north + south) / 2, 15)).toEqual({
      z: 15,
      x: 16_880,
      y: 10_877,
    })
  })

  it('shares its edges with its neighbours to the bit', () => {
    const outcome = fc.check(
      fc.property(tile, ({ z, x, y }) => {
        const { east, south } = boxOfTile({ z, x, y })
        const eastern = x < 2 ** z - 1 ? boxOfTile({ z, x: x + 1, y }).west : 180
        const southern = y < 2 ** z - 1 ? boxOfTile({ z, x, y: y + 1 }).north : -MAXIMUM_LATITUDE
        return eastern === east && southern === south
      }),
    )
    expect(outcome.counterexample).toBeNull()
  })

  it('holds what is in the tile, in pixels from 0 to the extent', () => {
    fc.assert(
      fc.property(
        tile,
        fc.integer({ min: 1, max: 99 }),
        fc.integer({ min: 1, max: 99 }),
        (at, a, b) => {
          const { west, south, east, north } = boxOfTile(at)
          expect(toTile([west, north], at)).toEqual(whole(0, 0))
          expect(toTile([east, south], at, 512)).toEqual(whole(512, 512))
          const longitude = west + ((east - west) * a) / 100
          const latitude = south + ((north - south) * b) / 100
          expect(tileOf(longitude, latitude, at.z)).toEqual(at)
          const [x, y] = toTile([longitude, latitude], at)
          expect(x > 0 && x < 4096 && y > 0 && y < 4096).toBe(true)
          const buffered = boxOfTile(at, 64)
          expect(buffered.west <= west && buffered.east >= east).toBe(true)
          expect(buffered.south <= south && buffered.north >= north).toBe(true)
          if (west > -180) expect(toTile([buffered.west, north], at)).toEqual(whole(-64, 0))
          if (at.y < 2 ** at.z - 1)
            expect(toTile([west, buffered.south], at)).toEqual(whole(0, 4160))
        },
      ),
    )
  })
})

describe('boxesOfTile', () => {
  const width = 360 / 1024
  const margin = width / 64

  it('takes in what is behind the antimeridian', () => {
    const [first, behind, ...none] = boxesOfTile({ z: 10, x: 0, y: 500 }, 64)
    const { south, north } = first!
    expect(first).toEqual({ west: -180, south, east: -180 + width + margin, north })
    expect(behind).toEqual({ west: 180 - margin, south, east: 180, north })
    expect(none).toEqual([])
    expect(boxesOfTile({ z: 10, x: 1023, y: 500 }, 64)).toEqual([
      { west: 180 - width - margin, south, east: 180, north },
      { west: -180, south, east: -180 + margin, north },
    ])
  })

  it('is one elsewhere, and at zoom 0, where it is the world', () => {
    for (const tile of [
      { z: 0, x: 0, y: 0 },
      { z: 10, x: 1, y: 500 },
      { z: 10, x: 1022, y: 500 },
    ]) {
      expect(boxesOfTile(tile, 64)).toEqual([boxOfTile(tile, 64)])
    }
  })
})

describe('copiesOf', () => {
  it('have what is behind the antimeridian in the pixels of the tile’s buffer', () => {
    const [, east] = copiesOf({ z: 1, x: 0, y: 0 })
    expect(toTile([179, 0], east!)).toEqual([-23, 4096])
    const [, west] = copiesOf({ z: 1, x: 1, y: 0 })
    expect(toTile([-179, 0], west!)).toEqual([4096 + 23, 4096])
  })

  it('are on both sides at zoom 0', () => {
    const columns = copiesOf({ z: 0, x: 0, y: 0 }).map((copy) => toTile([180, 0], copy)[0])
    expect(columns).toEqual([4096, 0, 8192])
  })
})

describe('toTile', () => {
  it('agrees with geojson-vt', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -180, max: 180, noNaN: true }),
        fc.double({ min: -90, max: 90, noNaN: true }),
        fc.nat({ max: 24 }),
        (longitude, latitude, z) => {
          const at = tileOf(longitude, latitude, z)
          const point = { type: 'Point', coordinates: [longitude, latitude] } as const
          const drawn = geoJSONToTile(point, z, at.x, at.y, { extent: 4096 })
          expect(drawn.features[0]!.geometry).toEqual([toTile([longitude, latitude], at)])
        },
      ),
    )
  })
})

describe('areaInTile', () => {
  it('follows the curves that straight edges in degrees become', () => {
    const triangle: Polygon = {
      type: 'Polygon',
      coordinates: [
        [
          [-170, -80],
          [170, 80],
          [-170, 80],
          [-170, -80],
        ],
      ],
    }
    const world = { z: 0, x: 0, y: 0 }
    const ring = (areaInTile(triangle, world) as Polygon).coordinates[0]!
    expect(ring[0]).toEqual(ring.at(-1))
    // Level and upright edges stay straight; this one is a curve.
    const slanted = ring.slice(
      0,
      ring.findIndex(([x]) => Math.abs(x! - (4096 * 350) / 360) < 1e-6) + 1,
    )
    for (let longitude = -169.5; longitude < 170; longitude += 0.25) {
      const [x, y] = toTile([longitude, (longitude * 80) / 170], world, 4096 * 1024)
      const after = slanted.findIndex(([at]) => at! * 1024 > x)
      const [[x1, y1], [x2, y2]] = slanted.slice(after - 1, after + 1) as [Position, Position]
      const drawn = y1! + ((y2! - y1!) * (x / 1024 - x1!)) / (x2! - x1!)
      expect(Math.abs(drawn - y / 1024)).toBeLessThan(0.26)
    }
    expect(ring.length).toBeLessThan(1_000)
  })

  it('adds nothing where the tile is small', () => {
    const at = { z: 16, x: 33_000, y: 22_000 }
    const { west, south, east, north } = boxOfTile(at)
    const coordinates = [
      [
        [west, south],
        [east, south],
        [west, north],
        [west, south],
      ],
    ]
    expect(
      areaInTile({ type: 'MultiPolygon', coordinates: [coordinates] }, at).coordinates,
    ).toEqual([
      [
        [
          [0, 4096],
          [4096, 4096],
          [0, 0],
          [0, 4096],
        ].map((pair) => pair.map((value) => expect.closeTo(value, 3) as number)),
      ],
    ])
  })
})

describe('parseTile', () => {
  it('reads plain numbers', () => {
    expect(parseTile('0', '0', '0')).toEqual({ kind: 'tile', tile: { z: 0, x: 0, y: 0 } })
    expect(parseTile('24', '16777215', '7')).toEqual({
      kind: 'tile',
      tile: { z: 24, x: 16_777_215, y: 7 },
    })
  })

  it.each([
    ['z', ['25', '0', '0']],
    ['z', ['31', '0', '0']],
    ['z', ['', '0', '0']],
    ['z', ['1e0', '0', '0']],
    ['x', ['3', '8', '0']],
    ['x', ['3', '-1', '0']],
    ['x', ['3', '01', '0']],
    ['x', ['3', '1.0', '0']],
    ['y', ['3', '0', '8']],
    ['y', ['3', '0', ' 1']],
    ['y', ['3', '0', '９']],
    ['y', ['3', '0', '99999999999999999999']],
    ['y', ['3', '0', '1\n']],
  ] as const)('names %s in %j', (name, [z, x, y]) => {
    expect(parseTile(z, x, y)).toMatchObject({ kind: 'invalid', name })
  })

  it('says how far the numbers go', () => {
    expect(parseTile('3', '8', '0')).toEqual({
      kind: 'invalid',
      name: 'x',
      detail: 'must be a whole number from 0 to 7 at zoom 3',
    })
  })
})
