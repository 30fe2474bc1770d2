import { describe, expect, it } from 'vitest'
import {
  randomBase62,
  randomBetween,
  randomInt64,
  systemRandom,
  toBase62,
  uuidv7,
} from './random.ts'

describe('random', () => {
  it('draws base 62 text of the length asked for', () => {
    expect(randomBase62(43, systemRandom)).toMatch(/^[0-9A-Za-z]{43}$/)
  })

  it('draws again instead of favouring characters', () => {
    let call = 0
    const mostlyTooHigh = (size: number) => Buffer.alloc(size, call++ === 0 ? 255 : 61)
    expect(randomBase62(4, mostlyTooHigh)).toBe('zzzz')
  })

  it('pads base 62 numbers', () => {
    expect(toBase62(61, 3)).toBe('00z')
    expect(toBase62(62, 3)).toBe('010')
  })

  it('draws client ids that fit an int64', () => {
    for (let draw = 0; draw < 100; draw++) {
      const id = randomInt64(systemRandom)
      expect(id).toMatch(/^[1-9]\d{15,18}$/)
      expect(BigInt(id)).toBeLessThan(2n ** 63n)
    }
  })

  it('draws numbers between two others', () => {
    expect(randomBetween(200, 1_200, () => Buffer.alloc(4, 0))).toBe(200)
    const most = randomBetween(200, 1_200, () => Buffer.alloc(4, 255))
    expect(most).toBeGreaterThan(1_199.9)
    expect(most).toBeLessThan(1_200)
  })

  it('makes UUIDs that sort by time', () => {
    const early = uuidv7(1_000_000_000_000, systemRandom)
    const late = uuidv7(1_000_000_000_001, systemRandom)
    expect(early).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(early < late).toBe(true)
  })
})
