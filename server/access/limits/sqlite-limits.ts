import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailableError } from '../../database/database.ts'
import { openSqliteFile } from '../../database/sqlite.ts'
import { isSqliteBusy } from '../../database/unavailable.ts'
import type { Clock } from '../../lib/clock.ts'
import { SlidingWindow } from '../../lib/sliding-window.ts'
import { type Decision, decide, type Policy } from './decision.ts'
import type { LimitStore } from './limits.ts'

/**
 * Counters in an SQLite file. A call is one short transaction without a wait, so it is synchronous
 * unless another process has the file locked.
 */
export async function openSqliteLimits(file: string, clock: Clock): Promise<LimitStore> {
  const connection = await retrying(() => {
    const opened = openSqliteFile(file)
    try {
      // Not `off`, which would be hardly faster: a power failure may lose counters, not the file.
      opened.exec(`pragma synchronous = normal; pragma wal_autocheckpoint = 4000;
        create table if not exists limit_counters (
          key text primary key, state text not null, idle_at integer not null
        ) strict, without rowid;
        create index if not exists limit_counters_idle on limit_counters (idle_at)`)
      return opened
    } catch (error) {
      opened.close()
      throw error
    }
  })
  const find = connection.prepare('select state from limit_counters where key = ?')
  const keep = connection.prepare(
    `insert into limit_counters (key, state, idle_at) values (?, ?, ?)
     on conflict (key) do update set state = excluded.state, idle_at = excluded.idle_at`,
  )
  const dropIdle = connection.prepare(
    `delete from limit_counters
     where key in (select key from limit_counters where idle_at <= ? limit ${SWEPT_AT_ONCE})`,
  )
  let calls = 0

  function takeOnce(policies: readonly Policy[]): Decision {
    connection.exec('begin immediate')
    try {
      const now = clock.now()
      const states = policies.map(
        ({ key }) => (find.get(key) as { state: string } | undefined)?.state ?? '',
      )
      const windows = states.map((state) => SlidingWindow.parse(state))
      const decision = decide(policies, windows, now)
      for (const [index, policy] of policies.entries()) {
        const window = windows[index]!
        const state = window.toString()
        // A refused call may change a state as well: when the clock was set back.
        if (state !== states[index]) keep.run(policy.key, state, window.idleAt(policy))
      }
      if (++calls % SWEEP_EVERY === 0) dropIdle.run(now)
      connection.exec('commit')
      return decision
    } catch (error) {
      if (connection.isTransaction) connection.exec('rollback')
      throw error
    }
  }

  return {
    take(policies) {
      try {
        return takeOnce(policies)
      } catch (error) {
        if (!isSqliteBusy(error)) throw unavailable(error)
        return retrying(() => takeOnce(policies))
      }
    },
    async [Symbol.asyncDispose]() {
      connection.close()
    },
  }
}

/** Tries again, for up to five seconds, while another process holds the lock. */
async function retrying<Result>(work: () => Result): Promise<Result> {
  const givesUpAt = performance.now() + 5_000
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isSqliteBusy(error) || performance.now() > givesUpAt) throw unavailable(error)
      await sleep(1 + Math.random() * 10)
    }
  }
}

function unavailable(cause: unknown): DatabaseUnavailableError {
  return new DatabaseUnavailableError('the shared counters are not available', { cause })
}

const SWEEP_EVERY = 100
const SWEPT_AT_ONCE = 1_000
