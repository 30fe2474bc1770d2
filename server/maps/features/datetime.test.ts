import { describe, expect, it } from 'vitest'
import { isDate, isDateTime, parseDatetime } from './datetime.ts'

const at = (text: string) => Date.parse(text)

describe('datetime (17-069r4 §7.15.4)', () => {
  it.each([
    ['2026-01-31T12:00:00Z', at('2026-01-31T12:00:00Z'), at('2026-01-31T12:00:00Z')],
    ['2026-01-31t12:00:00.25z', at('2026-01-31T12:00:00.250Z'), at('2026-01-31T12:00:00.250Z')],
    ['2026-01-31T12:00:00+02:00', at('2026-01-31T10:00:00Z'), at('2026-01-31T10:00:00Z')],
    ['2026-01-31', at('2026-01-31T00:00:00Z'), at('2026-01-31T23:59:59.999Z')],
    ['2026-01-31/2026-02-01', at('2026-01-31T00:00:00Z'), at('2026-02-01T23:59:59.999Z')],
    ['2026-01-31T12:00:00Z/..', at('2026-01-31T12:00:00Z'), null],
    ['/2026-01-31', null, at('2026-01-31T23:59:59.999Z')],
    ['../..', null, null],
    ['/', null, null],
    ['2016-12-31T23:59:60Z', at('2017-01-01T00:00:00Z'), at('2017-01-01T00:00:00Z')],
    ['0001-01-01', at('0001-01-01T00:00:00Z'), at('0001-01-01T23:59:59.999Z')],
  ])('takes %s', (text, from, to) => {
    expect(parseDatetime(text)).toEqual({ kind: 'time', time: { from, to } })
  })

  it.each([
    '',
    '..',
    'yesterday',
    '2026',
    '2026-02-30',
    '2026-13-01',
    '2026-01-31T12:00:00',
    '2026-01-31T25:00:00Z',
    '2026-01-31T12:00Z',
    '2026-01-31/2026-01-30',
    '2026-01-30/2026-01-31/2026-02-01',
    '2026-01-30/tomorrow',
    'x'.repeat(10_000),
  ])('refuses %j', (text) => {
    const parsed = parseDatetime(text)
    expect(parsed.kind).toBe('invalid')
    if (parsed.kind === 'invalid') expect(parsed.detail.length).toBeLessThan(250)
  })

  it('tells dates from date-times', () => {
    expect([isDate('2026-01-31'), isDate('2026-01-31T12:00:00Z')]).toEqual([true, false])
    expect([isDateTime('2026-01-31'), isDateTime('2026-01-31T12:00:00Z')]).toEqual([false, true])
  })
})
