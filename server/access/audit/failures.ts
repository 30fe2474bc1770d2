import type { Database, Write } from '../../database/database.ts'
import { WriteBehind } from '../../lib/write-behind.ts'
import type { Actor } from './actor.ts'
import type { AuditEvent } from './audit-event.ts'

export interface AuthenticationFailure {
  action: 'authentication'
  /** The client id as presented, known or not; null: none was. */
  clientId: string | null
  /** Of a person's sign-in: the account, empty when the e-mail is nobody's. */
  accountId?: string | undefined
  /** Whose client it is, if it is one. */
  customerId?: string | null | undefined
  /** Why, as the log may tell it: `unknown-client`, `wrong-secret`. */
  reason: string
  /** The network address it came from. */
  address: string | null
}

/**
 * Counts failed authentications by client, reason and address. Each flush makes one audit event of
 * each, with the number as `details.count`. A flood of made-up client ids or addresses fills up to
 * 100 events a second; what exceeds them is told together, as `details.reason: others`.
 */
export function createFailureCounter({
  database,
  record,
  onError,
}: {
  database: Database
  record: (write: Write, actor: Actor, event: AuditEvent) => void
  onError: (error: unknown) => void
}) {
  const waiting = new WriteBehind<FailureCount>({
    maximum: MAXIMUM_KEYS,
    createOverflow: () => ({ failure: OTHERS, count: 0 }),
    onError,
    write: (counts) =>
      database.write(async (write) => {
        for (const { failure, count } of counts) {
          record(write, anonymous(failure.address), {
            action: failure.action,
            object:
              failure.accountId === undefined
                ? { kind: 'client', id: failure.clientId ?? '' }
                : { kind: 'account', id: failure.accountId },
            customerId: failure.customerId ?? null,
            outcome: 'failure',
            details: { reason: failure.reason, count },
          })
        }
      }),
  })

  return {
    count(failure: AuthenticationFailure): void {
      // Strangers choose it, so its length is theirs as well.
      const clientId = failure.clientId?.slice(0, MAXIMUM_ID_LENGTH) ?? null
      const { action, accountId, reason, address } = failure
      const key = JSON.stringify([action, clientId, accountId, reason, address])
      const counted = waiting.collect(key, () => ({ failure: { ...failure, clientId }, count: 0 }))
      counted.count++
    },
    flush: () => waiting.flush(),
    [Symbol.asyncDispose]: () => waiting[Symbol.asyncDispose](),
  }
}

interface FailureCount {
  failure: AuthenticationFailure
  count: number
}

const OTHERS: AuthenticationFailure = {
  action: 'authentication',
  clientId: null,
  reason: 'others',
  address: null,
}

function anonymous(address: string | null): Actor {
  return { kind: 'anonymous', id: null, secretId: null, address, requestId: null }
}

const MAXIMUM_KEYS = 100
const MAXIMUM_ID_LENGTH = 200
