import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'

describe('parseOptions', () => {
  it('is bounded in all it accepts', () => {
    expect(
      parseOptions(['--rounds', '50', '--seconds', '60', '--clients', '1000000']),
    ).toMatchObject({ rounds: 50, milliseconds: 60_000, manyClients: 1_000_000 })
    expect(() => parseOptions(['--rounds', '51'])).toThrow('--rounds')
    expect(() => parseOptions(['--rounds', '1.5'])).toThrow('a whole number')
    expect(() => parseOptions(['--seconds', 'x'])).toThrow('not “x”')
    expect(() => parseOptions(['--clients', '0'])).toThrow('--clients')
  })

  it('knows the names of the ratios', () => {
    expect(parseOptions(['--only', 'token-vs-bare']).only).toBe('token-vs-bare')
    expect(parseOptions(['--only', 'memory']).only).toBe('memory')
    expect(() => parseOptions(['--only', 'tokens'])).toThrow('“tokens”')
    expect(() => parseOptions(['--fast'])).toThrow('--fast')
  })

  it('lets --quick be outdone by what is said', () => {
    expect(parseOptions(['--quick', '--rounds', '2'])).toMatchObject({
      rounds: 2,
      milliseconds: 400,
    })
  })
})
