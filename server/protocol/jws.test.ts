import { createHmac, createPublicKey } from 'node:crypto'
import { calculateJwkThumbprint, CompactSign, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { importPublicKey, type JwsAlgorithm, parseJwt, verifies } from './jws.ts'

const ALGORITHMS: [JwsAlgorithm, string][] = [
  ['ES256', 'ES256'],
  ['EdDSA', 'EdDSA'],
  ['PS256', 'PS256'],
  ['RS256', 'RS256'],
]

async function signed(algorithm: string) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm)
  const token = await new SignJWT({ sub: 'x' })
    .setProtectedHeader({ alg: algorithm })
    .sign(privateKey)
  return { token, jwk: await exportJWK(publicKey), privateKey }
}

describe('RFC 7515', () => {
  it.each(ALGORITHMS)('verifies %s', async (algorithm, name) => {
    const { token, jwk } = await signed(name)
    const jwt = parseJwt(token)!
    const imported = importPublicKey({ ...jwk })!
    expect(jwt.claims).toEqual({ sub: 'x' })
    expect(verifies(jwt, algorithm, imported.key)).toBe(true)
    expect(imported.thumbprint).toBe(await calculateJwkThumbprint(jwk))
    const other = await signed(name)
    expect(verifies(jwt, algorithm, importPublicKey({ ...other.jwk })!.key)).toBe(false)
  })

  it('refuses a key of another type than the algorithm’s', async () => {
    for (const [algorithm] of ALGORITHMS) {
      const { token } = await signed(algorithm)
      for (const [other] of ALGORITHMS) {
        if (other === algorithm || (/^[PR]S/.test(other) && /^[PR]S/.test(algorithm))) continue
        const { jwk } = await signed(other)
        expect(verifies(parseJwt(token)!, algorithm, importPublicKey({ ...jwk })!.key)).toBe(false)
      }
    }
  })

  it('RFC 8725 §2.1: takes no HMAC with the public key as its secret', async () => {
    const { jwk } = await signed('RS256')
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    })
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const input = `${encode({ alg: 'HS256' })}.${encode({ sub: 'x' })}`
    const mac = createHmac('sha256', pem).update(input).digest('base64url')
    const jwt = parseJwt(`${input}.${mac}`)!
    for (const [algorithm] of ALGORITHMS) {
      expect(verifies(jwt, algorithm, importPublicKey({ ...jwk })!.key)).toBe(false)
    }
  })

  it('refuses what is no compact JWS of JSON objects', async () => {
    const { token, privateKey } = await signed('ES256')
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const array = await new CompactSign(Buffer.from('[]'))
      .setProtectedHeader({ alg: 'ES256' })
      .sign(privateKey)
    const critical = Buffer.from('{"alg":"ES256","crit":["x"],"x":1}').toString('base64url')
    // The last character of 64 bytes carries two bits that mean nothing.
    const last = signature.at(-1)!
    const stray = signature.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)
    for (const text of [
      '',
      'x',
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${token}.${signature}`,
      `${header}.${payload}.${stray}`,
      `${critical}.${payload}.${signature}`,
      `${token}=`,
      `${token}\n`,
      array,
      'x'.repeat(9_000),
    ]) {
      expect(parseJwt(text)).toBeNull()
    }
  })

  it('refuses private, weak and unknown keys', async () => {
    const { jwk } = await signed('ES256')
    const refused = [
      { ...jwk, d: 'AA' },
      { kty: 'oct', k: 'AAAA' },
      { ...jwk, crv: 'P-384' },
      { ...jwk, x: 'AAAA' },
      { ...jwk, x: 1 },
      { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(128, 0xff).toString('base64url') },
      { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(1_500, 0xff).toString('base64url') },
      {},
    ]
    for (const key of refused) expect(importPublicKey(key)).toBeNull()
  })
})
