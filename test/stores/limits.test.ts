import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { limitHeaders, quotaExceededBody } from '../../server/access/limits/answer.ts'
import type { Policy } from '../../server/access/limits/decision.ts'
import { createLimits, type LimitStore } from '../../server/access/limits/limits.ts'
import { createMemoryLimits } from '../../server/access/limits/memory-limits.ts'
import type { LimitedCall, LimitSettings } from '../../server/access/limits/policies.ts'
import { holdServerLock, OtherServerError } from '../../server/access/limits/server-lock.ts'
import { openSharedLimits } from '../../server/access/limits/shared-limits.ts'
import type { DatabaseLocation } from '../../server/database/open.ts'
import { lockNumber } from '../../server/database/postgres.ts'
import { describeDatabases, openTestDatabase } from '../support/databases.ts'

function fakeClock() {
  const clock = { time: 1_800_000_000_000, now: () => clock.time, monotonic: () => clock.time }
  return clock
}

const settings = (some: Partial<LimitSettings> = {}): LimitSettings => ({
  store: 'memory',
  default: { quota: 20, windowSeconds: 60 },
  endpoints: {},
  clients: {},
  ...some,
})

const dataDirOf = (location: DatabaseLocation) =>
  location.kind === 'sqlite' ? dirname(location.file) : tmpdir()

function openStore(
  store: 'memory' | 'shared',
  location: DatabaseLocation,
  clock = fakeClock(),
): Promise<LimitStore> {
  if (store === 'memory') return Promise.resolve(createMemoryLimits({ clock }))
  return openSharedLimits({ location, dataDir: dataDirOf(location), clock })
}

const policy = (key: string, quota: number, windowSeconds: number): Policy => ({
  name: key.endsWith('\n') ? 'client' : 'endpoint',
  key,
  quota,
  windowSeconds,
  policyItem: '',
})

