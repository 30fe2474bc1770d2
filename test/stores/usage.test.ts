import { expect, it } from 'vitest'
import { createUsage } from '../../server/access/usage/usage.ts'
import type { UsageQuery } from '../../server/access/usage/usage-query.ts'
import type { Change } from '../../server/database/change-feed.ts'
import { describeDatabases, openTestDatabase } from '../support/databases.ts'

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000
/** Half a minute before an hour and a day end. */
const LATE = 20_000 * DAY - 30_000

function createClock(time: number) {
  return { time, now: () => clock.time, monotonic: () => 0 }
}
let clock = createClock(LATE)

/** All that was counted in one resolution, as one total unless grouped. */
function total(query: Partial<UsageQuery> = {}): UsageQuery {
  return { from: 0, to: LATE + 10_000 * DAY, resolution: 'minute', groupBy: [], ...query }
}

describeDatabases('usage', (_kind, locate) => {
  it('counts by minute, hour and day, which always agree', async () => {
    clock = createClock(LATE)
    await using database = await openTestDatabase(await locate())
    await using usage = createUsage({ database, clock })
    usage.count('c1', 's1', 'GET /places', 200, 3)
    usage.count('c1', 's1', 'GET /places', 200, 30)
    await usage.flush()
    usage.count('c1', 's1', 'GET /places', 200, 3)
    clock.time += MINUTE
    usage.count('c1', 's1', 'GET /places', 200, 3)
    await usage.flush()
    const periods = async (resolution: UsageQuery['resolution']) =>
      (await usage.query(total({ resolution, groupBy: ['period'] }))).map((row) => [
        row.period,
        row.requests,
      ])
    const midnight = 20_000 * DAY
    expect(await periods('minute')).toEqual([
      [midnight - MINUTE, 3],
      [midnight, 1],
    ])
    expect(await periods('hour')).toEqual([
      [midnight - HOUR, 3],
      [midnight, 1],
    ])
    expect(await periods('day')).toEqual([
      [midnight - DAY, 3],
      [midnight, 1],
    ])
  })

  it('keeps clients, secrets, endpoints and states apart, and sums what is asked for', async () => {
    clock = createClock(LATE)
    await using database = await openTestDatabase(await locate())
    await using usage = createUsage({ database, clock })
    usage.count('c1', 's1', 'GET /places', 200, 2)
    usage.count('c1', 's2', 'GET /places', 429, 2)
    usage.count('c2', 's3', 'GET /places', 200, 2)
    usage.count('c2', 's3', 'GET /countries', 200, 2)
    usage.count('', '', 'GET /places', 401, 2)
    await usage.flush()
    const requests = (query: Partial<UsageQuery>) => usage.query(total(query))
    expect(await requests({})).toMatchObject([{ requests: 5 }])
    expect(await requests({ groupBy: ['clientId'] })).toMatchObject([
      { clientId: '', requests: 1 },
      { clientId: 'c1', requests: 2 },
      { clientId: 'c2', requests: 2 },
    ])
    expect(await requests({ clientId: 'c1', groupBy: ['secretId', 'status'] })).toMatchObject([
      { secretId: 's1', status: 200, requests: 1 },
      { secretId: 's2', status: 429, requests: 1 },
    ])
    expect(await requests({ clientId: '' })).toMatchObject([{ requests: 1 }])
    expect(await requests({ endpoint: 'GET /countries' })).toMatchObject([{ requests: 1 }])
    expect(await requests({ from: LATE, to: LATE + DAY })).toEqual([])
    expect(await requests({ groupBy: undefined, limit: 2 })).toHaveLength(2)
  })

  it('estimates latencies', async () => {
    clock = createClock(LATE)
    await using database = await openTestDatabase(await locate())
    await using usage = createUsage({ database, clock })
    for (let index = 0; index < 98; index++) usage.count('c1', 's1', 'GET /places', 200, 80)
    usage.count('c1', 's1', 'GET /places', 200, 400)
    usage.count('c1', 's1', 'GET /places', 200, 90_000)
    await usage.flush()
    const [row] = await usage.query(total())
    expect(row).toEqual({
      requests: 100,
      p50: 50 + 50 * (50 / 98),
      p95: 50 + 50 * (95 / 98),
      p99: 500,
    })
  })

  it('adds up what several nodes count at once', async () => {
    clock = createClock(LATE)
    const location = await locate()
    await using first = await openTestDatabase(location)
    await using second = await openTestDatabase(location)
    const nodes = [first, second].map((database) => createUsage({ database, clock }))
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        nodes.map((usage, node) => {
          for (let index = 0; index < 300; index++) {
            // Each node meets the clients in another order.
            const client = node === 0 ? index : 299 - index
            usage.count(`c${client}`, 's1', 'GET /places', 200, 2)
          }
          return usage.flush()
        }),
      )
    }
    for (const resolution of ['minute', 'hour', 'day'] as const) {
      const clients = await nodes[0]!.query(total({ resolution, groupBy: ['clientId'] }))
      expect(clients).toHaveLength(300)
      expect(new Set(clients.map((row) => row.requests))).toEqual(new Set([10]))
    }
  })

  it('adds up floods, over the ends of hours and days, whichever node asks', async () => {
    clock = createClock(LATE)
    const location = await locate()
    await using first = await openTestDatabase(location)
    await using second = await openTestDatabase(location)
    const nodes = [first, second].map((database) => createUsage({ database, clock }))
    // So many that they are put aside; the third minute is the next day's first.
    for (const time of [LATE - MINUTE, LATE, LATE + MINUTE]) {
      clock.time = time
      for (const usage of nodes) {
        for (let client = 0; client < 700; client++) {
          usage.count(`${1000 + client}`, 's1', 'GET /places', 200, client === 0 ? 300 : 2)
        }
        await usage.flush()
      }
    }
    const counted = (usage: (typeof nodes)[number], query: Partial<UsageQuery>) =>
      usage.query(total(query))
    const days = await counted(nodes[1]!, { resolution: 'day', groupBy: ['period'] })
    expect(days.map((row) => row.requests)).toEqual([2_800, 1_400])
    const hours = await counted(nodes[0]!, { resolution: 'hour', groupBy: ['period'] })
    expect(hours.map((row) => row.requests)).toEqual([2_800, 1_400])
    const minutes = await counted(nodes[0]!, { groupBy: ['period'] })
    expect(minutes.map((row) => row.requests)).toEqual([1_400, 1_400, 1_400])
    const [slow] = await counted(nodes[0]!, { clientId: '1000' })
    expect(slow).toMatchObject({ requests: 6, p50: 375 })
    for (const usage of nodes) await usage[Symbol.asyncDispose]()
  })

  it('counts what a stopped node had put aside', async () => {
    clock = createClock(LATE)
    const location = await locate()
    {
      await using database = await openTestDatabase(location)
      await using usage = createUsage({ database, clock })
      for (let client = 0; client < 700; client++) {
        usage.count(`${1000 + client}`, 's1', 'GET /places', 200, 2)
      }
    }
    clock.time += DAY
    await using database = await openTestDatabase(location)
    await using usage = createUsage({ database, clock })
    expect(await usage.query(total({ resolution: 'hour' }))).toMatchObject([{ requests: 700 }])
    expect(await usage.query(total({ resolution: 'hour' }))).toMatchObject([{ requests: 700 }])
  })

  it('forgets minutes after 2 days, hours after 90 and days after 2 years', async () => {
    clock = createClock(LATE)
    await using database = await openTestDatabase(await locate())
    await using usage = createUsage({ database, clock })
    const kept = async () => {
      usage.count('c2', '', 'GET /places', 200, 2)
      await usage.flush()
      const resolutions = ['minute', 'hour', 'day'] as const
      const rows = resolutions.map((resolution) =>
        usage.query(total({ resolution, clientId: 'c1' })),
      )
      return (await Promise.all(rows)).map(([row]) => row?.requests ?? 0)
    }
    usage.count('c1', '', 'GET /places', 200, 2)
    expect(await kept()).toEqual([1, 1, 1])
    clock.time = LATE + 1.9 * DAY
    expect(await kept()).toEqual([1, 1, 1])
    clock.time = LATE + 2.1 * DAY
    expect(await kept()).toEqual([0, 1, 1])
    clock.time = LATE + 90.1 * DAY
    expect(await kept()).toEqual([0, 0, 1])
    clock.time = LATE + 731 * DAY
    expect(await kept()).toEqual([0, 0, 0])
  })

  it('writes what is waiting when it stops, and announces nothing', async () => {
    clock = createClock(LATE)
    await using database = await openTestDatabase(await locate())
    const heard: Change[] = []
    database.feed.subscribe((change) => heard.push(change))
    const usage = createUsage({ database, clock })
    usage.count('c1', 's1', 'GET /places', 200, 2)
    await usage[Symbol.asyncDispose]()
    const [row] = await usage.query(total())
    expect(row?.requests).toBe(1)
    await database.feed.read()
    expect(heard).toEqual([])
  })
})
