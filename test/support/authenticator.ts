import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/**
 * A passkey in software (WebAuthn, attestation `none`, ES256), for tests without a browser. What it
 * answers is JSON as `navigator.credentials` gives it.
 */
export interface Authenticator {
  id: string
  register(challenge: string): object
  /** @param options.counter how often it was used; 0 always, as synced passkeys have it */
  assert(
    challenge: string,
    options?: { counter?: number; verified?: boolean; origin?: string },
  ): object
}

export function createAuthenticator(origin: string): Authenticator {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const credentialId = randomBytes(32)
  const id = credentialId.toString('base64url')
  const jwk = publicKey.export({ format: 'jwk' })
  const rpIdHash = createHash('sha256').update(new URL(origin).hostname).digest()

  const cose = map([
    [unsigned(1), unsigned(2)],
    [unsigned(3), negative(7)],
    [negative(1), unsigned(1)],
    [negative(2), bytes(Buffer.from(jwk.x!, 'base64url'))],
    [negative(3), bytes(Buffer.from(jwk.y!, 'base64url'))],
  ])

  function authenticatorData(flags: number, counter: number, attested = Buffer.alloc(0)): Buffer {
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter)
    return Buffer.concat([rpIdHash, Buffer.from([flags]), count, attested])
  }

  const clientData = (type: string, challenge: string, from: string) =>
    Buffer.from(JSON.stringify({ type, challenge, origin: from, crossOrigin: false }))

  const answer = (response: object) => ({
    id,
    rawId: id,
    type: 'public-key',
    clientExtensionResults: {},
    response,
  })

  return {
    id,
    register(challenge) {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(credentialId.length)
      const attested = Buffer.concat([Buffer.alloc(16), length, credentialId, cose])
      const attestation = map([
        [text('fmt'), text('none')],
        [text('attStmt'), map([])],
        [text('authData'), bytes(authenticatorData(PRESENT | VERIFIED | ATTESTED, 0, attested))],
      ])
      return answer({
        clientDataJSON: clientData('webauthn.create', challenge, origin).toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal'],
      })
    },
    assert(challenge, { counter = 0, verified = true, origin: from = origin } = {}) {
      const data = authenticatorData(PRESENT | (verified ? VERIFIED : 0), counter)
      const client = clientData('webauthn.get', challenge, from)
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
      return answer({
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: sign('sha256', signed, privateKey).toString('base64url'),
      })
    },
  }
}

const PRESENT = 0x01
const VERIFIED = 0x04
const ATTESTED = 0x40

/** CBOR (RFC 8949 §3), as much as a passkey needs. */
function head(major: number, value: number): Buffer {
  const type = major << 5
  if (value < 24) return Buffer.from([type | value])
  if (value < 256) return Buffer.from([type | 24, value])
  return Buffer.from([type | 25, value >> 8, value & 0xff])
}
const unsigned = (value: number) => head(0, value)
/** @param value 7 stands for -7 */
const negative = (value: number) => head(1, value - 1)
const bytes = (value: Buffer) => Buffer.concat([head(2, value.length), value])
const text = (value: string) => Buffer.concat([head(3, value.length), Buffer.from(value)])
const map = (entries: [Buffer, Buffer][]) =>
  Buffer.concat([head(5, entries.length), ...entries.flat()])