describeDatabases('limits', (kind, locate) => {
  describe.each(['memory', 'shared'] as const)('store %s', (storeKind) => {
    async function open(config: LimitSettings) {
      const location = await locate()
      const clock = fakeClock()
      const database = await openTestDatabase(location, clock)
      const store = await openStore(storeKind, location, clock)
      const limits = await createLimits({ config, database, store, clock })
      return {
        clock,
        database,
        limits,
        async take(call: Partial<LimitedCall> = {}) {
          return limits.take({ clientId: 'a', endpoint: 'tiles', ...call })
        },
        async [Symbol.asyncDispose]() {
          await store[Symbol.asyncDispose]()
          await database[Symbol.asyncDispose]()
        },
      }
    }

    it('refuses the 21st call within a minute and tells truly when it will be served', async () => {
      await using server = await open(settings())
      for (let call = 0; call < 20; call++) {
        const decision = await server.take()
        expect(decision.allowed).toBe(true)
        expect(decision.policies[0]!.remaining).toBe(19 - call)
        server.clock.time += 100
      }
      const refused = await server.take()
      expect(refused).toMatchObject({ allowed: false, violated: 'endpoint', retryAfterSeconds: 58 })
      expect(limitHeaders(refused)).toEqual({
        'ratelimit-policy': '"endpoint";q=20;w=60',
        ratelimit: '"endpoint";r=0;t=58',
        'retry-after': '58',
      })
      expect(quotaExceededBody(refused)).toEqual({
        type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
        title: 'Request cannot be satisfied as assigned quota has been exceeded',
        status: 429,
        detail: 'Rate limit is exceeded. Try again in 58 seconds.',
        'violated-policies': ['endpoint'],
        statusCode: 429,
        message: 'Rate limit is exceeded. Try again in 58 seconds.',
      })
      server.clock.time += 57_000
      expect((await server.take()).retryAfterSeconds).toBe(1)
      server.clock.time += 1_000
      expect((await server.take()).allowed).toBe(true)
    })

    it('counts clients and endpoints apart', async () => {
      await using server = await open(settings({ default: { quota: 1, windowSeconds: 60 } }))
      expect((await server.take()).allowed).toBe(true)
      expect((await server.take()).allowed).toBe(false)
      expect((await server.take({ endpoint: 'items' })).allowed).toBe(true)
      expect((await server.take({ clientId: 'b' })).allowed).toBe(true)
    })

    it('checks all policies before any counts, and names the one that refuses longest', async () => {
      await using server = await open(
        settings({
          default: { quota: 2, windowSeconds: 10 },
          clients: { a: { total: { quota: 3, windowSeconds: 60 }, endpoints: {} } },
        }),
      )
      await server.take()
      const second = await server.take()
      expect(limitHeaders(second)).toEqual({
        'ratelimit-policy': '"endpoint";q=2;w=10, "client";q=3;w=60',
        ratelimit: '"endpoint";r=0;t=10, "client";r=1;t=60',
      })
      // Refused on the endpoint: the client keeps its third call, and no `t` is after Retry-After.
      const third = await server.take()
      expect(third).toMatchObject({ violated: 'endpoint', retryAfterSeconds: 10 })
      expect(limitHeaders(third).ratelimit).toBe('"endpoint";r=0;t=10, "client";r=1')
      expect((await server.take({ endpoint: 'items' })).allowed).toBe(true)
      const fourth = await server.take({ endpoint: 'items' })
      expect(fourth).toMatchObject({ violated: 'client', retryAfterSeconds: 60 })
      expect(fourth.policies[0]!.remaining).toBe(1)
      const both = await server.take()
      expect(both).toMatchObject({ violated: 'client', retryAfterSeconds: 60 })
    })

    it('lets the most specific quota count, and of two the one set at run time', async () => {
      await using server = await open(
        settings({
          endpoints: { items: { quota: 7, windowSeconds: 60 } },
          clients: { a: { endpoints: { places: { quota: 8, windowSeconds: 60 } } } },
        }),
      )
      const quotaOf = async (call: Partial<LimitedCall>) =>
        (await server.take(call)).policies.map((state) => state.policy.quota)
      const set = (clientId: string, endpoint: string, quota: number) =>
        server.database.write((write) =>
          server.limits.setOverride(write, { clientId, endpoint, quota, windowSeconds: 60 }),
        )
      const declared = { quota: 6, windowSeconds: 60 }
      expect(await quotaOf({})).toEqual([20])
      expect(await quotaOf({ endpoint: 'constructor', clientId: '__proto__' })).toEqual([20])
      expect(await quotaOf({ declared })).toEqual([6])
      expect(await quotaOf({ endpoint: 'items', declared })).toEqual([7])
      await set('', 'items', 70)
      await set('', 'places', 80)
      expect(await quotaOf({ endpoint: 'items', declared })).toEqual([70])
      expect(await quotaOf({ endpoint: 'places', declared })).toEqual([8])
      expect(await quotaOf({ endpoint: 'places', clientId: 'b' })).toEqual([80])
      await set('a', 'places', 90)
      await set('', '', 1_000)
      expect(await quotaOf({ endpoint: 'places' })).toEqual([90, 1_000])
      await set('a', '', 2_000)
      expect(await quotaOf({ endpoint: 'places' })).toEqual([90, 2_000])
    })

    it('goes on counting what was counted when a quota changes', async () => {
      await using server = await open(settings())
      for (let call = 0; call < 15; call++) await server.take()
      const override = { clientId: 'a', endpoint: 'tiles', quota: 10, windowSeconds: 60 }
      const set = () => server.database.write((write) => server.limits.setOverride(write, override))
      expect(await set()).toBe(true)
      expect(await set()).toBe(false)
      expect((await server.take()).allowed).toBe(false)
      const remove = () =>
        server.database.write((write) => server.limits.removeOverride(write, override))
      expect(await server.limits.listOverrides()).toEqual([override])
      expect(await remove()).toBe(true)
      expect(await remove()).toBe(false)
      expect((await server.take()).policies[0]!.remaining).toBe(4)
    })

    it('answers as an exact count in one process would', async () => {
      const location = await locate()
      const policies = [
        policy('a\ntiles', 3, 2),
        policy('a\n', 120, 30),
        policy('b\ntiles', 101, 1),
        policy('b\n', 5, 7),
      ]
      const calls = fc.array(
        fc.record({
          client: fc.constantFrom(0, 2),
          both: fc.boolean(),
          pause: fc.oneof(
            { weight: 9, arbitrary: fc.integer({ min: 0, max: 50 }) },
            // Not back (`lib/sliding-window.test.ts`): a store may have dropped a counter that was
            // idle until the clock was set back, and each tidies up at times of its own.
            { weight: 1, arbitrary: fc.integer({ min: 0, max: 40_000 }) },
          ),
        }),
        { minLength: 1, maxLength: 150, size: 'max' },
      )
      let run = 0
      await fc.assert(
        fc.asyncProperty(calls, async (sequence) => {
          const clock = fakeClock()
          await using expected = createMemoryLimits({ clock })
          await using store = await openStore(storeKind, location, clock)
          run++
          for (const { client, both, pause } of sequence) {
            clock.time += pause
            const applying = policies
              .slice(client, client + (both ? 2 : 1))
              .map((one) => ({ ...one, key: `${run}${one.key}` }))
            expect(await store.take(applying)).toEqual(await expected.take(applying))
          }
        }),
        { numRuns: 20, endOnFailure: true },
      )
    })
  })

  it('tells other nodes of an override', async () => {
    const location = await locate()
    const clock = fakeClock()
    await using first = await openTestDatabase(location, clock)
    await using second = await openTestDatabase(location, clock)
    const create = (database: typeof first) =>
      createLimits({ config: settings(), database, store: createMemoryLimits({ clock }), clock })
    const one = await create(first)
    const other = await create(second)
    const call = { clientId: 'a', endpoint: 'tiles' }
    expect((await other.take(call)).policies[0]!.policy.quota).toBe(20)
    await first.write((write) => one.setOverride(write, { ...call, quota: 5, windowSeconds: 60 }))
    await second.feed.read()
    expect((await other.take(call)).policies[0]!.policy.quota).toBe(5)
  })

  it.each([
    { quota: 0, windowSeconds: 60 },
    { quota: 1.5, windowSeconds: 60 },
    { quota: 20, windowSeconds: 86_401 },
  ])('refuses an override with %o', async (quota) => {
    const location = await locate()
    const clock = fakeClock()
    await using database = await openTestDatabase(location, clock)
    const store = createMemoryLimits({ clock })
    const limits = await createLimits({ config: settings(), database, store, clock })
    const setting = database.write((write) =>
      limits.setOverride(write, { clientId: 'a', endpoint: 'tiles', ...quota }),
    )
    await expect(setting).rejects.toMatchObject({ status: 400 })
    expect(await limits.listOverrides()).toEqual([])
  })

  it('never lets more than the quota through in several processes together', async () => {
    const location = await locate()
    const script = `
      import { openSharedLimits } from '${server('access/limits/shared-limits.ts')}'
      import { systemClock } from '${server('lib/clock.ts')}'
      const [location, dataDir] = JSON.parse(process.argv[1])
      const store = await openSharedLimits({ location, dataDir, clock: systemClock })
      const policies = [['x', 60], ['y', 110]].map(([key, quota]) => ({ key, quota, windowSeconds: 3600 }))
      const taking = Array.from({ length: 200 }, async (_, call) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 100))
        const applying = call % 2 ? policies : [policies[1]]
        return (await store.take(call % 4 ? applying : applying.toReversed())).allowed ? applying.length : 0
      })
      const taken = await Promise.all(taking)
      console.log(JSON.stringify([1, 2].map((size) => taken.filter((count) => count === size).length)))
      await store[Symbol.asyncDispose]()`
    const processes = Array.from({ length: 3 }, () =>
      start(script, JSON.stringify([location, dataDirOf(location)])),
    )
    const counts = await Promise.all(
      processes.map(async (child) => JSON.parse(await firstLine(child)) as [number, number]),
    )
    const onlyY = counts.reduce((sum, [count]) => sum + count, 0)
    const both = counts.reduce((sum, [, count]) => sum + count, 0)
    // All that the quotas allow, and not one more: nothing was lost either.
    expect(onlyY + both).toBe(110)
    expect(both).toBeLessThanOrEqual(60)
  })

  it('drops shared counters that are at rest', async () => {
    const location = await locate()
    const clock = fakeClock()
    const store = await openStore('shared', location, clock)
    for (let client = 0; client < 20; client++) await store.take([policy(`${client}\n`, 1, 1)])
    clock.time += 1_000
    for (let call = 0; call < 1_000; call++) await store.take([policy('again\n', 1_000, 1)])
    await store[Symbol.asyncDispose]()
    expect(await storedKeys(location)).toEqual(['again\n'])
  })
})

