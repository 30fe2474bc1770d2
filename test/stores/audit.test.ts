import { expect, it } from 'vitest'
import { type Actor, systemActor } from '../../server/access/audit/actor.ts'
import { createAudit } from '../../server/access/audit/audit.ts'
import type { AuditEvent, AuditRow } from '../../server/access/audit/audit-event.ts'
import type { Database } from '../../server/database/database.ts'
import { systemClock } from '../../server/lib/clock.ts'
import { systemRandom } from '../../server/lib/random.ts'
import { describeDatabases, openTestDatabase } from '../support/databases.ts'

const key = Buffer.alloc(32, 1)

function auditOf(database: Database, options: { key?: Buffer; olderKeys?: Buffer[] } = {}) {
  return createAudit({ database, key, clock: systemClock, random: systemRandom, ...options })
}

function eventOf(id: string): AuditEvent {
  return { action: 'secret.create', object: { kind: 'secret', id }, customerId: 'c1' }
}

async function recordEach(database: Database, ids: string[]): Promise<void> {
  const audit = auditOf(database)
  for (const id of ids) {
    await database.write(async (write) => audit.record(write, systemActor, eventOf(id)))
  }
}

/** Changes a row as someone would who has the database but not the master key. */
async function tamper(
  database: Database,
  sequence: number,
  values: Partial<AuditRow>,
): Promise<void> {
  await database.write((write) =>
    write.query
      .updateTable('audit_events')
      .set(values)
      .where('sequence', '=', sequence)
      .executeTakeFirstOrThrow(),
  )
}

async function remove(database: Database, sequence: number): Promise<void> {
  await database.write((write) =>
    write.query.deleteFrom('audit_events').where('sequence', '=', sequence).execute(),
  )
}

