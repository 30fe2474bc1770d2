import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Actor } from '../audit/actor.ts'
import type { Audit } from '../audit/audit.ts'

/** Who is who: the account of a person known at a provider as `sub` (OpenID Connect Core §2). */
export interface FederatedIdentities {
  /** The account's id. */
  find(providerId: string, subject: string): Promise<string | null>
  /** `taken` when that subject is another account already. */
  linkIn(write: Write, actor: Actor, linked: NewFederatedIdentity): Promise<'linked' | 'taken'>
}

export interface NewFederatedIdentity {
  providerId: string
  /** Whose provider it is. */
  customerId: string
  subject: string
  accountId: string
}

export function createFederatedIdentities(options: {
  database: Database
  audit: Audit
  clock: Clock
}): FederatedIdentities {
  const { database, audit, clock } = options

  async function findIn(
    query: Pick<Database['query'], 'selectFrom'>,
    providerId: string,
    subject: string,
  ): Promise<string | null> {
    const row = await query
      .selectFrom('federated_identities')
      .select('account_id')
      .where('provider_id', '=', providerId)
      .where('subject', '=', subject)
      .executeTakeFirst()
    return row?.account_id ?? null
  }

  return {
    find: (providerId, subject) => findIn(database.query, providerId, subject),

    async linkIn(write, actor, { providerId, customerId, subject, accountId }) {
      const inserted = await write.query
        .insertInto('federated_identities')
        .values({
          provider_id: providerId,
          subject,
          account_id: accountId,
          created_at: clock.now(),
        })
        .onConflict((conflict) => conflict.columns(['provider_id', 'subject']).doNothing())
        .returning('account_id')
        .executeTakeFirst()
      if (!inserted) {
        return (await findIn(write.query, providerId, subject)) === accountId ? 'linked' : 'taken'
      }
      write.announce('account', accountId)
      audit.record(write, actor, {
        action: 'account.link',
        object: { kind: 'account', id: accountId },
        customerId,
        details: { provider: providerId },
      })
      return 'linked'
    },
  }
}
