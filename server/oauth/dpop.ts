import type { FastifyReply, FastifyRequest } from 'fastify'
import type { DpopNonces } from '../access/dpop/dpop-nonces.ts'
import type { UsedJtis } from '../access/used-jtis/used-jtis.ts'
import { ownUrl } from '../http/own-url.ts'
import type { Clock } from '../lib/clock.ts'
import { verifyDpopProof } from '../protocol/dpop.ts'
import { OAuthError } from '../protocol/oauth-error.ts'

/**
 * DPoP proofs at the authorization server's own endpoints (RFC 9449 §5, §10.1): which key the client
 * has, so that what it gets can be bound to it. Asked after client authentication, so that no
 * stranger fills the table of proofs. The gateway checks proofs that come with a token by itself.
 */
export interface ProveKey {
  /**
   * The thumbprint of the proven key; null when the request has no proof.
   * @throws OAuthError invalid_dpop_proof, use_dpop_nonce
   */
  (request: FastifyRequest, reply: FastifyReply): null | Promise<string>
}

export function createProveKey(options: {
  publicUrl: string
  /** null: proofs need no nonce. */
  dpopNonces: DpopNonces | null
  usedJtis: UsedJtis
  clock: Clock
}): ProveKey {
  const { publicUrl, dpopNonces, usedJtis, clock } = options

  async function prove(text: string, request: FastifyRequest, reply: FastifyReply) {
    if (dpopNonces) void reply.header('dpop-nonce', dpopNonces.current())
    const outcome = verifyDpopProof(text, {
      method: request.method,
      url: ownUrl(publicUrl, request),
      accessToken: null,
      now: clock.now(),
    })
    if (outcome.kind === 'invalid')
      throw invalidProof(`The DPoP proof is not valid: ${outcome.reason}.`)
    const { proof } = outcome
    if (dpopNonces && (proof.nonce === null || !dpopNonces.accepts(proof.nonce))) {
      throw new OAuthError('use_dpop_nonce', 'The DPoP proof must have the nonce of DPoP-Nonce.')
    }
    // A nonce of ours, and so the table, only for who could sign.
    if (!(await usedJtis.use(`dpop ${proof.jkt}`, proof.jti, proof.expiresAt))) {
      throw invalidProof('The DPoP proof was used before.')
    }
    return proof.jkt
  }

  return (request, reply) => {
    const { dpop } = request.headers
    if (dpop === undefined) return null
    return prove(String(dpop), request, reply)
  }
}

export const invalidProof = (description: string): OAuthError =>
  new OAuthError('invalid_dpop_proof', description)
