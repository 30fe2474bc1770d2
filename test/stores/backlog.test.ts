import { expect, it } from 'vitest'
import { type Backlog, createBacklog } from '../../server/database/backlog.ts'
import type { Database } from '../../server/database/database.ts'
import { describeDatabases, openTestDatabase } from '../support/databases.ts'

interface Value {
  key: string
  count: number
}

/** A backlog whose values are added up in memory, as a transaction that committed did it. */
function open(database: Database, topic = 'test') {
  const applied: { key: string; count: number }[] = []
  const state = { fails: false, largest: 0 }
  const backlog: Backlog<Value> = createBacklog<Value, [string, number]>({
    database,
    topic,
    orderKey: ({ key }) => key,
    pack: ({ key, count }) => [key, count],
    unpack: ([key, count]) => ({ key, count }),
    async apply(_write, values) {
      if (state.fails) throw new Error('it does not work')
      state.largest = Math.max(state.largest, values.length)
      applied.push(...values)
    },
    onError: () => {},
  })
  return { backlog, applied, state }
}

const flood = (size: number, prefix = '') =>
  Array.from({ length: size }, (_, index) => ({
    key: `${prefix}${1_000_000 + index * 7_919}`,
    count: index,
  }))

const sorted = (values: Value[]) => values.toSorted((a, b) => (a.key < b.key ? -1 : 1))

describeDatabases('the backlog', (_kind, locate) => {
  it('applies a few values at once', async () => {
    await using database = await openTestDatabase(await locate())
    const { backlog, applied } = open(database)
    await using _ = backlog
    await backlog.write(flood(3))
    expect(applied).toEqual(flood(3))
    await backlog.settle()
    expect(applied).toHaveLength(3)
  })

  it('puts a flood aside, and applies each of its values once', async () => {
    await using database = await openTestDatabase(await locate())
    const { backlog, applied } = open(database)
    await using _ = backlog
    await backlog.write(flood(1_500))
    expect(applied).toEqual([])
    await backlog.settle()
    expect(sorted(applied)).toEqual(sorted(flood(1_500)))
    await backlog.settle()
    expect(applied).toHaveLength(1_500)
  })

  it('takes bounded steps, though all keys begin alike', async () => {
    await using database = await openTestDatabase(await locate())
    const { backlog, applied, state } = open(database)
    await using _ = backlog
    await backlog.write(flood(5_300, 'client-'))
    await backlog.settle()
    expect(sorted(applied)).toEqual(sorted(flood(5_300, 'client-')))
    expect(state.largest).toBe(2_000)
  })

  it('keeps what could not be applied, and what a node left behind', async () => {
    const location = await locate()
    {
      await using database = await openTestDatabase(location)
      const { backlog, state } = open(database)
      await using _ = backlog
      await backlog.write(flood(600))
      state.fails = true
      await expect(backlog.settle()).rejects.toThrow('it does not work')
    }
    await using database = await openTestDatabase(location)
    const { backlog, applied } = open(database)
    await using _ = backlog
    await backlog.settle()
    expect(sorted(applied)).toEqual(sorted(flood(600)))
  })

  it('is shared by nodes that apply it at the same time', async () => {
    const location = await locate()
    await using first = await openTestDatabase(location)
    await using second = await openTestDatabase(location)
    const nodes = [open(first), open(second)]
    await Promise.all(nodes.map(({ backlog }) => backlog.write(flood(1_000))))
    await Promise.all(nodes.map(({ backlog }) => backlog.settle()))
    const applied = nodes.flatMap((node) => node.applied)
    expect(sorted(applied)).toEqual(sorted([...flood(1_000), ...flood(1_000)]))
    await Promise.all(nodes.map(({ backlog }) => backlog[Symbol.asyncDispose]()))
  })

  it('leaves alone what belongs to another topic', async () => {
    await using database = await openTestDatabase(await locate())
    const one = open(database, 'one')
    const other = open(database, 'other')
    await using _one = one.backlog
    await using _other = other.backlog
    await one.backlog.write(flood(600))
    await other.backlog.settle()
    expect(other.applied).toEqual([])
    await one.backlog.settle()
    expect(one.applied).toHaveLength(600)
  })
})
