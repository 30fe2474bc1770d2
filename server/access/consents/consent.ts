import type { Write } from '../../database/database.ts'
import type { MapDataDetail } from '../areas/map-data-detail.ts'
import type { Actor } from '../audit/actor.ts'

/** What a person granted a client; remembered until the person withdraws it. */
export interface Consent {
  id: string
  accountId: string
  clientId: string
  scopes: readonly string[]
  details: readonly MapDataDetail[]
  createdAt: number
  updatedAt: number
}

export interface Consents {
  find(accountId: string, clientId: string): Promise<Consent | null>
  /**
   * Holds it until the transaction ends: what is granted by it then comes before a withdrawal, which
   * revokes it, or does not come at all.
   */
  holdIn(write: Write, accountId: string, clientId: string): Promise<Consent | null>
  /** Those of a person, newest first. */
  list(accountId: string): Promise<Consent[]>
  /** Adds scopes; details replace those before. */
  grant(
    actor: Actor,
    granted: {
      accountId: string
      clientId: string
      scopes: readonly string[]
      details: readonly MapDataDetail[]
    },
  ): Promise<Consent>
  /** With all that came of it: the client's grants for this person are revoked in the same transaction. */
  withdraw(actor: Actor, accountId: string, id: string): Promise<'withdrawn' | 'unknown'>
}
