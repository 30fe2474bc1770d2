import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { WriteBehind } from '../../lib/write-behind.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { hashSecret } from './secret-verification.ts'

/** When secrets were last used; written behind, so that a login writes nothing. */
export interface LastUse extends AsyncDisposable {
  /**
   * Notes a successful login. A secret whose hash is under an older pepper is hashed under the
   * newest, now that its text is at hand.
   */
  note(secretId: string, text: string, pepperVersion: number): void
  flush(): Promise<void>
}

export function createLastUse(options: {
  database: Database
  masterKey: MasterKey
  clock: Clock
  /** Hears of writes that failed and are tried again. */
  onError: (error: unknown) => void
}): LastUse {
  const { database, masterKey, clock, onError } = options
  const uses = new WriteBehind<Use>({ maximum: 100_000, createOverflow: newUse, write, onError })

  async function write(batch: Use[]): Promise<void> {
    const rows = batch.map(({ secretId, usedAt }) => sql`(${secretId}, ${usedAt})`)
    await database.write(async (transaction) => {
      // Several nodes write: the latest use wins. The cast is for Postgres, which sees only parameters.
      await sql`
        with uses (id, used_at) as (values ${sql.join(rows)})
        update client_secrets set last_used_at = cast(uses.used_at as bigint)
        from uses
        where client_secrets.id = uses.id
          and (last_used_at is null or last_used_at < cast(uses.used_at as bigint))
      `.execute(transaction.query)
      for (const { secretId, newestHash } of batch) {
        if (newestHash === null) continue
        await transaction.query
          .updateTable('client_secrets')
          .set({ hash: newestHash, pepper_version: masterKey.newestVersion })
          .where('id', '=', secretId)
          .execute()
        transaction.announce('secret', secretId)
      }
    })
  }

  return {
    note(secretId, text, pepperVersion) {
      const use = uses.collect(secretId, newUse)
      use.secretId = secretId
      use.usedAt = clock.now()
      if (pepperVersion !== masterKey.newestVersion) {
        use.newestHash = hashSecret(masterKey, text, masterKey.newestVersion).toString('base64url')
      }
    },
    flush: () => uses.flush(),
    [Symbol.asyncDispose]: () => uses[Symbol.asyncDispose](),
  }
}

interface Use {
  secretId: string
  usedAt: number
  newestHash: string | null
}

const newUse = (): Use => ({ secretId: '', usedAt: 0, newestHash: null })
