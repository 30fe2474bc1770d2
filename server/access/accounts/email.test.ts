import { describe, expect, it } from 'vitest'
import { emailKey, parseEmail } from './email.ts'

describe('parseEmail', () => {
  it('takes addresses as people type them', () => {
    expect(parseEmail(' Ann.Lind+maps@Lund.example ')).toBe('Ann.Lind+maps@Lund.example')
    expect(parseEmail('anna@malmö.example')).toBe('anna@malmö.example')
    expect(parseEmail('ann@localhost')).toBe('ann@localhost')
    expect(parseEmail('ａｎｎ@lund.example')).toBe('ann@lund.example')
  })

  it.each([
    [
      '',
      'ann',
      '@lund.example',
      'ann@',
      'ann@lund..example',
      'ann@-lund.example',
      'ann@lund-.example',
    ],
    ['a b@lund.example', 'ann@lund.example, bo@lund.example', 'Ann <ann@lund.example>'],
    ['ann@lund.example\r\nBcc: bo@lund.example', 'ann@lund.example\0', 'a\u2028n@lund.example'],
    ['ann@bo@lund.example', '"ann"@lund.example', `${'a'.repeat(65)}@x.example`],
    [`ann@${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}`],
  ])('refuses what can be none: %j', (...texts) => {
    for (const text of texts) expect(parseEmail(text)).toBeNull()
  })
})

describe('emailKey', () => {
  it('is the same for addresses that differ in case or Unicode form', () => {
    expect(emailKey('ANN@MALMÖ.example')).toBe(emailKey('ann@malmo\u0308.example'))
    expect(emailKey('ann@lund.example')).not.toBe(emailKey('ann@lunds.example'))
  })
})
