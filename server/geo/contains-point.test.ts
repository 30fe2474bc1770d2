import fc from 'fast-check'
import type { Geometry } from 'geojson'
import { describe, expect, it } from 'vitest'
import { gridGeometry, placed } from '../../test/support/geometries.ts'
import { jstsIntersects } from '../../test/support/jsts.ts'
import { geometryContainsPoint } from './contains-point.ts'

describe('geometryContainsPoint', () => {
  it('agrees with JSTS, on the boundary too', () => {
    fc.assert(
      fc.property(gridGeometry, fc.constantFrom(1, 2 ** -30), (geometry, scale) => {
        const asked = placed(geometry, scale, [-64, 32])
        for (let x = -0.5; x <= 14; x += 0.5) {
          for (let y = -0.5; y <= 14; y += 0.5) {
            const expected = jstsIntersects({ type: 'Point', coordinates: [x, y] }, geometry)
            const point = [x * scale - 64, y * scale + 32] as const
            expect(geometryContainsPoint(asked, point), `${x} ${y}`).toBe(expected)
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  it('is exact where rounding would decide', () => {
    const triangle: Geometry = {
      type: 'Polygon',
      coordinates: [
        [
          [12, 12],
          [24, 24],
          [24, 12],
          [12, 12],
        ],
      ],
    }
    for (let dx = 0; dx < 32; dx++) {
      for (let dy = 0; dy < 32; dy++) {
        const point = [12 + dx * 2 ** -49, 12 + dy * 2 ** -49] as const
        expect(geometryContainsPoint(triangle, point)).toBe(dx >= dy)
      }
    }
  })

  it('ignores heights, and holds nothing in what is empty', () => {
    expect(geometryContainsPoint({ type: 'Point', coordinates: [1, 2, 3] }, [1, 2])).toBe(true)
    for (const type of ['MultiPoint', 'LineString', 'Polygon', 'MultiPolygon'] as const) {
      expect(geometryContainsPoint({ type, coordinates: [] }, [0, 0])).toBe(false)
    }
    expect(geometryContainsPoint({ type: 'LineString', coordinates: [[1, 2]] }, [1, 2])).toBe(true)
  })
})
