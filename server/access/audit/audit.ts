import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RandomBytes } from '../../lib/random.ts'
import type { Actor } from './actor.ts'
import type { AuditEvent, StoredAuditEvent } from './audit-event.ts'
import { type AuditQuery, listEvents } from './audit-list.ts'
import { type AuditHead, createChain, type Verification } from './chain.ts'
import { type AuthenticationFailure, createFailureCounter } from './failures.ts'

/**
 * The audit log: who did what to which object, from where, and how it ended. Events are only added.
 *
 * A change calls `record` inside its own transaction, so that neither is there without the other;
 * just before the commit, `chain.ts` appends the event to a chain of keyed hashes by which later
 * changes show. Failed authentications change nothing and may be many: `failures.ts` counts them and
 * writes them behind. `audit-list.ts` reads the log.
 */
export interface Audit extends AsyncDisposable {
  /** Adds an event to the log if and when this transaction commits. */
  record(write: Write, actor: Actor, event: AuditEvent): void
  /** Counts a failed authentication; about a second later, equal ones become one event with `details.count`. */
  countFailure(failure: AuthenticationFailure): void
  /** Events from the newest; `before` continues after the last one seen. */
  list(query: AuditQuery): Promise<StoredAuditEvent[]>
  /** Walks the whole chain: see `chain.ts` for what it proves. */
  verify(options?: {
    /** A head noted earlier, which must still be in the chain. */
    head?: AuditHead | undefined
    /** Hears now and then how many events were found intact so far. */
    onProgress?: ((events: number) => void) | undefined
  }): Promise<Verification>
  /**
   * Writes the failures that were counted before the call.
   * @throws DatabaseUnavailableError when that is not possible now; they are kept
   */
  flush(): Promise<void>
}

/**
 * @param options.key 32 bytes derived from the master key
 * @param options.olderKeys those of earlier master keys, under which older events were written
 * @param options.onError hears of failures that could not be written and are going to be tried again
 */
export function createAudit({
  database,
  key,
  olderKeys = [],
  clock,
  random,
  onError = () => {},
}: {
  database: Database
  key: Buffer
  olderKeys?: readonly Buffer[]
  clock: Clock
  random: RandomBytes
  onError?: (error: unknown) => void
}): Audit {
  const chain = createChain({ database, key, olderKeys, clock, random })
  const failures = createFailureCounter({ database, record: chain.record, onError })
  return {
    record: chain.record,
    verify: (options = {}) => chain.verify(options),
    countFailure: failures.count,
    list: (query) => listEvents(database, query),
    flush: () => failures.flush(),
    [Symbol.asyncDispose]: () => failures[Symbol.asyncDispose](),
  }
}
