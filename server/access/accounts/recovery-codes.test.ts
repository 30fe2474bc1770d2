import { describe, expect, it } from 'vitest'
import { systemRandom } from '../../lib/random.ts'
import { createRecoveryCodes, parseRecoveryCode } from './recovery-codes.ts'

describe('recovery codes', () => {
  it('are ten different ones of 80 bits', () => {
    const codes = createRecoveryCodes(systemRandom)
    expect(new Set(codes).size).toBe(10)
    for (const code of codes)
      expect(code).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/)
  })

  it('are read however people write them', () => {
    expect(parseRecoveryCode(' 0AB1-cdef GHJK-mnpq ')).toBe('0ab1cdefghjkmnpq')
    expect(parseRecoveryCode('oABi-cdef-GHJK-mnpL')).toBe('0ab1cdefghjkmnp1')
  })

  it('are told from what can be none', () => {
    for (const text of [
      '',
      '0ab1-cdef-ghjk',
      'uuuu-uuuu-uuuu-uuuu',
      'x'.repeat(1_000),
      '0ab1cdefghjkmnp\n!',
    ]) {
      expect(parseRecoveryCode(text)).toBeNull()
    }
  })
})
