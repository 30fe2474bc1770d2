import { describe, expect, it } from 'vitest'
import { parseClaims } from './claims-parameter.ts'

const parse = (claims: unknown) => parseClaims(JSON.stringify(claims))

describe('OpenID Connect Core §5.5', () => {
  it('keeps what concerns us, and finds the account that is asked for', () => {
    const idToken = { email: null, sub: { value: 'account:12' }, auth_time: { essential: true } }
    expect(parse({ id_token: idToken, userinfo: { name: {} }, other: 1 })).toEqual({
      claims: JSON.stringify({ userinfo: { name: {} }, id_token: idToken }),
      accountId: '12',
    })
    expect(parse({})).toEqual({ claims: '{}', accountId: null })
  })

  it('takes a subject that is none of ours for nobody', () => {
    expect(parse({ userinfo: { sub: { value: 'ann' } } }).accountId).toBe('')
  })

  it.each(['[]', '1', 'null', '{', '{"id_token":[]}', '{"userinfo":{"email":true}}'])(
    'refuses %s',
    (text) => {
      expect(() => parseClaims(text)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
    },
  )

  it('fails where an acr is essential, for there is none (§5.5.1.1)', () => {
    expect(() => parse({ id_token: { acr: { essential: true } } })).toThrow(
      expect.objectContaining({ code: 'unmet_authentication_requirements' }),
    )
    expect(parse({ id_token: { acr: null } }).accountId).toBeNull()
  })
})
