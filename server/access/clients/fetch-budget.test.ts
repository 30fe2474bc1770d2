import { describe, expect, it } from 'vitest'
import { createFetchBudget } from './fetch-budget.ts'

function openBudget() {
  let now = 1_000_000
  const budget = createFetchBudget({ clock: { now: () => now, monotonic: () => now } })
  return {
    advance: (milliseconds: number) => (now += milliseconds),
    /** How many of so many fetches are made. */
    spend: (address: string | null, count: number) =>
      Array.from({ length: count }, () => budget.spend(address)).filter(Boolean).length,
  }
}

describe('the budget of fetches', () => {
  it('is used up by one network for itself alone', () => {
    const { spend, advance } = openBudget()
    expect(spend('192.0.2.1', 100)).toBe(60)
    expect(spend('192.0.2.2', 1)).toBe(1)
    expect(spend(null, 1)).toBe(1)
    advance(3_600_000)
    expect(spend('192.0.2.1', 1)).toBe(1)
  })

  it('is one for all addresses of an IPv6 network', () => {
    const { spend } = openBudget()
    expect(spend('2001:db8::1', 60)).toBe(60)
    expect(spend('2001:db8::2', 1)).toBe(0)
    expect(spend('2001:db8:0:1::2', 1)).toBe(1)
  })

  it('has an end for all together', () => {
    const { spend, advance } = openBudget()
    expect(spend(null, 700)).toBe(600)
    expect(spend('192.0.2.1', 1)).toBe(0)
    advance(61_000)
    // What was refused counted nowhere.
    expect(spend('192.0.2.1', 100)).toBe(60)
  })
})