async function storedKeys(location: DatabaseLocation): Promise<string[]> {
  const select = 'select key from limit_counters'
  if (location.kind === 'sqlite') {
    using file = new DatabaseSync(join(dataDirOf(location), 'limits.sqlite'))
    return file
      .prepare(select)
      .all()
      .map((row) => row['key'] as string)
  }
  const { rows } = await askPostgres<{ key: string }>(location.url, select)
  return rows.map((row) => row.key)
}

async function askPostgres<Row extends pg.QueryResultRow>(url: string, statement: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query<Row>(statement)
  } finally {
    await client.end()
  }
}

describe('limits in memory', () => {
  it('keeps live counters, refuses new ones when full, and makes room when some come to rest', () => {
    const clock = fakeClock()
    const store = createMemoryLimits({ clock, maximum: 3 })
    const take = (client: string) => store.take([policy(`${client}\n`, 1, 60)])
    for (const client of ['a', 'b', 'c']) expect(take(client)).toMatchObject({ allowed: true })
    expect(() => take('d')).toThrow(expect.objectContaining({ status: 503 }))
    expect(take('a')).toMatchObject({ allowed: false })
    clock.time += 60_000
    for (const client of ['d', 'e', 'f']) expect(take(client)).toMatchObject({ allowed: true })
  })
})

