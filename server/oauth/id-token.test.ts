import { generateKeyPairSync, hash } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import type { SigningAlgorithm } from '../access/keys/algorithms.ts'
import { createIdTokens, type IdTokenInput } from './id-token.ts'

const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  PS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
}

const now = Date.parse('2026-01-01T00:00:00Z')

function issue(more: Partial<IdTokenInput> = {}, installation: SigningAlgorithm = 'ES256') {
  const create = createIdTokens({
    clock: { now: () => now, monotonic: () => now },
    signingKeys: {
      signer: (algorithm: SigningAlgorithm = installation) => ({
        kid: algorithm,
        algorithm,
        ...pairs[algorithm],
        publicJwk: {},
        createdAt: 0,
        signsFrom: 0,
      }),
      find: () => null,
      jwks: () => ({ keys: [] }),
      list: () => [],
      maintain: async () => {},
      rotate: async () => [],
    },
  })
  return create({
    client: { id: 'app', idTokenAlgorithm: null },
    grant: {
      issuer: 'https://maps.example',
      scopes: ['openid'],
      sessionId: 'session',
      authenticatedAt: now - 5_000,
      methods: ['pwd', 'otp'],
      acr: null,
      nonce: 'n-1',
      claims: null,
    },
    account: { id: '77', name: 'Ada', email: 'ada@example.com', emailConfirmed: true },
    ...more,
  })
}

async function claimsOf(token: string) {
  const { alg } = decodeProtectedHeader(token)
  const { payload } = await jwtVerify(token, pairs[alg as SigningAlgorithm].publicKey, {
    currentDate: new Date(now),
  })
  return payload
}

describe('OpenID Connect Core §2', () => {
  it('says who signed in, when, how, and for whom', async () => {
    const token = issue()
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'ES256' })
    expect(await claimsOf(token)).toEqual({
      iss: 'https://maps.example',
      sub: 'account:77',
      aud: 'app',
      iat: now / 1_000,
      exp: now / 1_000 + 3_600,
      auth_time: now / 1_000 - 5,
      nonce: 'n-1',
      amr: ['pwd', 'otp'],
      sid: 'session',
    })
  })

  it('names no time of the sign-in that nobody knows', async () => {
    const grant = {
      ...{ issuer: 'https://maps.example', scopes: ['openid'], sessionId: null, methods: ['fed'] },
      ...{ authenticatedAt: null, acr: null, nonce: null, claims: null },
    }
    expect(await claimsOf(issue({ grant }))).not.toHaveProperty('auth_time')
  })

  it('is signed as the client asks', () => {
    const token = issue({ client: { id: 'app', idTokenAlgorithm: 'RS256' } })
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', kid: 'RS256' })
  })

  it('has the nonce only once', async () => {
    expect(await claimsOf(issue({ refreshed: true }))).not.toHaveProperty('nonce')
  })
})

describe('OpenID Connect Core §3.1.3.6', () => {
  it.each([
    ['ES256', 'sha256'],
    ['PS256', 'sha256'],
    ['RS256', 'sha256'],
    ['EdDSA', 'sha512'],
  ] as const)('at_hash of %s is the left half of %s', async (algorithm, digest) => {
    const { at_hash: atHash } = await claimsOf(issue({ accessToken: 'a.b.c' }, algorithm))
    const whole = hash(digest, 'a.b.c', 'buffer')
    expect(atHash).toBe(whole.subarray(0, whole.length / 2).toString('base64url'))
  })
})

describe('OpenID Connect Core §5.5', () => {
  const grant = (scopes: string[], claims: object | null) => ({
    issuer: 'https://maps.example',
    scopes,
    sessionId: null,
    authenticatedAt: now,
    methods: [],
    acr: 'high',
    nonce: null,
    claims: claims && JSON.stringify(claims),
  })

  it('tells of the person only what is asked for and allowed', async () => {
    const asked = { id_token: { email: null, name: { essential: true }, sub: null, iss: null } }
    const allowed = await claimsOf(issue({ grant: grant(['openid', 'email'], asked) }))
    expect(allowed).toMatchObject({ email: 'ada@example.com', acr: 'high', sub: 'account:77' })
    expect(allowed).not.toHaveProperty('name')
    expect(allowed).not.toHaveProperty('email_verified')
    const plain = await claimsOf(issue({ grant: grant(['openid', 'email', 'profile'], null) }))
    expect(plain).not.toHaveProperty('email')
    const userinfo = { userinfo: { email: null }, id_token: null }
    expect(
      await claimsOf(issue({ grant: grant(['openid', 'email'], userinfo) })),
    ).not.toHaveProperty('email')
  })
})
