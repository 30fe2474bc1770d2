/** What is known of a client secret; its text is known to its owner alone. */
export interface ClientSecret {
  id: string
  clientId: string
  description: string
  createdAt: number
  createdBy: {
    /** delivery: whoever opened the link of an approved client request. */
    kind: 'account' | 'client' | 'command-line' | 'delivery'
    id: string | null
    secretId: string | null
  }
  expiresAt: number | null
  lastUsedAt: number | null
  /** The beginning and end of its text, to recognise it by: `mgs_…a1B2`. */
  hint: string
  state: SecretState
  revokedAt: number | null
}

/**
 * active: works. retiring: rolled, works until it expires. expired: does not work any more.
 * revoked: deleted; the row stays for a while, because tokens name it.
 */
export type SecretState = 'active' | 'retiring' | 'revoked' | 'expired'

/** The state at a moment, from the row's columns. */
export function secretState(
  row: { revoked_at: number | null; expires_at: number | null; retiring: number },
  now: number,
): SecretState {
  if (row.revoked_at !== null) return 'revoked'
  if (row.expires_at !== null && row.expires_at <= now) return 'expired'
  return row.retiring ? 'retiring' : 'active'
}

/** Whether one can log in with it. */
export function isUsable(state: SecretState): boolean {
  return state === 'active' || state === 'retiring'
}
