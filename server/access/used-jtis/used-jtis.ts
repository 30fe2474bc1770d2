import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'

/**
 * Identifiers that count once: of client assertions (RFC 7523 §3), of DPoP proofs at the token endpoint
 * (RFC 9449 §11.1), and of forms that must not be sent twice. In the database, so that no second node takes what the first one took.
 */
export interface UsedJtis {
  /**
   * Of several calls with one `jti`, on any node, one gets true.
   * @param owner who could have made it, with what it is of: `assertion <client id>`, `dpop <thumbprint>`,
   * `registration <account id>`
   * @param expiresAt epoch milliseconds from which on it is refused anyway
   */
  use(owner: string, jti: string, expiresAt: number): Promise<boolean>
  /** Forgets those that are refused anyway. */
  prune(): Promise<void>
}

export function createUsedJtis(options: { database: Database; clock: Clock }): UsedJtis {
  const { database, clock } = options
  return {
    use: (owner, jti, expiresAt) =>
      database.write(async (write) => {
        const inserted = await write.query
          .insertInto('used_jtis')
          .values({ owner, jti, expires_at: expiresAt })
          .onConflict((conflict) => conflict.columns(['owner', 'jti']).doNothing())
          .returning('jti')
          .executeTakeFirst()
        return inserted !== undefined
      }),

    async prune() {
      await database.write(async (write) => {
        await write.query.deleteFrom('used_jtis').where('expires_at', '<', clock.now()).execute()
      })
    },
  }
}
