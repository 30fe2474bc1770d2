import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import type { Change } from '../../server/database/change-feed.ts'
import { describeDatabases, openTestDatabase } from '../support/databases.ts'

describeDatabases('the change feed', (kind, locate) => {
  it('tells every node, the writing one at once', async () => {
    const location = await locate()
    await using first = await openTestDatabase(location)
    await using second = await openTestDatabase(location)
    const heardByFirst: Change[] = []
    const heardBySecond: Change[] = []
    first.feed.subscribe((change) => heardByFirst.push(change))
    second.feed.subscribe((change) => heardBySecond.push(change))
    await first.write(async (write) => write.announce('secret', 'a'))
    expect(heardByFirst).toEqual([{ topic: 'secret', key: 'a' }])
    await second.feed.read()
    expect(heardBySecond).toEqual([{ topic: 'secret', key: 'a' }])
  })

  it('says nothing of a change that was rolled back', async () => {
    await using database = await openTestDatabase(await locate())
    const heard: Change[] = []
    database.feed.subscribe((change) => heard.push(change))
    const failing = database.write(async (write) => {
      write.announce('secret', 'a')
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    await database.feed.read()
    expect(heard).toEqual([])
  })

  it('skips no row of writers that commit at once', async () => {
    const location = await locate()
    await using first = await openTestDatabase(location)
    await using second = await openTestDatabase(location)
    const heard = new Set<string>()
    second.feed.subscribe((change) => heard.add(change.key))
    const writers = Array.from({ length: 40 }, (_, index) =>
      (index % 2 ? first : second).write(async (write) => write.announce('secret', String(index))),
    )
    let writing = true
    const written = Promise.all(writers).finally(() => (writing = false))
    while (writing) {
      await second.feed.read()
      await setImmediate()
    }
    await written
    await second.feed.read()
    expect(heard.size).toBe(40)
  })

  it('is read before use when it is unconfirmed, and refuses when that fails', async () => {
    let monotonic = 0
    const clock = { now: () => Date.now(), monotonic: () => monotonic }
    const location = await locate()
    await using database = await openTestDatabase(location, clock)
    await using other = await openTestDatabase(location)
    const heard: Change[] = []
    database.feed.subscribe((change) => heard.push(change))
    expect(database.feed.ensureFresh()).toBeUndefined()
    await database.feed.stop()
    await other.write(async (write) => write.announce('client', 'b'))
    monotonic = 60_000
    await database.feed.ensureFresh()
    expect(heard).toEqual([{ topic: 'client', key: 'b' }])
    monotonic = 120_000
    await database.query.destroy()
    await expect(database.feed.ensureFresh()).rejects.toThrow('cannot be read')
  })

  it('counts as read only when its listeners have done what they must', async () => {
    let monotonic = 0
    const clock = { now: () => Date.now(), monotonic: () => monotonic }
    const location = await locate()
    await using database = await openTestDatabase(location, clock)
    await using other = await openTestDatabase(location)
    await database.feed.stop()
    let fails = true
    let told = 0
    database.feed.subscribe(async () => {
      told++
      if (fails) throw new Error('not now')
    })
    await other.write(async (write) => write.announce('signing-keys', 'a'))
    monotonic = 60_000
    await expect(database.feed.ensureFresh()).rejects.toThrow('cannot be read')
    fails = false
    await database.feed.ensureFresh()
    expect(told).toBe(2)
  })

  if (kind === 'postgres') {
    it('gives up on a database that does not answer', async () => {
      const location = await locate()
      await using database = await openTestDatabase(location)
      await using other = await openTestDatabase(location)
      const locked = Promise.withResolvers<void>()
      const done = Promise.withResolvers<void>()
      const locking = other.write(async (write) => {
        await sql`lock table changes in access exclusive mode`.execute(write.query)
        locked.resolve()
        await done.promise
      })
      await locked.promise
      await expect(database.feed.read()).rejects.toThrow('cannot be read')
      done.resolve()
      await locking
      await database.feed.read()
    })
  }
})
