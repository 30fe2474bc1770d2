import { describe, expect, it } from 'vitest'
import { bearerCredential, BearerError } from './bearer.ts'

describe('RFC 6750 §2', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER  abc', 'OAuth abc', 'oauth abc'])(
    'takes %s',
    (header) => {
      const credential = { kind: 'token', token: 'abc', scheme: 'bearer', inQuery: false }
      expect(bearerCredential([header], [])).toEqual(credential)
    },
  )

  it('takes the same token in header and query as one', () => {
    const credential = { kind: 'token', token: 'abc', scheme: 'bearer', inQuery: true }
    expect(bearerCredential(['OAuth abc'], ['abc'])).toEqual(credential)
    expect(bearerCredential([], ['abc'])).toEqual(credential)
  })

  it('RFC 9449 §7.1: tells the scheme DPoP from the others', () => {
    const credential = { kind: 'token', token: 'abc', scheme: 'dpop', inQuery: false }
    expect(bearerCredential(['DPoP abc'], [])).toEqual(credential)
  })

  it.each([
    [['Bearer a', 'Bearer a'], []],
    [['Bearer a'], ['b']],
    [[], ['a', 'a']],
    [['Bearer'], []],
    [['Bearer a b'], []],
    [['Bearer ü'], []],
    [[], ['a b']],
  ])('refuses %j with %j', (headers, query) => {
    expect(bearerCredential(headers, query).kind).toBe('bad')
  })

  it('sees no token in other schemes', () => {
    expect(bearerCredential(['Basic abc'], [])).toEqual({ kind: 'none' })
    expect(bearerCredential([], [])).toEqual({ kind: 'none' })
  })
})

describe('RFC 6750 §3', () => {
  const about = { resourceMetadata: 'https://gate.example/.well-known/x', scope: 'read' }

  it('gives no error code when there was no token', () => {
    const error = new BearerError(null, 'needed', about)
    expect(error.status).toBe(401)
    expect(error.challenge).toBe(
      'Bearer realm="mapgate", scope="read", resource_metadata="https://gate.example/.well-known/x"',
    )
  })

  it('RFC 9449 §7.1: names the scheme that the token needs, and its algorithms', () => {
    const error = new BearerError('use_dpop_nonce', 'x', { resourceMetadata: null, scheme: 'DPoP' })
    expect(error.status).toBe(401)
    expect(error.challenge).toBe(
      'DPoP realm="mapgate", error="use_dpop_nonce", error_description="x", algs="ES256 Ed25519 EdDSA PS256"',
    )
  })

  it('answers 400, 401 and 403', () => {
    const status = (code: BearerError['code']) => new BearerError(code, 'x', about).status
    expect(status('invalid_request')).toBe(400)
    expect(status('invalid_token')).toBe(401)
    expect(status('insufficient_scope')).toBe(403)
  })
})
