import { createHmac } from 'node:crypto'
import type { Database, Write } from '../../database/database.ts'
import type { Clock } from '../../lib/clock.ts'
import { type RandomBytes, uuidv7 } from '../../lib/random.ts'
import type { Actor } from './actor.ts'
import type { AuditEvent, AuditRow } from './audit-event.ts'

/**
 * The chain that makes tampering show: every event carries the HMAC-SHA-256 of all its fields and of
 * the hash before it. Whoever can write to the database but does not have the master key can neither
 * change an event, nor take one out or put one in, nor cut off the beginning, without `verify`
 * finding the place. Two things it cannot show: that the newest events were cut off, and that the
 * database was put back to an earlier state. For those, note the head (sequence and hash of the
 * newest event) somewhere else, and give it to `verify` later. Whoever has the master key can write
 * any chain.
 */
export function createChain({
  database,
  key,
  olderKeys,
  clock,
  random,
}: {
  database: Database
  key: Buffer
  olderKeys: readonly Buffer[]
  clock: Clock
  random: RandomBytes
}) {
  /** What the transactions under way have recorded and not appended yet. */
  const recorded = new WeakMap<Write, UnchainedRow[]>()

  function record(write: Write, actor: Actor, event: AuditEvent): void {
    const row = toRow(actor, event, clock.now(), random)
    const rows = recorded.get(write)
    if (rows) {
      rows.push(row)
      return
    }
    recorded.set(write, [row])
    // All writers share the chain's lock: taken last, it is held for the shortest time.
    write.beforeCommit(() => append(write))
  }

  async function append(write: Write): Promise<void> {
    const rows = recorded.get(write) ?? []
    recorded.delete(write)
    await write.lock('audit')
    let last: AuditHead = (await write.query
      .selectFrom('audit_events')
      .select(['sequence', 'hash'])
      .orderBy('sequence', 'desc')
      .limit(1)
      .executeTakeFirst()) ?? { sequence: 0, hash: NO_HASH }
    for (const row of rows) {
      const linked = { ...row, sequence: last.sequence + 1, previous_hash: last.hash }
      const hash = hashOf(linked, key)
      await write.query
        .insertInto('audit_events')
        .values({ ...linked, hash })
        .execute()
      last = { sequence: linked.sequence, hash }
    }
  }

  async function verify({
    head,
    onProgress,
  }: {
    head?: AuditHead | undefined
    onProgress?: ((events: number) => void) | undefined
  }): Promise<Verification> {
    let last: AuditHead = { sequence: 0, hash: NO_HASH }
    // From below the first place, so that an event slipped in before it is seen.
    let position = Number.MIN_SAFE_INTEGER
    for (;;) {
      const rows = await database.query
        .selectFrom('audit_events')
        .selectAll()
        .where('sequence', '>', position)
        .orderBy('sequence')
        .limit(VERIFY_BATCH)
        .execute()
      for (const row of rows) {
        const reason = findBreak(row, last, [key, ...olderKeys], head)
        // A missing event breaks the chain where it was, not where the next one is.
        if (reason) return { kind: 'broken', sequence: last.sequence + 1, reason }
        last = { sequence: row.sequence, hash: row.hash }
      }
      if (rows.length < VERIFY_BATCH) break
      position = last.sequence
      onProgress?.(last.sequence)
    }
    if (head && head.sequence > last.sequence) {
      return { kind: 'broken', sequence: last.sequence + 1, reason: 'missing' }
    }
    return { kind: 'intact', events: last.sequence, head: last.sequence > 0 ? last : null }
  }

  return { record, verify }
}

/** The newest event's place and hash: whoever knows it can tell later whether the chain still holds it. */
export interface AuditHead {
  sequence: number
  hash: string
}

export type Verification =
  | { kind: 'intact'; events: number; head: AuditHead | null }
  /** `sequence` is the first place where the chain does not hold. */
  | { kind: 'broken'; sequence: number; reason: BreakReason }

/**
 * `missing`: there is no such event any more. `changed`: its fields do not fit its hash.
 * `unlinked`: it was written after another event than the one before it. `not-the-head`: it is not
 * the event that was noted as the head.
 */
export type BreakReason = 'missing' | 'changed' | 'unlinked' | 'not-the-head'

type UnchainedRow = Omit<AuditRow, 'sequence' | 'previous_hash' | 'hash'>

const VERIFY_BATCH = 500

/** What the first event follows. */
const NO_HASH = '0'.repeat(64)

function findBreak(
  row: AuditRow,
  last: AuditHead,
  keys: readonly Buffer[],
  head: AuditHead | undefined,
): BreakReason | null {
  if (row.sequence > last.sequence + 1) return 'missing'
  if (row.sequence <= last.sequence) return 'unlinked'
  if (!keys.some((key) => hashOf(row, key) === row.hash)) return 'changed'
  if (row.previous_hash !== last.hash) return 'unlinked'
  if (head?.sequence === row.sequence && head.hash !== row.hash) return 'not-the-head'
  return null
}

function toRow(actor: Actor, event: AuditEvent, at: number, random: RandomBytes): UnchainedRow {
  return {
    id: uuidv7(at, random),
    at,
    actor_kind: actor.kind,
    actor_id: storable(actor.id),
    actor_secret_id: storable(actor.secretId),
    action: event.action,
    object_kind: event.object.kind,
    object_id: storable(event.object.id),
    customer_id: storable(event.customerId),
    outcome: event.outcome ?? 'success',
    address: storable(actor.address),
    request_id: storable(actor.requestId),
    details: JSON.stringify(event.details ?? {}),
  }
}

/** Without what Postgres does not store (NUL) or UTF-8 does not know: the text must come back as hashed. */
function storable<Text extends string | null>(text: Text): Text {
  return (text?.replaceAll('\0', '\u{FFFD}').toWellFormed() ?? null) as Text
}

/** The fields in this order, as a JSON array: no two different events have the same text. */
function hashOf(row: Omit<AuditRow, 'hash'>, key: Buffer): string {
  const text = JSON.stringify([
    row.sequence,
    row.id,
    row.at,
    row.actor_kind,
    row.actor_id,
    row.actor_secret_id,
    row.action,
    row.object_kind,
    row.object_id,
    row.customer_id,
    row.outcome,
    row.address,
    row.request_id,
    row.details,
    row.previous_hash,
  ])
  return createHmac('sha256', key).update(text).digest('hex')
}
