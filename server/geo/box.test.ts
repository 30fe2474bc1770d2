import { describe, expect, it } from 'vitest'
import { boxesIntersect, parseBoxes, parsePosition } from './box.ts'

describe('parseBoxes', () => {
  it('reads a box', () => {
    expect(parseBoxes('-1.5, 50,2e0,+51.')).toEqual({
      kind: 'boxes',
      boxes: [{ west: -1.5, south: 50, east: 2, north: 51 }],
    })
  })

  it('makes two boxes of one that crosses the antimeridian', () => {
    expect(parseBoxes('170,-20,-170,-10')).toEqual({
      kind: 'boxes',
      boxes: [
        { west: 170, south: -20, east: 180, north: -10 },
        { west: -180, south: -20, east: -170, north: -10 },
      ],
    })
  })

  it.each([
    ['1,2,3', 'these are 3'],
    ['1,2,3,4,5,6', 'these are 6'],
    ['', 'not all of these are numbers'],
    ['1,2,3,', 'not all of these are numbers'],
    ['1,2,0x3,4', 'not all of these are numbers'],
    ['1,2,NaN,4', 'not all of these are numbers'],
    ['1,2,Infinity,4', 'not all of these are numbers'],
    ['1,2,3,90.1', 'latitude 90.1 is outside'],
    ['1,-91,3,4', 'latitude -91 is outside'],
    ['-180.5,1,3,4', 'longitude -180.5 is outside'],
    ['1,2,1e300,4', 'longitude 1e+300 is outside'],
    ['1,5,3,4', 'south (5) is greater than north (4)'],
  ])('says what is wrong with "%s"', (text, detail) => {
    expect(parseBoxes(text)).toEqual({
      kind: 'invalid',
      detail: expect.stringContaining(detail) as string,
    })
  })
})

describe('parsePosition', () => {
  it('reads longitude and latitude', () => {
    expect(parsePosition('24.9,60.2')).toEqual({ kind: 'position', position: [24.9, 60.2] })
  })

  it.each(['24.9', '1,2,3', 'a,b', '181,0', '0,91'])('refuses "%s"', (text) => {
    expect(parsePosition(text).kind).toBe('invalid')
  })
})

describe('boxesIntersect', () => {
  const box = { west: 0, south: 0, east: 1, north: 1 }

  it('includes the boundary', () => {
    expect(boxesIntersect(box, { west: 1, south: 1, east: 2, north: 2 })).toBe(true)
  })

  it('is false for boxes beside or above each other', () => {
    expect(boxesIntersect(box, { west: 1.0001, south: 0, east: 2, north: 1 })).toBe(false)
    expect(boxesIntersect(box, { west: 0, south: -2, east: 1, north: -0.0001 })).toBe(false)
  })
})
