import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration, parseMoment } from './durations.ts'

describe('parseDuration', () => {
  it.each([
    ['0', 0],
    ['90s', 90_000],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['30d', 2_592_000_000],
    ['1h30m', 5_400_000],
    ['0s', 0],
  ])('reads %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })

  it.each(['', '5', '-1h', '1.5h', '1w', 'h', '30m1h', '1h 30m', '9999999999s', '1H'])(
    'refuses “%s”',
    (text) => {
      expect(parseDuration(text)).toBeNull()
    },
  )
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [60_000, '1m'],
    [3_600_000, '1h'],
    [5_400_000, '1h30m'],
    [90_061_000, '1d1h1m1s'],
  ])('writes %d so that it can be read back', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
    expect(parseDuration(text)).toBe(milliseconds)
  })
})

describe('parseMoment', () => {
  const now = Date.parse('2026-11-21T12:00:00Z')

  it.each([
    ['now', '2026-11-21T12:00:00.000Z'],
    ['24h', '2026-11-20T12:00:00.000Z'],
    ['2026-11-01', '2026-11-01T00:00:00.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
    ['2026-11-01T18:30:00Z', '2026-11-01T18:30:00.000Z'],
    ['2026-11-01T18:30+02:00', '2026-11-01T16:30:00.000Z'],
  ])('reads %s', (text, moment) => {
    expect(new Date(parseMoment(text, now)!).toISOString()).toBe(moment)
  })

  it.each([
    'yesterday',
    '2026',
    '2026-11',
    '2026-02-30',
    '2026-13-01',
    '2026-11-01T25:00:00Z',
    '2026-11-01T18:30:00',
    '',
  ])('refuses “%s”', (text) => {
    expect(parseMoment(text, now)).toBeNull()
  })
})
