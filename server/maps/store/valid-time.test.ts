import { describe, expect, it } from 'vitest'
import { createValidTime, faultOfTime } from './valid-time.ts'

const instant = createValidTime([{ name: 'at', type: 'object', role: 'instant' }])
const epoch = (text: string | null) => text && Date.parse(text)

describe('a valid time', () => {
  it.each<[unknown, string | null, string | null]>([
    [null, null, null],
    ['2026-01-31', '2026-01-31T00:00:00Z', '2026-01-31T23:59:59.999Z'],
    ['1911', '1911-01-01T00:00:00Z', '1911-12-31T23:59:59.999Z'],
    [1911, '1911-01-01T00:00:00Z', '1911-12-31T23:59:59.999Z'],
    ['2026-01-31T12:00:00.5+02:00', '2026-01-31T10:00:00.500Z', '2026-01-31T10:00:00.500Z'],
    // Without a zone it is UTC, wherever the server stands.
    ['2026-07-31T12:00:00', '2026-07-31T12:00:00Z', '2026-07-31T12:00:00Z'],
    ['2026-07-31 12:00', '2026-07-31T12:00:00Z', '2026-07-31T12:00:00Z'],
    ['2026-07-31 12:00:00+0130', '2026-07-31T10:30:00Z', '2026-07-31T10:30:00Z'],
    ['2026-07-31 12:00:00-01', '2026-07-31T13:00:00Z', '2026-07-31T13:00:00Z'],
    [1_700_000_000_000, '2023-11-14T22:13:20Z', '2023-11-14T22:13:20Z'],
  ])('is read of %j', (value, from, to) => {
    expect(instant({ at: value })).toEqual({ starts: epoch(from), ends: epoch(to) })
    if (value !== null) expect(faultOfTime('instant', value)).toBeNull()
  })

  it.each([
    ['summer 1911', /must be a time such as/],
    ['', /must be a time such as/],
    ['2026-02-30', /must be a time such as/],
    ['2026-01-31T25:00:00Z', /must be a time such as/],
    ['31.1.2026', /must be a time such as/],
    [true, /must be a time such as/],
    [[2026], /must be a time such as/],
    // Seconds, a date written as a number, and microseconds.
    [1_700_000_000, /epoch milliseconds/],
    [20_260_131, /epoch milliseconds/],
    [1.7e15, /epoch milliseconds/],
  ])('is not %j', (value, reason) => {
    for (const role of ['start', 'end', 'instant'] as const) {
      expect(faultOfTime(role, value)).toMatch(reason)
    }
    expect(faultOfTime('level', value)).toBeNull()
    expect(faultOfTime(undefined, value)).toBeNull()
  })
})
