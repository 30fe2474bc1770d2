import { describe, expect, it } from 'vitest'
import { systemRandom } from '../../lib/random.ts'
import { createTotpSecret, stepOfCode, totpUri } from './totp.ts'

/** `12345678901234567890`, as in RFC 6238 appendix B. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

describe('RFC 6238', () => {
  it.each([
    [59, '287082', 1],
    [1_111_111_109, '081804', 37_037_036],
    [1_234_567_890, '005924', 41_152_263],
    [20_000_000_000, '353130', 666_666_666],
  ])('gives at second %d the code %s', (second, code, step) => {
    expect(stepOfCode(SECRET, code, second * 1_000)).toBe(step)
  })

  it('allows one step early and late, and tells the step of the code', () => {
    const step = 37_037_036
    const at = (offset: number) => stepOfCode(SECRET, '081804', (step + offset) * 30_000 + 15_000)
    expect([-2, -1, 0, 1, 2].map(at)).toEqual([null, step, step, step, null])
    // At the edges of a step too.
    expect(stepOfCode(SECRET, '081804', (step - 1) * 30_000)).toBe(step)
    expect(stepOfCode(SECRET, '081804', (step + 2) * 30_000 - 1)).toBe(step)
    expect(stepOfCode(SECRET, '081804', (step + 2) * 30_000)).toBeNull()
  })

  it('takes a code as it is shown, and nothing that is none', () => {
    expect(stepOfCode(SECRET, ' 287 082 ', 59_000)).toBe(1)
    for (const wrong of ['', '28708', '2870820', 'abcdef', '２８７０８２', '287082\0']) {
      expect(stepOfCode(SECRET, wrong, 59_000)).toBeNull()
    }
  })
})

describe('a new secret', () => {
  it('has 160 bits, in base32, and an address that apps read', () => {
    const secret = createTotpSecret(systemRandom)
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    const uri = totpUri({ issuer: 'Lund & Maps', label: 'ann+x@lund.example', secret })
    expect(new URL(uri).searchParams.get('issuer')).toBe('Lund & Maps')
    expect(decodeURIComponent(new URL(uri).pathname)).toContain('ann+x@lund.example')
  })
})
