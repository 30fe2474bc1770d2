import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'

/** The text is no private key that `private_key_jwt` can be signed with. */
export class InvalidKeyError extends Error {
  override name = 'InvalidKeyError'
}

/**
 * A private key for client assertions.
 * @param text PEM (PKCS #8), or a JWK, whose `kid` and `alg` are kept
 * @returns with its `alg`: the JWK's, else RS256, ES256, ES384 or EdDSA by its kind
 * @throws InvalidKeyError
 */
export function parseSigningKey(text: string): JWK {
  const { key, kid, alg } = read(text)
  const jwk = key.export({ format: 'jwk' }) as JWK
  const possible = algorithmsOf(key, jwk)
  if (possible.length === 0) {
    throw new InvalidKeyError('It must be RSA with 2048 bits or more, P-256, P-384 or Ed25519.')
  }
  if (alg !== undefined && !possible.includes(alg)) {
    throw new InvalidKeyError(`Its alg must be one of ${possible.join(', ')}.`)
  }
  return { ...jwk, alg: alg ?? possible[0]!, ...(kid !== undefined && { kid }) }
}

function read(text: string): { key: KeyObject; kid?: string; alg?: string } {
  try {
    if (!text.startsWith('{')) return { key: createPrivateKey(text) }
    const jwk = JSON.parse(text) as JWK
    const { kid, alg } = jwk
    return {
      key: createPrivateKey({ key: jwk, format: 'jwk' }),
      ...(typeof kid === 'string' && { kid }),
      ...(typeof alg === 'string' && { alg }),
    }
  } catch (cause) {
    throw new InvalidKeyError('It must hold a private key: PEM (PKCS #8) or a JWK.', { cause })
  }
}

/** The first is the one for a key that names none. */
function algorithmsOf(key: KeyObject, { crv }: JWK): string[] {
  if (key.asymmetricKeyType === 'rsa') {
    return key.asymmetricKeyDetails!.modulusLength! >= 2_048 ? ['RS256', 'PS256'] : []
  }
  if (crv === 'P-256') return ['ES256']
  if (crv === 'P-384') return ['ES384']
  return crv === 'Ed25519' ? ['EdDSA', 'Ed25519'] : []
}