describeDatabases('the server lock', (kind, locate) => {
  const script = `
    import { holdServerLock } from '${server('access/limits/server-lock.ts')}'
    try {
      globalThis.lock = await holdServerLock(JSON.parse(process.argv[1]))
      console.log('held')
      setInterval(() => {}, 1000)
    } catch (error) {
      console.log(error.name)
    }`

  async function startServer(location: DatabaseLocation, store: 'memory' | 'shared') {
    const child = start(script, JSON.stringify({ location, dataDir: dataDirOf(location), store }))
    return { child, says: await firstLine(child) }
  }

  it('keeps a server with counters in memory alone, until it is killed', async () => {
    const location = await locate()
    const first = await startServer(location, 'memory')
    expect(first.says).toBe('held')
    expect((await startServer(location, 'memory')).says).toBe('OtherServerError')
    expect((await startServer(location, 'shared')).says).toBe('OtherServerError')
    await kill(first.child)
    expect((await startServer(location, 'memory')).says).toBe('held')
  })

  it('lets several with shared counters run, and none with its own beside them', async () => {
    const location = await locate()
    const first = await startServer(location, 'shared')
    const second = await startServer(location, 'shared')
    expect([first.says, second.says]).toEqual(['held', 'held'])
    await kill(first.child)
    const options = { location, dataDir: dataDirOf(location), store: 'memory' } as const
    await expect(holdServerLock(options)).rejects.toThrow(OtherServerError)
    await expect(holdServerLock(options)).rejects.toThrow('limits.store: shared')
    await kill(second.child)
    const lock = await holdServerLock(options)
    expect((await startServer(location, 'shared')).says).toBe('OtherServerError')
    await lock[Symbol.asyncDispose]()
    expect((await startServer(location, 'shared')).says).toBe('held')
  })

  if (kind === 'postgres') {
    it('is taken again after the connection was lost', async () => {
      const location = await locate()
      if (location.kind === 'sqlite') return
      const options = { location, dataDir: dataDirOf(location), store: 'memory' } as const
      await using _lock = await holdServerLock(options)
      const holders = `from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())`
      await askPostgres(location.url, `select pg_terminate_backend(pid, 5000) ${holders}`)
      await expect
        .poll(async () => (await askPostgres(location.url, `select 1 ${holders}`)).rowCount)
        .toBe(1)
      await expect(holdServerLock(options)).rejects.toThrow(OtherServerError)
    })
  }

  if (kind === 'postgres') {
    it('says so when another server took it meanwhile', async () => {
      const location = await locate()
      if (location.kind === 'sqlite') return
      const lost = Promise.withResolvers<OtherServerError>()
      await using _lock = await holdServerLock({
        location,
        dataDir: dataDirOf(location),
        store: 'memory',
        onLost: lost.resolve,
      })
      const other = new pg.Client({ connectionString: location.url })
      await other.connect()
      await other.query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database());
        select pg_advisory_lock(${lockNumber('server')})`)
      expect(await lost.promise).toBeInstanceOf(OtherServerError)
      await other.end()
    })
  }
})

function server(path: string): string {
  return fileURLToPath(new URL(`../../server/${path}`, import.meta.url))
}

const children = new Set<ChildProcess>()

afterEach(() => Promise.all([...children].map(kill)))

function start(script: string, argument: string): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.add(child)
  return child
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout!) {
    text += String(chunk)
    if (text.includes('\n')) break
  }
  return text.split('\n')[0]!
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
