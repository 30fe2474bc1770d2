import { type HmacSha256, createHmacSha256 } from '../../lib/hmac.ts'
import type { MasterKey } from '../keys/master-key.ts'

/**
 * What is stored of cookies, links and codes: keyed hashes, so that whoever can only write to the
 * database cannot plant one. The kind is hashed too: none can be used in the place of another.
 */
export interface TicketHashes {
  /** Under the newest master key: what is written. */
  hash(text: string): string
  /** Under each of them: what is looked for. */
  all(text: string): string[]
}

export function createTicketHashes(masterKey: MasterKey, kind: string): TicketHashes {
  const hmacs = masterKey.versions.map((version) =>
    createHmacSha256(masterKey.derive('tickets', version)),
  )
  const hashBy = (hmac: HmacSha256, text: string) => hmac(`${kind} ${text}`).toString('base64url')
  return {
    hash: (text) => hashBy(hmacs[0]!, text),
    all: (text) => hmacs.map((hmac) => hashBy(hmac, text)),
  }
}