describeDatabases('the audit log', (_kind, locate) => {
  it('tells what was recorded, from the newest, page by page and filtered', async () => {
    await using database = await openTestDatabase(await locate())
    await using audit = auditOf(database)
    const actor: Actor = {
      kind: 'client',
      id: '42',
      secretId: 'abc',
      address: '192.0.2.1',
      requestId: 'r1',
    }
    await recordEach(database, ['s1', 's2'])
    await database.write(async (write) =>
      audit.record(write, actor, {
        action: 'secret.delete',
        object: { kind: 'secret', id: 's1' },
        customerId: 'c2',
        outcome: 'failure',
        details: { warnings: ['used recently'] },
      }),
    )
    const [newest] = await audit.list({ limit: 1 })
    expect(newest).toMatchObject({
      sequence: 3,
      actor,
      action: 'secret.delete',
      object: { kind: 'secret', id: 's1' },
      customerId: 'c2',
      outcome: 'failure',
      details: { warnings: ['used recently'] },
    })
    const sequences = async (query: Partial<Parameters<typeof audit.list>[0]>) =>
      (await audit.list({ limit: 10, ...query })).map((event) => event.sequence)
    expect(await sequences({})).toEqual([3, 2, 1])
    expect(await sequences({ limit: 1, before: 3 })).toEqual([2])
    expect(await sequences({ action: 'secret.create' })).toEqual([2, 1])
    expect(await sequences({ objectId: 's1' })).toEqual([3, 1])
    expect(await sequences({ customerId: 'c1' })).toEqual([2, 1])
    expect(await sequences({ actorId: '42' })).toEqual([3])
  })

  it('records nothing of a change that was rolled back', async () => {
    await using database = await openTestDatabase(await locate())
    await using audit = auditOf(database)
    const failing = database.write(async (write) => {
      audit.record(write, systemActor, eventOf('s1'))
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await audit.list({ limit: 10 })).toEqual([])
    expect(await audit.verify()).toEqual({ kind: 'intact', events: 0, head: null })
  })

  it('chains several events of one transaction in their order, late ones too', async () => {
    await using database = await openTestDatabase(await locate())
    await using audit = auditOf(database)
    await database.write(async (write) => {
      audit.record(write, systemActor, eventOf('s1'))
      audit.record(write, systemActor, eventOf('s2'))
      write.beforeCommit(async () => audit.record(write, systemActor, eventOf('s3')))
    })
    const events = await audit.list({ limit: 10 })
    expect(events.map((event) => event.object.id)).toEqual(['s3', 's2', 's1'])
    expect(await audit.verify()).toMatchObject({ kind: 'intact', events: 3 })
  })

  it('stores and verifies any text', async () => {
    await using database = await openTestDatabase(await locate())
    await using audit = auditOf(database)
    const text = 'a\0b\ud800"\n\u{1F5FA}'
    await database.write(async (write) =>
      audit.record(write, systemActor, { ...eventOf(text), details: { text } }),
    )
    expect(await audit.verify()).toMatchObject({ kind: 'intact', events: 1 })
    const [event] = await audit.list({ limit: 1 })
    expect(event!.object.id).toBe('a\u{FFFD}b\u{FFFD}"\n\u{1F5FA}')
    expect(event!.details).toEqual({ text })
  })

  it('keeps one chain when two nodes write at once', async () => {
    const location = await locate()
    await using first = await openTestDatabase(location)
    await using second = await openTestDatabase(location)
    const nodes = [first, second].map((database) => ({ database, audit: auditOf(database) }))
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => {
        const { database, audit } = nodes[index % 2]!
        return database.write(async (write) =>
          audit.record(write, systemActor, eventOf(`s${index}`)),
        )
      }),
    )
    expect(await auditOf(first).verify()).toMatchObject({ kind: 'intact', events: 40 })
  })

  it('verifies more than one batch, telling how far it is', async () => {
    await using database = await openTestDatabase(await locate())
    await using audit = auditOf(database)
    await database.write(async (write) => {
      for (let index = 0; index < 1_001; index++) {
        audit.record(write, systemActor, eventOf(`s${index}`))
      }
    })
    const progress: number[] = []
    const verification = await audit.verify({ onProgress: (events) => progress.push(events) })
    const [newest] = await audit.list({ limit: 1 })
    expect(verification).toEqual({
      kind: 'intact',
      events: 1_001,
      head: { sequence: 1_001, hash: newest!.hash },
    })
    expect(progress).toEqual([500, 1_000])
  })

  it('finds a change of any field', async () => {
    await using database = await openTestDatabase(await locate())
    await using audit = auditOf(database)
    await recordEach(database, ['s1', 's2', 's3'])
    const original = await database.query
      .selectFrom('audit_events')
      .selectAll()
      .where('sequence', '=', 2)
      .executeTakeFirstOrThrow()
    const { sequence, ...fields } = original
    for (const field of Object.keys(fields) as (keyof typeof fields)[]) {
      // None and empty are different, too.
      const value = fields[field] === null ? '' : field === 'at' ? 1 : 'x'
      await tamper(database, 2, { [field]: value })
      const broken = { kind: 'broken', sequence, reason: 'changed' }
      expect(await audit.verify(), field).toEqual(broken)
      await tamper(database, 2, original)
    }
    expect(await audit.verify()).toMatchObject({ kind: 'intact', events: 3 })
  })

  it('finds a missing event, at the beginning too', async () => {
    await using database = await openTestDatabase(await locate())
    await recordEach(database, ['s1', 's2', 's3', 's4'])
    await remove(database, 3)
    const missing = { kind: 'broken', reason: 'missing' }
    expect(await auditOf(database).verify()).toEqual({ ...missing, sequence: 3 })
    await remove(database, 1)
    expect(await auditOf(database).verify()).toEqual({ ...missing, sequence: 1 })
  })

  it('finds a missing event whose followers were renumbered', async () => {
    await using database = await openTestDatabase(await locate())
    await recordEach(database, ['s1', 's2', 's3'])
    await remove(database, 2)
    await tamper(database, 3, { sequence: 2 })
    expect(await auditOf(database).verify()).toMatchObject({ kind: 'broken', sequence: 2 })
  })

  it('finds two events that changed places', async () => {
    await using database = await openTestDatabase(await locate())
    await recordEach(database, ['s1', 's2', 's3', 's4'])
    await tamper(database, 2, { sequence: 99 })
    await tamper(database, 3, { sequence: 2 })
    await tamper(database, 99, { sequence: 3 })
    expect(await auditOf(database).verify()).toMatchObject({ kind: 'broken', sequence: 2 })
  })

  it('finds an event of another chain that has the same key', async () => {
    await using database = await openTestDatabase(await locate())
    await using other = await openTestDatabase(await locate())
    await recordEach(database, ['s1', 's2'])
    await recordEach(other, ['o1', 'o2'])
    const foreign = await other.query
      .selectFrom('audit_events')
      .selectAll()
      .where('sequence', '=', 2)
      .executeTakeFirstOrThrow()
    await tamper(database, 2, foreign)
    expect(await auditOf(database).verify()).toEqual({
      kind: 'broken',
      sequence: 2,
      reason: 'unlinked',
    })
  })

  it('finds an event slipped in before the first', async () => {
    await using database = await openTestDatabase(await locate())
    await recordEach(database, ['s1', 's2'])
    await tamper(database, 2, { sequence: 0 })
    expect(await auditOf(database).verify()).toMatchObject({ kind: 'broken', reason: 'unlinked' })
  })

  it('finds a cut end by a head that was noted before', async () => {
    await using database = await openTestDatabase(await locate())
    await using audit = auditOf(database)
    await recordEach(database, ['s1', 's2'])
    const noted = await audit.verify()
    const head = noted.kind === 'intact' ? noted.head! : undefined
    await recordEach(database, ['s3'])
    expect(await audit.verify({ head })).toMatchObject({ kind: 'intact', events: 3 })
    await remove(database, 3)
    await remove(database, 2)
    expect(await audit.verify()).toMatchObject({ kind: 'intact', events: 1 })
    const broken = { kind: 'broken', sequence: 2 }
    expect(await audit.verify({ head })).toEqual({ ...broken, reason: 'missing' })
    await recordEach(database, ['another'])
    expect(await audit.verify({ head })).toEqual({ ...broken, reason: 'not-the-head' })
  })

  it('needs the key, and takes older ones for what they have written', async () => {
    await using database = await openTestDatabase(await locate())
    await recordEach(database, ['s1'])
    const newKey = Buffer.alloc(32, 2)
    const rotated = auditOf(database, { key: newKey, olderKeys: [key] })
    await database.write(async (write) => rotated.record(write, systemActor, eventOf('s2')))
    expect(await rotated.verify()).toMatchObject({ kind: 'intact', events: 2 })
    expect(await auditOf(database, { key: newKey }).verify()).toMatchObject({ sequence: 1 })
  })

  it('tells equal failures as one event with their number', async () => {
    await using database = await openTestDatabase(await locate())
    await using audit = auditOf(database)
    const failure = {
      action: 'authentication',
      clientId: '42',
      reason: 'wrong-secret',
      address: '192.0.2.1',
    } as const
    audit.countFailure(failure)
    audit.countFailure({ ...failure, reason: 'expired-secret' })
    audit.countFailure(failure)
    await audit.flush()
    const events = await audit.list({ limit: 10 })
    expect(events.map((event) => event.details)).toEqual([
      { reason: 'expired-secret', count: 1 },
      { reason: 'wrong-secret', count: 2 },
    ])
    expect(events[1]).toMatchObject({
      actor: { kind: 'anonymous', id: null, address: '192.0.2.1' },
      action: 'authentication',
      object: { kind: 'client', id: '42' },
      outcome: 'failure',
    })
  })

  it('tells a flood of different failures in 101 events, and loses none of it', async () => {
    await using database = await openTestDatabase(await locate())
    const audit = auditOf(database)
    for (let index = 0; index < 250; index++) {
      const clientId = `${index}${'x'.repeat(10_000)}`
      const address = '192.0.2.1'
      audit.countFailure({ action: 'authentication', clientId, reason: 'unknown-client', address })
    }
    // Stopping writes what is waiting.
    await audit[Symbol.asyncDispose]()
    const events = await audit.list({ limit: 1_000 })
    expect(events).toHaveLength(101)
    expect(events[0]!.details).toEqual({ reason: 'others', count: 150 })
    expect(events[100]!.object.id).toHaveLength(200)
    expect(await audit.verify()).toMatchObject({ kind: 'intact', events: 101 })
  })
})
