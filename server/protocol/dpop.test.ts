import { hash } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { verifyDpopProof } from './dpop.ts'

const now = 1_800_000_000_000
const url = 'https://gate.example/maps/collections'
const request = { method: 'GET', url, accessToken: 'token', now }
const ath = hash('sha256', 'token', 'base64url')
const good = { jti: 'one', htm: 'GET', htu: url, iat: now / 1_000, ath }

let keys: { publicKey: CryptoKey; privateKey: CryptoKey }
let jwk: JWK
beforeAll(async () => {
  keys = await generateKeyPair('ES256', { extractable: true })
  jwk = await exportJWK(keys.publicKey)
})

const proofOf = (claims: JWTPayload, header: object = {}) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
    .sign(keys.privateKey)

const outcomeOf = async (claims: object, header: object = {}) =>
  verifyDpopProof(await proofOf({ ...good, ...claims }, header), request)

describe('RFC 9449 §4.3', () => {
  it('takes a good proof and names its key', async () => {
    expect(await outcomeOf({ nonce: 'n' })).toEqual({
      kind: 'valid',
      proof: {
        jkt: await calculateJwkThumbprint(jwk),
        jti: 'one',
        nonce: 'n',
        expiresAt: now + 60_000,
      },
    })
  })

  it.each([
    'https://gate.example/maps/collections?limit=1#x',
    'HTTPS://GATE.example:443/maps/collections',
    'https://gate.example/maps/%63ollections',
  ])('takes %s for the same URL', async (htu) => {
    expect((await outcomeOf({ htu })).kind).toBe('valid')
  })

  it.each([
    ['htm', { htm: 'POST' }],
    ['htm', { htm: 'get' }],
    ['htu', { htu: 'https://gate.example/maps/collections/' }],
    ['htu', { htu: 'https://gate.example/maps' }],
    ['htu', { htu: 'http://gate.example/maps/collections' }],
    ['htu', { htu: 'https://other.example/maps/collections' }],
    ['htu', { htu: '/maps/collections' }],
    ['htu', { htu: undefined }],
    ['ath', { ath: undefined }],
    ['ath', { ath: hash('sha256', 'other', 'base64url') }],
    ['jti', { jti: undefined }],
    ['jti', { jti: '' }],
    ['jti', { jti: 'a\0b' }],
    ['jti', { jti: 'x'.repeat(513) }],
    ['iat', { iat: undefined }],
    ['iat', { iat: 'now' }],
    ['iat', { iat: now / 1_000 - 61 }],
    ['iat', { iat: now / 1_000 + 11 }],
    ['nonce', { nonce: 1 }],
  ])('refuses a wrong %s: %j', async (name, claims) => {
    const outcome = await outcomeOf(claims)
    expect(outcome.kind === 'invalid' && outcome.reason).toContain(name)
  })

  it.each([
    ['typ', { typ: 'JWT' }],
    ['typ', { typ: 'at+jwt' }],
    ['jwk', { jwk: undefined }],
    ['jwk', { jwk: { kty: 'oct', k: 'AAAA' } }],
  ])('refuses a wrong %s in the header: %j', async (name, header) => {
    const outcome = await outcomeOf({}, header)
    expect(outcome.kind === 'invalid' && outcome.reason).toContain(name)
  })

  it('refuses a private key, another’s key, and no signature', async () => {
    const secret = await exportJWK(keys.privateKey)
    expect((await outcomeOf({}, { jwk: secret })).kind).toBe('invalid')
    const { publicKey } = await generateKeyPair('ES256')
    expect((await outcomeOf({}, { jwk: await exportJWK(publicKey) })).kind).toBe('invalid')
    const unsecured = new UnsecuredJWT(good).encode()
    expect(verifyDpopProof(unsecured, request).kind).toBe('invalid')
    const [, payload] = (await proofOf(good)).split('.')
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'dpop+jwt', jwk })).toString(
      'base64url',
    )
    expect(verifyDpopProof(`${header}.${payload}.AA`, request).kind).toBe('invalid')
  })

  it('needs no hash of a token where there is none', async () => {
    const proof = await proofOf({ ...good, ath: undefined })
    expect(verifyDpopProof(proof, { ...request, accessToken: null }).kind).toBe('valid')
  })
})
