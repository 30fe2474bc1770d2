import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LonLat } from './box.ts'
import { boxesAround, distanceMetres, LONGEST_DISTANCE_METRES } from './distance.ts'

describe('distanceMetres', () => {
  it('is about 344 km from Paris to London', () => {
    expect(distanceMetres([2.3522, 48.8566], [-0.1276, 51.5072]) / 1000).toBeCloseTo(343.6, 0)
  })

  it('crosses the antimeridian and the poles', () => {
    expect(distanceMetres([179.5, 0], [-179.5, 0])).toBeCloseTo(distanceMetres([0, 0], [1, 0]), 3)
    expect(distanceMetres([0, 89.5], [180, 89.5])).toBeCloseTo(distanceMetres([0, 0], [1, 0]), 3)
    expect(distanceMetres([0, 0], [180, 0])).toBeLessThanOrEqual(LONGEST_DISTANCE_METRES)
    expect(distanceMetres([0, 0], [180, 0])).toBeCloseTo(LONGEST_DISTANCE_METRES, -1)
  })
})

describe('boxesAround', () => {
  const position: fc.Arbitrary<LonLat> = fc.tuple(
    fc.oneof(fc.double({ min: -180, max: 180, noNaN: true }), fc.constantFrom(-180, 180, 179.9999)),
    fc.oneof(fc.double({ min: -90, max: 90, noNaN: true }), fc.constantFrom(-90, 90, 89.9999)),
  )

  it('holds every place within the distance', () => {
    fc.assert(
      fc.property(position, position, (centre, place) => {
        const boxes = boxesAround(centre, distanceMetres(centre, place))
        for (const box of boxes) expect(box.west).toBeLessThanOrEqual(box.east)
        return boxes.some(
          (box) =>
            place[0] >= box.west &&
            place[0] <= box.east &&
            place[1] >= box.south &&
            place[1] <= box.north,
        )
      }),
      { numRuns: 2_000 },
    )
  })

  it('is not much wider than the circle', () => {
    const [box] = boxesAround([10, 0], 111_195)
    expect(box!.east - box!.west).toBeCloseTo(2, 2)
    expect(box!.north - box!.south).toBeCloseTo(2, 2)
  })
})
