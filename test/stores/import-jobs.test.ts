import { expect, it } from 'vitest'
import type { Caller } from '../../server/access/tokens/access-token.ts'
import {
  createImportJobs,
  MOST_JOBS,
  type NewImportJob,
} from '../../server/maps/import/jobs/import-jobs.ts'
import { commandLine, movableClock } from '../support/access.ts'
import { describeDatabases, openTestDatabase } from '../support/databases.ts'

const callerOf = (customerId: string): Caller => ({
  kind: 'client',
  clientId: '1',
  customerId,
  secretId: null,
  accountId: null,
  grantId: null,
  scopes: ['write'],
  narrowed: false,
  jkt: null,
  claims: {
    ...{ iss: '', sub: '1', aud: '', exp: 2, iat: 1, nbf: 1, jti: '' },
    ...{ client_id: '1', scope: 'write', customer: customerId },
  },
})
const PROGRESS = { phase: 'writing', bytes: 5, features: 3, faults: 1 } as const
const RESULT = { features: 3, faults: 0, errors: [] }
const NODE = 'here'

describeDatabases('import jobs', (_kind, locate) => {
  async function open() {
    const clock = movableClock()
    const database = await openTestDatabase(await locate(), clock)
    const jobs = createImportJobs({ database, clock, maximumBytes: 100 })
    /** Asked for, and its file is there. */
    async function create(asked: NewImportJob) {
      const outcome = await jobs.reserve(asked)
      if (outcome.kind === 'reserved') await jobs.receive(asked.id, 10)
      return outcome
    }
    const waiting = async (node = NODE) => (await jobs.waiting(node)).map(({ id }) => id)
    return { clock, database, jobs, create, waiting }
  }

  const job = (
    id: string,
    collectionId = 'parks',
    { createdAt = 1, customerId = 'lund', ...changes }: Partial<NewImportJob> & Options = {},
  ): NewImportJob => ({
    id,
    collection: { id: collectionId, createdAt },
    caller: callerOf(customerId),
    options: { format: 'ndjson', merge: true },
    actor: commandLine,
    totalBytes: 10,
    node: NODE,
    ...changes,
  })

  interface Options {
    createdAt?: number
    customerId?: string
  }

  it('holds one of a collection until it has ended', async () => {
    const { database, jobs, create, waiting } = await open()
    await using _ = database
    const outcomes = await Promise.all(['a', 'b', 'c'].map((id) => create(job(id))))
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['busy', 'busy', 'reserved'])
    expect((await create(job('d', 'lakes'))).kind).toBe('reserved')
    const id = (await waiting()).find((each) => each !== 'd')!
    await jobs.claim(id, 'one')
    expect((await create(job('e'))).kind).toBe('busy')
    expect(await jobs.end(id, 'other', 'done', RESULT)).toBe(false)
    expect(await jobs.end(id, 'one', 'done', RESULT)).toBe(true)
    expect((await create(job('e'))).kind).toBe('reserved')
    expect(await jobs.find('parks', id)).toMatchObject({ state: 'done', result: RESULT })
    expect(await jobs.find('lakes', id)).toBeNull()
  })

  it('holds the collection while the file comes in, as long as somebody takes it', async () => {
    const { clock, database, jobs, waiting } = await open()
    await using _ = database
    expect(await jobs.reserve(job('a'))).toEqual({ kind: 'reserved' })
    expect(await jobs.find('parks', 'a')).toMatchObject({ state: 'receiving', totalBytes: 10 })
    expect(await jobs.reserve(job('b'))).toEqual({ kind: 'busy' })
    expect(await waiting()).toEqual([])
    expect(await jobs.claim('a', 'one')).toBeNull()
    clock.advance(20_000)
    await jobs.receiving('a')
    clock.advance(20_000)
    expect(await jobs.reserve(job('b'))).toEqual({ kind: 'busy' })
    expect(await jobs.receive('a', 7)).toMatchObject({ state: 'queued', totalBytes: 7 })
    expect(await waiting()).toEqual(['a'])
    await jobs.withdraw('a')
    expect(await waiting()).toEqual(['a'])

    await jobs.reserve(job('c', 'lakes'))
    await jobs.withdraw('c')
    expect(await jobs.find('lakes', 'c')).toBeNull()
    await jobs.reserve(job('d', 'lakes'))
    clock.advance(31_000)
    expect(await jobs.reserve(job('e', 'lakes'))).toEqual({ kind: 'reserved' })
    expect(await jobs.receive('d', 7)).toBeNull()
    clock.advance(31_000)
    await jobs.prune()
    expect(await jobs.openIds()).toEqual(['a'])
  })

  it('lets a customer have so many, of so many bytes together', async () => {
    const { database, jobs, create } = await open()
    await using _ = database
    const outcomes = await Promise.all(
      Array.from({ length: MOST_JOBS + 2 }, (_each, index) =>
        create(job(`a${index}`, `c${index}`, { totalBytes: 1 })),
      ),
    )
    expect(outcomes.filter(({ kind }) => kind === 'reserved')).toHaveLength(MOST_JOBS)
    const refused = outcomes.filter(({ kind }) => kind !== 'reserved')
    const tooMany = { kind: 'too-many', jobs: MOST_JOBS }
    expect(refused).toEqual([tooMany, tooMany])

    const ofMalmo = (id: string, totalBytes: number) =>
      job(id, id, { customerId: 'malmö', totalBytes })
    expect(await jobs.reserve(ofMalmo('m1', 60))).toEqual({ kind: 'reserved' })
    const tooLarge = { kind: 'too-large', maximumBytes: 100 }
    expect(await jobs.reserve(ofMalmo('m2', 41))).toEqual(tooLarge)
    await jobs.receive('m1', 59)
    expect(await jobs.reserve(ofMalmo('m2', 41))).toEqual({ kind: 'reserved' })
    await jobs.cancel('m1', 'm1')
    expect(await jobs.reserve(ofMalmo('m3', 59))).toEqual({ kind: 'reserved' })
  })

  it('goes to one of many runners, and to another when that one is silent', async () => {
    const { clock, database, jobs, create, waiting } = await open()
    await using _ = database
    await create(job('a'))
    const claims = await Promise.all(['1', '2', '3'].map((runner) => jobs.claim('a', runner)))
    const winner = String(claims.findIndex((claim) => claim !== null) + 1)
    expect(claims.filter((claim) => claim !== null)).toMatchObject([{ attempts: 1 }])
    clock.advance(9_000)
    expect(await jobs.report('a', winner, PROGRESS)).toBe('go-on')
    clock.advance(9_000)
    expect(await waiting()).toEqual([])
    expect(await jobs.claim('a', 'late')).toBeNull()
    clock.advance(2_000)
    expect(await waiting()).toEqual(['a'])
    expect(await jobs.find('parks', 'a')).toMatchObject({ progress: PROGRESS })
    expect(await jobs.claim('a', 'late')).toMatchObject({ attempts: 2 })
    expect(await jobs.report('a', winner, PROGRESS)).toBe('lost')
    expect(await jobs.end('a', winner, 'done', RESULT)).toBe(false)
  })

  it('waits for the node that has its file, as long as that is heard of', async () => {
    const { clock, database, jobs, create, waiting } = await open()
    await using _ = database
    await create(job('a', 'parks', { node: 'elsewhere' }))
    await create(job('b', 'lakes'))
    await create(job('c', 'roads', { node: 'elsewhere', customerId: 'malmö' }))
    expect(await waiting()).toEqual(['b'])
    expect(await jobs.waiting('elsewhere')).toEqual([
      { id: 'a', customerId: 'lund' },
      { id: 'c', customerId: 'malmö' },
    ])
    await jobs.claim('c', 'one')
    clock.advance(599_000)
    await jobs.hear(NODE)
    await jobs.endOfSilentNodes()
    expect(await jobs.openIds()).toHaveLength(3)
    clock.advance(2_000)
    await jobs.endOfSilentNodes()
    expect(await jobs.openIds()).toEqual(['b'])
    expect(await jobs.find('parks', 'a')).toMatchObject({
      state: 'failed',
      result: { reason: expect.stringContaining('the node that had the file is gone') },
    })
    expect(await jobs.report('c', 'one', PROGRESS)).toBe('lost')
    expect((await create(job('d'))).kind).toBe('reserved')
  })

  it('ends with its collection, also where another one has its id by now', async () => {
    const { database, jobs, create } = await open()
    await using _ = database
    const gone = { state: 'failed', result: { reason: 'the collection is gone' } }
    await create(job('a', 'parks', { createdAt: 5 }))
    await create(job('b', 'lakes'))
    await jobs.claim('a', 'one')
    expect((await create(job('late', 'parks', { createdAt: 4 }))).kind).toBe('busy')
    expect((await create(job('c', 'parks', { createdAt: 6 }))).kind).toBe('reserved')
    expect(await jobs.find('parks', 'a')).toMatchObject(gone)
    expect(await jobs.report('a', 'one', PROGRESS)).toBe('lost')
    await jobs.endOf({ id: 'parks', createdAt: 5 })
    expect(await jobs.find('parks', 'c')).toMatchObject({ state: 'queued' })
    await jobs.endOf({ id: 'parks', createdAt: 6 })
    expect(await jobs.find('parks', 'c')).toMatchObject(gone)
    expect(await jobs.openIds()).toEqual(['b'])
  })

  it('counts an attempt that may have been the file’s fault, and no other', async () => {
    const { database, jobs, create } = await open()
    await using _ = database
    await create(job('a'))
    await jobs.claim('a', 'one')
    await jobs.release('a', 'one', false)
    expect(await jobs.claim('a', 'one')).toMatchObject({ attempts: 1 })
    await jobs.release('a', 'one', true)
    expect(await jobs.claim('a', 'one')).toMatchObject({ attempts: 2 })
  })

  it('is cancelled at once while it waits or comes in, else by its runner', async () => {
    const { clock, database, jobs, create } = await open()
    await using _ = database
    await create(job('a'))
    expect(await jobs.cancel('lakes', 'a')).toBeNull()
    expect(await jobs.cancel('parks', 'a')).toMatchObject({ state: 'failed' })
    await jobs.reserve(job('c', 'roads'))
    expect(await jobs.cancel('roads', 'c')).toMatchObject({ state: 'failed' })
    expect(await jobs.receive('c', 10)).toBeNull()
    await create(job('b'))
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
