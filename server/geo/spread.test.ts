import { expect, it } from 'vitest'
import { spreadOf } from './spread.ts'

it('is the same for the same position, and lies anywhere', () => {
  const numbers = Array.from({ length: 4_000 }, (_, index) =>
    spreadOf((index % 40) / 100, Math.floor(index / 40) / 100),
  )
  expect(new Set(numbers).size).toBe(numbers.length)
  expect(spreadOf(0.39, 0.99)).toBe(numbers.at(-1))
  for (const some of [numbers.slice(0, 2_000), numbers.filter((_, index) => index % 40 < 20)]) {
    const low = some.filter((number) => number < 2 ** 31)
    expect(low.length).toBeGreaterThan(900)
    expect(low.length).toBeLessThan(1_100)
  }
})
