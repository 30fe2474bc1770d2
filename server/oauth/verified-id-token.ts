import { compactVerify, errors } from 'jose'
import type { SigningKeys } from '../access/keys/signing-keys.ts'

/** What an ID token that comes back as a hint says. */
export interface VerifiedIdToken {
  issuer: string
  clientId: string
  accountId: string
  sessionId: string | null
}

/**
 * An ID token of ours, also one that has expired: a hint is given long after
 * (OpenID Connect RP-Initiated Logout §2). null: it is none.
 */
export async function verifiedIdToken(
  text: string,
  signingKeys: Pick<SigningKeys, 'find'>,
): Promise<VerifiedIdToken | null> {
  try {
    const { payload, protectedHeader } = await compactVerify(text, (header) => {
      const key = signingKeys.find(header.kid ?? '')
      // The key decides the algorithm, never the token (RFC 8725 §3.1).
      if (!key || header.alg !== key.algorithm) throw new errors.JWKSNoMatchingKey()
      return key.publicKey
    })
    // An access token is signed with the same keys, and others see it too.
    if (protectedHeader.typ !== 'JWT') return null
    const { iss, aud, sub, sid } = JSON.parse(Buffer.from(payload).toString()) as Claims
    const accountId = typeof sub === 'string' ? /^account:(\d{1,19})$/.exec(sub)?.[1] : undefined
    if (typeof iss !== 'string' || typeof aud !== 'string' || accountId === undefined) return null
    return {
      issuer: iss,
      clientId: aud,
      accountId,
      sessionId: typeof sid === 'string' ? sid : null,
    }
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError) return null
    throw error
  }
}

interface Claims {
  iss?: unknown
  aud?: unknown
  sub?: unknown
  sid?: unknown
}
