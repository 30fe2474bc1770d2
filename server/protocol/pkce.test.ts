import { describe, expect, it } from 'vitest'
import { isCodeChallenge, isCodeVerifier, verifiesChallenge } from './pkce.ts'

// RFC 7636 Appendix B
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

describe('RFC 7636 §4.6', () => {
  it('accepts the verifier of the challenge', () => {
    expect(verifiesChallenge(VERIFIER, CHALLENGE)).toBe(true)
  })

  it.each([
    ['another verifier', VERIFIER.replace('d', 'e')],
    ['the challenge itself, as with plain', CHALLENGE],
    ['one that is cut short', VERIFIER.slice(0, -1)],
    ['one that is longer', `${VERIFIER}a`],
    ['none', ''],
  ])('refuses %s', (_name, verifier) => {
    expect(verifiesChallenge(verifier, CHALLENGE)).toBe(false)
  })
})

describe('RFC 7636 §4.1, §4.2', () => {
  it.each(['a'.repeat(42), 'a'.repeat(129), `${'a'.repeat(42)}+`, `${'a'.repeat(43)}\n`])(
    'refuses a verifier outside the syntax: %j',
    (verifier) => expect(isCodeVerifier(verifier)).toBe(false),
  )

  it.each([CHALLENGE.slice(1), `${CHALLENGE}=`, `${CHALLENGE}A`, CHALLENGE.replace('-', '+')])(
    'refuses what is no base64url of a SHA-256: %j',
    (challenge) => expect(isCodeChallenge(challenge)).toBe(false),
  )

  it('knows the real ones', () => {
    expect([isCodeVerifier(VERIFIER), isCodeChallenge(CHALLENGE)]).toEqual([true, true])
  })
})
