import { CompiledQuery } from 'kysely'
import { createBacklog } from '../../database/backlog.ts'
import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { WriteBehind } from '../../lib/write-behind.ts'
import type { MasterKey } from '../keys/master-key.ts'
import { hashSecret } from './secret-verification.ts'

/**
 * When secrets were last used; written behind, so that a login writes nothing: within about a second,
 * or a minute or two when hundreds of clients log in each second (`backlog.ts`).
 */
export interface LastUse extends AsyncDisposable {
  /**
   * Notes a successful login. A secret whose hash is under an older pepper is hashed under the
   * newest, now that its text is at hand.
   */
  note(secretId: string, text: string, pepperVersion: number): void
  /** Writes all that was noted, also what a flood of logins made wait longer. */
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
  const backlog = createBacklog<Use, [secretId: string, usedAt: number]>({
    database,
    topic: 'last-use',
    orderKey: ({ secretId }) => secretId,
    pack: ({ secretId, usedAt }) => [secretId, usedAt],
    unpack: ([secretId, usedAt]) => ({ secretId, usedAt, newestHash: null }),
    apply: writeTimes,
    onError,
  })
  const uses = new WriteBehind<Use>({
    maximum: 100_000,
    batchSize: 5_000,
    createOverflow: newUse,
    onError,
    async write(batch) {
      await backlog.write(batch)
      const rehashed = batch.filter(({ newestHash }) => newestHash !== null)
      for (let start = 0; start < rehashed.length; start += HASHES_AT_ONCE) {
        const some = rehashed.slice(start, start + HASHES_AT_ONCE)
        await database.write((write) => writeHashes(write, some))
      }
    },
  })

  /** Several nodes write: the latest use wins. */
  async function writeTimes(write: Write, batch: Use[]): Promise<void> {
    const latest = new Map<string, number>()
    for (const { secretId, usedAt } of batch) {
      latest.set(secretId, Math.max(usedAt, latest.get(secretId) ?? 0))
    }
    const parameters =
      database.dialect === 'sqlite'
        ? [JSON.stringify([...latest])]
        : [[...latest.keys()], [...latest.values()]]
    await write.query.executeQuery(CompiledQuery.raw(UPDATE[database.dialect], parameters))
  }

  async function writeHashes(write: Write, batch: Use[]): Promise<void> {
    for (const { secretId, newestHash } of batch) {
      await write.query
        .updateTable('client_secrets')
        .set({ hash: newestHash!, pepper_version: masterKey.newestVersion })
        .where('id', '=', secretId)
        .execute()
      write.announce('secret', secretId)
    }
  }

  return {
    note(secretId, text, pepperVersion) {
      const use = uses.collect(secretId, newUse)
      use.secretId = secretId
      use.usedAt = clock.now()
      // Set in any case: the value may have been another secret's.
      use.newestHash =
        pepperVersion === masterKey.newestVersion
          ? null
          : hashSecret(masterKey, text, masterKey.newestVersion).toString('base64url')
    },
    async flush() {
      await uses.flush()
      await backlog.settle()
    },
    async [Symbol.asyncDispose]() {
      await uses[Symbol.asyncDispose]()
      await backlog[Symbol.asyncDispose]()
    },
  }
}

interface Use {
  secretId: string
  usedAt: number
  newestHash: string | null
}

const newUse = (): Use => ({ secretId: '', usedAt: 0, newestHash: null })

const HASHES_AT_ONCE = 250

/** One text however many rows there are, so that it is prepared once. */
const UPDATE = {
  sqlite: `update client_secrets set last_used_at = uses.used_at
    from (select value ->> 0 as id, value ->> 1 as used_at from json_each(?)) as uses
    where client_secrets.id = uses.id
      and (last_used_at is null or last_used_at < uses.used_at)`,
  postgres: `update client_secrets set last_used_at = uses.used_at
    from unnest($1::text[], $2::bigint[]) as uses (id, used_at)
    where client_secrets.id = uses.id
      and (last_used_at is null or last_used_at < uses.used_at)`,
}
