import { expect, it } from 'vitest'
import type { Caller } from '../../server/access/tokens/access-token.ts'
import { createImportJobs } from '../../server/maps/import/jobs/import-jobs.ts'
import { commandLine, movableClock } from '../support/access.ts'
import { describeDatabases, openTestDatabase } from '../support/databases.ts'

const caller: Caller = {
  kind: 'client',
  clientId: '1',
  customerId: 'lund',
  secretId: null,
  accountId: null,
  grantId: null,
  scopes: ['write'],
  narrowed: false,
  jkt: null,
  claims: {
    ...{ iss: '', sub: '1', aud: '', exp: 2, iat: 1, nbf: 1, jti: '' },
    ...{ client_id: '1', scope: 'write', customer: 'lund' },
  },
}
const PROGRESS = { phase: 'writing', bytes: 5, features: 3, faults: 1 } as const
const RESULT = { features: 3, faults: 0, errors: [] }

describeDatabases('import jobs', (_kind, locate) => {
  async function open() {
    const clock = movableClock()
    const database = await openTestDatabase(await locate(), clock)
    return { clock, database, jobs: createImportJobs({ database, clock }) }
  }

  const job = (id: string, collectionId = 'parks') => ({
    id,
    collection: { id: collectionId, createdAt: 1 },
    caller,
    options: { format: 'ndjson', merge: true } as const,
    actor: commandLine,
    totalBytes: 10,
  })

  it('holds one of a collection until it has ended', async () => {
    const { database, jobs } = await open()
    await using _ = database
    const outcomes = await Promise.all(['a', 'b', 'c'].map((id) => jobs.create(job(id))))
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['busy', 'busy', 'created'])
    expect((await jobs.create(job('d', 'lakes'))).kind).toBe('created')
    const { id } = (await jobs.waiting()).find(({ collectionId }) => collectionId === 'parks')!
    await jobs.claim(id, 'one')
    expect(await jobs.isBusy('parks')).toBe(true)
    expect(await jobs.end(id, 'other', 'done', RESULT)).toBe(false)
    expect(await jobs.end(id, 'one', 'done', RESULT)).toBe(true)
    expect(await jobs.isBusy('parks')).toBe(false)
    expect((await jobs.create(job('e'))).kind).toBe('created')
    expect(await jobs.find('parks', id)).toMatchObject({ state: 'done', result: RESULT })
    expect(await jobs.find('lakes', id)).toBeNull()
  })

  it('goes to one of many runners, and to another when that one is silent', async () => {
    const { clock, database, jobs } = await open()
    await using _ = database
    await jobs.create(job('a'))
    const claims = await Promise.all(['1', '2', '3'].map((runner) => jobs.claim('a', runner)))
    const winner = String(claims.findIndex((claim) => claim !== null) + 1)
    expect(claims.filter((claim) => claim !== null)).toMatchObject([{ attempts: 1 }])
    clock.advance(9_000)
    expect(await jobs.report('a', winner, PROGRESS)).toBe('go-on')
    clock.advance(9_000)
    expect(await jobs.waiting()).toEqual([])
    expect(await jobs.claim('a', 'late')).toBeNull()
    clock.advance(2_000)
    expect(await jobs.waiting()).toMatchObject([{ id: 'a', progress: PROGRESS }])
    expect(await jobs.claim('a', 'late')).toMatchObject({ attempts: 2 })
    expect(await jobs.report('a', winner, PROGRESS)).toBe('lost')
    expect(await jobs.end('a', winner, 'done', RESULT)).toBe(false)
  })

  it('counts an attempt that may have been the file’s fault, and no other', async () => {
    const { database, jobs } = await open()
    await using _ = database
    await jobs.create(job('a'))
    await jobs.claim('a', 'one')
    await jobs.release('a', 'one', false)
    expect(await jobs.claim('a', 'one')).toMatchObject({ attempts: 1 })
    await jobs.release('a', 'one', true)
    expect(await jobs.claim('a', 'one')).toMatchObject({ attempts: 2 })
  })

  it('is cancelled at once while it waits, else by its runner', async () => {
    const { clock, database, jobs } = await open()
    await using _ = database
    await jobs.create(job('a'))
    expect(await jobs.cancel('lakes', 'a')).toBeNull()
    expect(await jobs.cancel('parks', 'a')).toMatchObject({ state: 'failed' })
    await jobs.create(job('b'))
    await jobs.claim('b', 'one')
    expect(await jobs.cancel('parks', 'b')).toMatchObject({ state: 'running' })
    expect(await jobs.report('b', 'one', PROGRESS)).toBe('cancelled')
    clock.advance(20_000)
    expect(await jobs.claim('b', 'two')).toMatchObject({ cancelledAt: expect.any(Number) })
    expect((await jobs.list('parks', 10)).map(({ id }) => id)).toEqual(['b', 'a'])
    clock.advance(31 * 24 * 3_600_000)
    await jobs.prune()
    expect((await jobs.list('parks', 10)).map(({ id }) => id)).toEqual(['b'])
    expect(await jobs.openIds()).toEqual(['b'])
  })
})
