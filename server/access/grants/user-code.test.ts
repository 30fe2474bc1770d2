import { expect, it } from 'vitest'
import { systemRandom } from '../../lib/random.ts'
import { formatUserCode, parseUserCode, randomUserCode } from './user-code.ts'

it('RFC 8628 §6.1: makes codes of consonants that differ', () => {
  const codes = Array.from({ length: 200 }, () => randomUserCode(systemRandom))
  expect(new Set(codes).size).toBe(200)
  for (const code of codes) expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{8}$/)
  expect(new Set(codes.join('')).size).toBe(20)
})

it('shows them in two parts', () => {
  expect(formatUserCode('WDJBMJHT')).toBe('WDJB-MJHT')
})

it.each(['WDJB-MJHT', 'wdjbmjht', ' wdjb mjht ', 'WDJB–MJHT', 'W-D-J-B M J H T'])(
  'understands %s',
  (typed) => {
    expect(parseUserCode(typed)).toBe('WDJBMJHT')
  },
)

it.each(['', 'WDJB-MJH', 'WDJB-MJHTT', 'WDJB-MJHA', 'WDJB-MJH1', 'WDJB_MJHT', 'ẞDJB-MJHT'])(
  'refuses %s',
  (typed) => {
    expect(parseUserCode(typed)).toBeNull()
  },
)
