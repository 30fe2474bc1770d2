import { timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import { createHmacSha256 } from '../../lib/hmac.ts'
import type { MasterKey } from '../keys/master-key.ts'

/**
 * Nonces of DPoP proofs (RFC 9449 §8): each is good for one span of time and the next, on every
 * node, and nothing of it is stored. They bound how long beforehand a proof can have been made.
 */
export interface DpopNonces {
  /** The one that proofs should have from now on. */
  current(): string
  accepts(nonce: string): boolean
}

const SPAN_MILLISECONDS = 180_000

export function createDpopNonces(options: { masterKey: MasterKey; clock: Clock }): DpopNonces {
  const { masterKey, clock } = options
  // Nodes may not all have the newest master key yet.
  const hmacs = masterKey.versions.map((version) =>
    createHmacSha256(masterKey.derive('tickets', version)),
  )
  const newest = hmacs[0]!
  let made = { span: -1, nonce: '' }

  const spanNow = () => Math.floor(clock.now() / SPAN_MILLISECONDS)
  const nonceOf = (hmac: typeof newest, span: number) =>
    hmac(`dpop-nonce ${span}`).toString('base64url')

  function current(): string {
    const span = spanNow()
    if (made.span !== span) made = { span, nonce: nonceOf(newest, span) }
    return made.nonce
  }

  return {
    current,
    accepts(nonce) {
      if (isSame(nonce, current())) return true
      const span = spanNow()
      return hmacs.some((hmac) =>
        // The next one, too: another node's clock may be ahead.
        [span, span - 1, span + 1].some((each) => isSame(nonce, nonceOf(hmac, each))),
      )
    },
  }
}

function isSame(given: string, expected: string): boolean {
  const bytes = Buffer.from(given)
  const right = Buffer.from(expected)
  return bytes.length === right.length && timingSafeEqual(bytes, right)
}
