import { describe, expect, it } from 'vitest'
import { cutAtAntimeridian } from './antimeridian.ts'
import { boxOfGeometry, geometryIntersectsBox } from './geometry.ts'

describe('RFC 7946 §3.1.9', () => {
  it('leaves alone what does not cross, but for its winding', () => {
    const clockwise = [
      [0, 0],
      [0, 1],
      [1, 1],
      [0, 0],
    ]
    expect(cutAtAntimeridian([clockwise])).toEqual([[clockwise.toReversed()]])
  })

  it('cuts a polygon that crosses into its two parts', () => {
    const across = [
      [179, 0],
      [-178, 0],
      [-178, 2],
      [179, 2],
      [179, 0],
    ]
    const parts = cutAtAntimeridian([across])
    expect(parts.map((coordinates) => boxOfGeometry({ type: 'Polygon', coordinates }))).toEqual([
      { west: 179, south: 0, east: 180, north: 2 },
      { west: -180, south: 0, east: -178, north: 2 },
    ])
  })

  it('keeps a hole in the part where it lies', () => {
    const outer = [
      [170, 0],
      [-170, 0],
      [-170, 9],
      [170, 9],
      [170, 0],
    ]
    const hole = [
      [-178, 1],
      [-178, 2],
      [-177, 2],
      [-178, 1],
    ]
    expect(cutAtAntimeridian([outer, hole]).map((rings) => rings.length)).toEqual([1, 2])
  })

  it('closes a ring around the pole along the edge of the map', () => {
    const cap = [
      [-180, -80],
      [-90, -70],
      [0, -80],
      [90, -70],
      [-180, -80],
    ]
    const [coordinates, ...others] = cutAtAntimeridian([cap])
    expect(others).toEqual([])
    const geometry = { type: 'Polygon' as const, coordinates: coordinates! }
    expect(boxOfGeometry(geometry)).toEqual({ west: -180, south: -90, east: 180, north: -70 })
    const at = (x: number, y: number) =>
      geometryIntersectsBox(geometry, { west: x, south: y, east: x, north: y })
    expect(at(0, -85)).toBe(true)
    expect(at(179, -89)).toBe(true)
    expect(at(0, -75)).toBe(false)
    expect(at(90, -71)).toBe(true)
  })
})
