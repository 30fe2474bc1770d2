import { describe, expect, it } from 'vitest'
import { domainOf } from './email-domain.ts'

describe('the domain of an e-mail address', () => {
  it.each([
    ['ann@acme.example', 'acme.example'],
    ['Ann@ACME.Example', 'acme.example'],
    ['"a@evil.example"@acme.example', 'acme.example'],
    ['ann@bücher.example', 'xn--bcher-kva.example'],
  ])('of %s is %s', (email, domain) => {
    expect(domainOf(email)).toBe(domain)
  })

  it.each([
    'ann',
    '@acme.example',
    'ann@',
    'ann@acme',
    'ann@acme.example%',
    'ann@acme.ex_mple',
    'ann@acme.example other.example',
    'ann@[127.0.0.1]',
    `ann@${'a'.repeat(64)}.example`,
  ])('is none of %s', (email) => {
    expect(domainOf(email)).toBeNull()
  })
})
