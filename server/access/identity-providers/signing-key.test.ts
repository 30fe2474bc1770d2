import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { InvalidKeyError, parseSigningKey } from './signing-key.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ed25519 = generateKeyPairSync('ed25519').privateKey
const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' })
const jwk = (key: KeyObject, more: object = {}) =>
  JSON.stringify({ ...key.export({ format: 'jwk' }), ...more })

describe('the key for client assertions', () => {
  it.each([
    [pem(rsa), 'RS256'],
    [pem(p256), 'ES256'],
    [jwk(ed25519), 'EdDSA'],
    [jwk(rsa, { alg: 'PS256' }), 'PS256'],
  ])('is signed with as its kind says (%#)', (text, alg) => {
    expect(parseSigningKey(text)).toMatchObject({ alg, d: expect.any(String) })
  })

  it('keeps the name of a JWK', () => {
    expect(parseSigningKey(jwk(p256, { kid: 'first' })).kid).toBe('first')
  })

  it.each([
    ['nothing', ''],
    ['a public key', jwk(generateKeyPairSync('ed25519').publicKey)],
    ['a secret', '{"kty":"oct","k":"AAAA"}'],
    ['broken JSON', '{'],
    ['a short key', pem(generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey)],
    ['another curve', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey)],
    ['an alg of another kind', jwk(p256, { alg: 'HS256' })],
  ])('is refused: %s', (_what, text) => {
    expect(() => parseSigningKey(text)).toThrow(InvalidKeyError)
  })
})
