import type { FastifyReply, FastifyRequest } from 'fastify'
import type { DpopNonces } from '../access/dpop/dpop-nonces.ts'
import type { SeenProofs } from '../access/dpop/seen-proofs.ts'
import type { Caller } from '../access/tokens/access-token.ts'
import { ownUrl } from '../http/own-url.ts'
import type { Clock } from '../lib/clock.ts'
import { BearerError } from '../protocol/bearer.ts'
import { verifyDpopProof } from '../protocol/dpop.ts'
import type { AboutApi } from './about-api.ts'

/**
 * Whether the caller has the key that its token is bound to (RFC 9449 §7), proven anew on every call.
 * A bound token is worth nothing in any other way, nor is another token under the scheme DPoP.
 */
export interface CheckBinding {
  /** @throws BearerError invalid_token, invalid_dpop_proof, use_dpop_nonce */
  (
    request: FastifyRequest,
    reply: FastifyReply,
    caller: Caller,
    credential: { token: string; scheme: 'bearer' | 'dpop'; inQuery: boolean },
    about: AboutApi,
  ): void
}

export function createCheckBinding(options: {
  publicUrl: string
  /** null: proofs need no nonce. */
  dpopNonces: DpopNonces | null
  seenProofs: SeenProofs
  clock: Clock
}): CheckBinding {
  const { publicUrl, dpopNonces, seenProofs, clock } = options

  return function checkBinding(request, reply, caller, { token, scheme, inQuery }, about) {
    if (caller.jkt === null && scheme === 'bearer') return
    const refuse = (code: BearerError['code'], description: string): never => {
      throw new BearerError(code, description, { ...about, scheme: 'DPoP' })
    }
    if (caller.jkt === null) {
      return refuse('invalid_token', 'The access token is not bound to a key: use Bearer.')
    }
    if (scheme !== 'dpop' || inQuery) {
      return refuse('invalid_token', 'The access token is bound to a key: use DPoP.')
    }
    if (dpopNonces) void reply.header('dpop-nonce', dpopNonces.current())
    const { dpop } = request.headers
    if (dpop === undefined) return refuse('invalid_dpop_proof', 'The DPoP proof is missing.')
    const outcome = verifyDpopProof(String(dpop), {
      method: request.method,
      url: ownUrl(publicUrl, request),
      accessToken: token,
      now: clock.now(),
    })
    if (outcome.kind === 'invalid') {
      return refuse('invalid_dpop_proof', `The DPoP proof is not valid: ${outcome.reason}.`)
    }
    const { proof } = outcome
    if (proof.jkt !== caller.jkt) {
      return refuse('invalid_token', 'The access token is bound to another key.')
    }
    if (dpopNonces && (proof.nonce === null || !dpopNonces.accepts(proof.nonce))) {
      return refuse('use_dpop_nonce', 'The DPoP proof must have the nonce of DPoP-Nonce.')
    }
    if (!seenProofs.use(proof)) {
      return refuse('invalid_dpop_proof', 'The DPoP proof was used before.')
    }
  }
}
