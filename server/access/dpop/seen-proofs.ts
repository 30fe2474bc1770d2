import { hash } from 'node:crypto'
import { boundedCache } from '../../lib/bounded-cache.ts'
import type { Clock } from '../../lib/clock.ts'
import type { DpopProof } from '../../protocol/dpop.ts'

/**
 * Which proofs this node has let in (RFC 9449 §11.1). In memory and per node: at the gateway a
 * look-up in the database on every call would cost more than the call, and a proof is good for a
 * minute and one request at most. The token endpoint keeps them in the database (`access/used-jtis`).
 */
export interface SeenProofs {
  /** Of several calls with one proof, one gets true. */
  use(proof: DpopProof): boolean
}

/** About 20 MB when it is full; whoever fills it within a minute has tokens and keys of their own, and a limit of calls. */
const MAXIMUM_PROOFS = 100_000

export function createSeenProofs({ clock }: { clock: Clock }): SeenProofs {
  const seen = boundedCache<number>(MAXIMUM_PROOFS)
  return {
    use({ jkt, jti, expiresAt }) {
      const key = hash('sha256', `${jkt} ${jti}`, 'base64url')
      const until = seen.get(key)
      if (until !== undefined && until >= clock.now()) return false
      seen.set(key, expiresAt)
      return true
    },
  }
}
