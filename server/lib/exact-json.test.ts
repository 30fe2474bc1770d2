import { describe, expect, it } from 'vitest'
import { parseExactJson } from './exact-json.ts'

describe('parseExactJson', () => {
  it.each([
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['{"a":[0.5,{"b":1152921504606846976}]}', { a: [0.5, { b: 1152921504606846976n }] }],
    ['[12345678901234567890, "1234567890123456"]', [12345678901234567890n, '1234567890123456']],
  ])('keeps %s', (text, value) => {
    expect(parseExactJson(text)).toEqual(value)
  })

  it.each([
    '9007199254740991',
    // What JSON.stringify makes of 1e20.
    '100000000000000000000',
    '0.12345678901234567890123',
    '-89.12345678901234567',
    '1234567890123456.5',
    '1234567890123456789e2',
    '1e400',
    '9'.repeat(100_000),
    '["12345678901234567890", {"12345678901234567890": true}]',
    '{"__proto__": 1, "a": "12345678901234567"}',
  ])('reads %s as ever', (text) => {
    expect(parseExactJson(text)).toEqual(JSON.parse(text))
  })

  it('throws as ever', () => {
    expect(() => parseExactJson('[12345678901234567890')).toThrow(SyntaxError)
  })
})
