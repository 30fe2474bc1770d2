import { describe, expect, it } from 'vitest'
import { BLACK, contrast, parseColour, readable, textOn, toHex, WHITE } from './colour.ts'

describe('contrast', () => {
  it('is 21 between black and white, and 1 between equals', () => {
    expect(contrast(BLACK, WHITE)).toBeCloseTo(21)
    expect(contrast(parseColour('#0b63c5'), parseColour('#0b63c5'))).toBe(1)
  })

  it('knows the grey that just passes on white', () => {
    expect(contrast(parseColour('#767676'), WHITE)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(parseColour('#777777'), WHITE)).toBeLessThan(4.5)
  })
})

describe('readable', () => {
  it('leaves alone what can be read already', () => {
    const colour = parseColour('#0b63c5')
    expect(toHex(readable(colour, BLACK, [WHITE], 4.5))).toBe('#0b63c5')
  })

  it.each(['#ffff00', '#ff6600', '#ffffff', '#00ffcc', '#808080', '#000000'])(
    'makes %s readable on white and on near-black, with text on it',
    (hex) => {
      for (const [ground, towards] of [
        [WHITE, BLACK],
        [parseColour('#12161c'), WHITE],
      ] as const) {
        const made = readable(parseColour(hex), towards, [ground], 4.5)
        expect(contrast(made, ground)).toBeGreaterThanOrEqual(4.5)
        expect(contrast(textOn(made), made)).toBeGreaterThanOrEqual(4.5)
      }
    },
  )
})
